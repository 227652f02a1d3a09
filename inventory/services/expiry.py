"""Lots past their date: one case a location while they stand on its shelf; and dates that were told wrongly.

What has expired is promised to nobody from the first minute of the day after (`inventory.promising`): the case is about
moving it.
"""

from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from inventory.enums import Disposition
from inventory.events import LotDated
from inventory.models import Location, Lot, StockBalance
from inventory.promising import expired_lots, with_free
from inventory.traces import expired_sellable, lots_visible_to
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseQueue, CaseStatus
from retailops.cases.services import open_case, resolve_troubles
from retailops.events.catalog import Subject
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Invalid, hidden

KIND = "lot_expired"
LOTS_TOLD = 20
SWEEP = Actor.system("sweep")


@transaction.atomic
def date_lot(*, actor: Actor, lot_id: UUID, expires_on: date | None, reason: str) -> Lot:
    """Set the day on which a lot expires (its last good one), or that it has none; the same day changes nothing.

    Publishes `inventory.lot_dated`. A lot is of every region. Raises Invalid without a reason, Denied, NotFound.
    """
    require(actor, Permission.INVENTORY_MANAGE)
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    if not lots_visible_to(actor).filter(pk=lot_id).exists():
        raise hidden()
    lot = Lot.objects.select_for_update(no_key=True).get(pk=lot_id)
    if lot.expires_on == expires_on:
        return lot
    former, lot.expires_on = lot.expires_on, expires_on
    lot.save(update_fields=["expires_on"])
    fact = LotDated(str(lot.id), lot.sku, lot.code, _day(expires_on), _day(former))
    publish(fact, subject=Subject("lot", lot.id, lot.id, str(lot.id)), actor=actor, words=reason)
    watch_expiry()
    return lot


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def watch_expiry() -> int:
    """Open, keep and end the cases of expired goods that stand on the shelf; return how many have one. A sweep."""
    expired = expired_sellable()
    open_keys = set(Case.objects.filter(kind=KIND, status=CaseStatus.OPEN).values_list("dedupe_key", flat=True))
    for place in Location.objects.order_by("code"):
        _keep(place, expired.get(place.id, 0), _key(place) in open_keys)
    return len(expired)


@transaction.atomic
def _keep(place: Location, units: int, is_open: bool) -> None:
    if not units and is_open:
        evidence = {"location": place.code, "looked_at": now().isoformat()}
        resolve_troubles(SWEEP, _key(place), "No expired goods stand on the shelf there any more", evidence)
    elif units and not is_open:  # an open case needs no second opening at each look
        open_case(SWEEP, _case(place, units))


def _key(place: Location) -> str:
    return f"{KIND}:{place.code}"


def _case(place: Location, units: int) -> CaseIn:
    return CaseIn(
        kind=KIND,
        queue=CaseQueue.BUSINESS,
        title=f"{units} units of expired lots stand on the shelf at {place.name}",
        dedupe_key=_key(place),
        subject=Subject("location", place.id, place.id, str(place.id), place.region),
        detail=_detail(place),
        next_action="Take them off the shelf: move the lots to quarantine or scrap, or mend their date",
        group_title="Expired goods stand on the shelf",
        evidence={"location": place.code, "units": units, "lots": _lots(place)},
    )


def _detail(place: Location) -> str:
    told = "Their last good day has passed, and they stand as sellable. They are promised to nobody any more."
    short = sum(row.short for row in _promised_though_expired(place))
    return told if not short else f"{told} {short} units that are held for somebody cannot be given from what is left."


def _promised_though_expired(place: Location) -> QuerySet[Any]:
    rows = with_free(StockBalance.objects.filter(location=place, disposition=Disposition.SELLABLE, reserved__gt=0))
    short: QuerySet[Any] = rows.annotate(short=F("reserved") + F("expired") - F("quantity"))
    return short.filter(short__gt=0, expired__gt=0)


def _lots(place: Location) -> list[dict[str, Any]]:
    rows = expired_lots().filter(location=place).select_related("lot").order_by("lot__expires_on", "id")
    return [
        {"sku": row.lot.sku, "lot": row.lot.code, "expired": _day(row.lot.expires_on), "units": row.quantity}
        for row in rows[:LOTS_TOLD]
    ]
