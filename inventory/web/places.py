"""Pages of locations: all of them, a new one, one to change."""

from django.contrib.auth.decorators import login_required
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from inventory.enums import ENDS
from inventory.inputs import LocationIn, read
from inventory.selectors import locations_visible_to
from inventory.services import add_location, change_location
from inventory.web.forms import LocationForm
from inventory.web.views import actor_of, rights
from retailops.accounts.actor import require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import hidden
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show


@login_required
@require_GET
def location_list(request: HttpRequest) -> HttpResponse:
    """Show the locations with what stands there."""
    actor = actor_of(request)
    units = Sum("balances__quantity", filter=~Q(balances__disposition__in=ENDS))
    rows = locations_visible_to(actor).annotate(units=units).order_by("code")
    return show(request, "stock/locations.html", {"rows": rows, **rights(actor)})


@login_required
@require_http_methods(["GET", "POST"])
def location_add(request: HttpRequest) -> HttpResponse:
    """Ask for a new location, or add it."""
    actor, back = actor_of(request), reverse("stock:locations")
    require(actor, Permission.INVENTORY_MANAGE)
    form = LocationForm(request.POST or None)
    valid = request.method == "POST" and form.is_valid()
    if valid and accepted(form, lambda: add_location(actor=actor, location=read(LocationIn, form.cleaned_data))):
        return done(request, back, f"Location {form.cleaned_data['code']} added.")
    context = {"form": form, "title": "Add location", "back": back, "address": request.path}
    return show(request, "stock/location.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def location_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Show what is known of a location, or change it."""
    actor, back = actor_of(request), reverse("stock:locations")
    place = locations_visible_to(actor).filter(code=code).first()
    if place is None:
        raise hidden()
    require(actor, Permission.INVENTORY_MANAGE, region=place.region)
    form = LocationForm.of(place, request.POST or None)
    valid = request.method == "POST" and form.is_valid()
    if valid and accepted(form, lambda: change_location(actor=actor, location=read(LocationIn, form.cleaned_data))):
        return done(request, back, f"Location {code} changed.")
    context = {"form": form, "title": f"Location {code}", "back": back, "address": request.path}
    return show(request, "stock/location.html", context, status=422 if form.errors else 200)
