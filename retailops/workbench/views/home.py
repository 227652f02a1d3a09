"""Today: the first page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from retailops.accounts.web import actor_of
from retailops.lib.htmx import show
from retailops.workbench.today import today


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show what needs this person now."""
    return show(request, "workbench/home.html", {"today": today(actor_of(request))})


@login_required
@require_GET
def screens(request: HttpRequest) -> HttpResponse:
    """Show all screens of this person: on a phone, those that do not stand in the bar."""
    return show(request, "workbench/screens.html", {})
