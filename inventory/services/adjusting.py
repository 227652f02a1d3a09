"""Counted differences: booked at once where they are small, else after a second person's word on exactly that."""

from typing import Any
from uuid import UUID

from django.db import transaction

from inventory.enums import Disposition
from inventory.inputs import AdjustmentIn
from inventory.models import Location, StockAdjustment, StockDrift
from inventory.selectors import unit_values
from inventory.services.moving import MoveIn, book_moves
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval
from retailops.lib.errors import Conflict, Invalid
from retailops.lib.fsm import fire
from retailops.lib.money import Money

APPROVAL_KIND = "stock_adjustment"
SUBJECT = "stock_adjustment"


@transaction.atomic
def adjust_stock(*, actor: Actor, adjustment: AdjustmentIn, drift: StockDrift | None = None) -> StockAdjustment:
    """Book a counted difference, once for each reference; above the location's limit it waits for a second person.

    A unit whose value is not known counts as above the limit. Raises Conflict (a reference of something else, or fewer
    units there than go), Invalid (unknown location), Denied, NotFound.
    """
    place = _place(adjustment.location)
    require(actor, Permission.INVENTORY_WRITE, region=place.region or None, view=Permission.INVENTORY_VIEW)
    row, new = StockAdjustment.objects.get_or_create(
        reference=adjustment.reference, defaults=_fields(actor, adjustment, place, drift)
    )
    if not new:
        return _same(row, adjustment)
    if row.value is not None and abs(row.value) <= place.adjustment_limit:
        _book(actor, row)
    else:
        cases.request_approval(actor, _approval(row))
    return row


def _place(code: str) -> Location:
    place = Location.objects.filter(code=code).first()
    if place is None:
        raise Invalid(f"There is no location {code}.", code="unknown-location")
    return place


def _fields(actor: Actor, told: AdjustmentIn, place: Location, drift: StockDrift | None) -> dict[str, Any]:
    unit = unit_values([told.sku], place.currency).get(told.sku)
    return {
        "sku": told.sku,
        "location": place,
        "disposition": told.disposition,
        "change": told.change,
        "reason": told.reason,
        "serials": list(told.serials),
        "lot_code": told.lot,
        "value": None if unit is None else unit * told.change,
        "currency": place.currency,
        "drift": drift,
        "requested_by": actor.key,
    }


def _same(row: StockAdjustment, told: AdjustmentIn) -> StockAdjustment:
    content = (row.sku, row.location.code, str(row.disposition), row.change)
    if content != (told.sku, told.location, str(told.disposition), told.change):
        raise Conflict(f"{row.reference} has already changed something else.", code="key-reused")
    return row


def _approval(row: StockAdjustment) -> ApprovalIn:
    rule = "above the location's limit" if row.value is not None else "the value of a unit is not known"
    return ApprovalIn(
        kind=APPROVAL_KIND,
        subject=row.as_subject(),
        payload=_payload(row),
        reason=row.reason,
        money=_money(row),
        asked={"rules": [rule], "permitted": row.location.adjustment_limit, **_payload(row)},
    )


def _payload(row: StockAdjustment) -> dict[str, Any]:
    return {
        "sku": row.sku,
        "location": row.location.code,
        "disposition": str(row.disposition),
        "change": row.change,
    }


def _money(row: StockAdjustment) -> Money | None:
    return None if row.value is None else Money(abs(row.value), row.currency)


def take_approval(actor: Actor, adjustment_id: UUID) -> StockAdjustment:
    """Book what a second person has agreed to; call it in the transaction of that word.

    Raises Conflict when fewer units stand there by now: then the word is not given either.
    """
    row = _locked(adjustment_id)
    cases.consume_approval(actor, kind=APPROVAL_KIND, subject_id=row.id, money=_money(row), payload=_payload(row))
    _book(actor, row)
    return row


def take_refusal(adjustment_id: UUID) -> None:
    """End an adjustment that a second person refused, or that nobody decided in time."""
    row = _locked(adjustment_id)
    fire(row.refuse)
    row.save(update_fields=["status", "ended_at"])


def _locked(adjustment_id: UUID) -> StockAdjustment:
    rows = StockAdjustment.objects.select_for_update(of=("self",), no_key=True).select_related("location")
    return rows.get(pk=adjustment_id)


def _book(actor: Actor, row: StockAdjustment) -> None:
    fire(row.book)
    [row.move] = book_moves(actor=actor, moves=[_move(row)])
    row.save(update_fields=["status", "ended_at", "move"])


def _move(row: StockAdjustment) -> MoveIn:
    ends = (str(Disposition.ADJUSTMENT), str(row.disposition))
    source, target = ends if row.change > 0 else ends[::-1]
    subject = row.as_subject()
    return MoveIn(
        effect_key=f"adjustment:{row.id}",
        sku=row.sku,
        quantity=abs(row.change),
        source=source,
        target=target,
        location=row.location.code,
        subject_type=subject.type,
        subject_id=subject.id,
        correlation_id=subject.correlation_id,
        lane=subject.lane,
        region=subject.region,
        reason=row.reason,
        serials=tuple(row.serials),
        lot=row.lot_code,
    )


def approval_of(row: StockAdjustment) -> Approval | None:
    """Return the latest request for a second person's word on the adjustment."""
    return Approval.objects.filter(kind=APPROVAL_KIND, subject_id=row.id).order_by("-requested_at").first()
