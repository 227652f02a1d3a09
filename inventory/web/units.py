"""Pages of units that are told apart: lots by expiry, one lot, serial numbers, one unit with its history."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from inventory.enums import ENDS, Disposition
from inventory.promising import today
from inventory.selectors import locations_visible_to
from inventory.services import date_lot
from inventory.traces import (
    EXPIRIES,
    SOON,
    after,
    expiring,
    lot_balances,
    lot_visible_to,
    serial_visible_to,
    serials_visible_to,
    steps_of_lot,
    steps_of_serial,
)
from inventory.web.forms import LotDateForm
from inventory.web.overview import titles
from inventory.web.views import actor_of, rights
from retailops.accounts.actor import require
from retailops.accounts.permissions import Permission
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page

PAGE, HISTORY_SHOWN = 50, 200


@login_required
@require_GET
def lot_list(request: HttpRequest) -> HttpResponse:
    """Show what stands of each lot, what expires first before the rest."""
    actor, given = actor_of(request), request.GET
    rows = lot_balances(actor)
    for name, column in (("location", "location__code"), ("disposition", "disposition"), ("sku", "lot__sku")):
        if value := given.get(name, "").strip():
            rows = rows.filter(**{column: value})
    if code := given.get("lot", "").strip():
        rows = rows.filter(lot__code__icontains=code)
    chosen = expiring(rows, given.get("expiry", ""))
    found = list(after(chosen, given.get("after", ""))[: PAGE + 1])
    shown = found[:PAGE]
    context = {
        "rows": shown,
        "older": str(shown[-1].pk) if len(found) > PAGE else "",
        "total": capped_count(chosen),
        "units": chosen.order_by().aggregate(units=Sum("quantity"))["units"] or 0,
        "titles": titles(row.lot.sku for row in shown),
        "tabs": [("", "All"), *EXPIRIES.items()],
        "expired": capped_count(expiring(rows, "expired")),
        "today": today(),
        "soon": today() + SOON,
        **_offered(request),
        **rights(actor),
    }
    return show(request, "stock/lots.html", context, fragments={"lots": "stock/_lots.html"})


def _offered(request: HttpRequest) -> dict[str, object]:
    return {
        "places": locations_visible_to(actor_of(request)).order_by("code"),
        "dispositions": [each for each in Disposition if each not in ENDS],
        "given": request.GET,
    }


@login_required
@require_GET
def lot_page(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """Show one lot: where it stands, and its moves."""
    actor = actor_of(request)
    lot = lot_visible_to(actor, lot_id)
    standing = list(lot_balances(actor).filter(lot=lot).order_by("location__code", "disposition"))
    steps = list(steps_of_lot(actor, lot)[: HISTORY_SHOWN + 1])
    context = {
        "lot": lot,
        "rows": standing,
        "units": sum(row.quantity for row in standing),
        "steps": steps[:HISTORY_SHOWN],
        "more": len(steps) > HISTORY_SHOWN,
        "expired": lot.expires_on is not None and lot.expires_on < today(),
        "title": titles([lot.sku]).get(lot.sku, ""),
        **rights(actor),
    }
    return show(request, "stock/lot.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def lot_date(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """Ask for the lot's last good day, or set it."""
    actor = actor_of(request)
    lot = lot_visible_to(actor, lot_id)
    require(actor, Permission.INVENTORY_MANAGE)
    form, back = LotDateForm(request.POST or None, initial={"expires_on": lot.expires_on}), _page_of(lot_id)

    def run() -> None:
        given = form.cleaned_data
        date_lot(actor=actor, lot_id=lot.id, expires_on=given["expires_on"], reason=given["reason"])

    if request.method == "POST" and form.is_valid() and accepted(form, run):
        return done(request, back, f"The date of lot {lot.code} is set.")
    context = {"form": form, "lot": lot, "title": "Set date", "back": back}
    return show(request, "stock/lot_date.html", context, status=422 if form.errors else 200)


def _page_of(lot_id: UUID) -> str:
    return reverse("stock:lot", args=[lot_id])


@login_required
@require_GET
def serial_list(request: HttpRequest) -> HttpResponse:
    """Show where units with numbers stand; one number is found over all skus."""
    actor, given = actor_of(request), request.GET
    rows = serials_visible_to(actor)
    if serial := given.get("serial", "").strip():
        rows = rows.filter(serial=serial)
    for name, column in (("sku", "sku"), ("location", "location__code"), ("disposition", "disposition")):
        if value := given.get(name, "").strip():
            rows = rows.filter(**{column: value})
    context = {
        "page": keyset_page(rows, after=given.get("after", ""), before=given.get("before", "")),
        "total": capped_count(rows),
        **_offered(request),
    }
    return show(request, "stock/serials.html", context, fragments={"serials": "stock/_serials.html"})


@login_required
@require_GET
def serial_page(request: HttpRequest, unit_id: UUID) -> HttpResponse:
    """Show one unit: where it stands, and every move that it took part in."""
    actor = actor_of(request)
    unit = serial_visible_to(actor, unit_id)
    context = {
        "unit": unit,
        "steps": steps_of_serial(actor, unit)[:HISTORY_SHOWN],
        "title": titles([unit.sku]).get(unit.sku, ""),
        **rights(actor),
    }
    return show(request, "stock/serial.html", context)
