"""The WSGI application that granian serves."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from retailops.lib.memory import settle_in

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retailops.settings")

application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)  # every view is loaded before the first request, not by it
settle_in()
