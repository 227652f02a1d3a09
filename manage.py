#!/usr/bin/env python
"""Run a RetailOps management command; `python manage.py help` lists them."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "retailops.settings")
    from django.core.management import execute_from_command_line

    from retailops.runtime.borrowed import servers_for

    with servers_for(sys.argv):
        execute_from_command_line(sys.argv)
