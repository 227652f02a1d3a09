"""Parcels on the way back: labels, carriers' scans, goods handed over at drop-off points."""

from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, NotFound, Unprocessable
from returns.enums import ReturnStatus
from returns.events import ParcelLabeled, ParcelScanned
from returns.inputs.parcels import DropOffIn, LabelIn, ScanIn
from returns.kinds import traits_of
from returns.models import DropOffCode, Parcel, Return
from returns.services.closing import finish
from returns.services.locking import lock_return
from returns.services.scans import keep_scan
from returns.services.transit import set_out

ALIVE = (ReturnStatus.DRAFT, ReturnStatus.REQUESTED, ReturnStatus.IN_REVIEW, ReturnStatus.AUTHORIZED)


@transaction.atomic
def record_label(*, actor: Actor, return_id: UUID, label: LabelIn) -> Parcel:
    """Record the label of one parcel of the return, once for each tracking number; a repeat may add what was missing.

    Raises Conflict for a return that has ended, Unprocessable for a kind that travels without label, Denied, NotFound.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_REQUEST)
    if rma.status not in ALIVE:
        raise Conflict(f"The return is {rma.get_status_display().lower()}: it needs no label.", code="ended")
    if not traits_of(rma.kind).label:
        raise Unprocessable(f"{rma.get_kind_display()}: goods come without a label of ours.", code="no-label")
    parcel, made = Parcel.objects.get_or_create(rma=rma, tracking=label.tracking)
    if not _learn(parcel, label) and not made:
        return parcel
    parcel.save()
    rma.tracking = rma.tracking or label.tracking
    fact = ParcelLabeled(str(rma.id), rma.number, parcel.tracking, parcel.carrier, rma.currency, cost=parcel.label_cost)
    publish(fact, subject=rma.as_subject(), actor=actor)
    finish(actor, rma)
    return parcel


def _learn(parcel: Parcel, label: LabelIn) -> bool:
    before = (parcel.carrier, parcel.label_cost, parcel.label_url)
    parcel.carrier = label.carrier or parcel.carrier
    parcel.label_cost = parcel.label_cost if label.cost is None else label.cost
    parcel.label_url = str(label.url) if label.url else parcel.label_url
    return before != (parcel.carrier, parcel.label_cost, parcel.label_url)


@transaction.atomic
def scan_parcel(*, actor: Actor, return_id: UUID, scan: ScanIn) -> Return:
    """Record what a carrier said of a parcel, once; the first scan sets the return in transit, where it is authorized.

    A scan of a return that has ended is kept as well: something of it is on the way. Raises Denied, NotFound,
    Unprocessable where the parcel is not named and there are several.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_RECEIVE, with_payments=True)
    return _scanned(actor, rma, scan)


@transaction.atomic
def take_drop_off(*, actor: Actor, drop_off: DropOffIn) -> Return:
    """Record that the customer handed the goods over: the code is used up, the return is in transit.

    A repeat changes nothing. Raises NotFound (unknown code), Conflict when another partner took the goods, Denied.
    """
    code = DropOffCode.objects.filter(token=drop_off.code).first()
    if code is None:
        raise NotFound("No return has this code.")
    rma = lock_return(actor, code.rma_id, Permission.RETURNS_RECEIVE, with_payments=True)
    code.refresh_from_db()
    if code.used_at is not None and code.partner != drop_off.partner:
        raise Conflict(f"The goods were handed over at {code.partner} already.", code="code-used")
    if code.used_at is None:
        code.used_at, code.partner = drop_off.scanned_at, drop_off.partner
        code.save(update_fields=["used_at", "partner"])
    scan = ScanIn(
        tracking=drop_off.tracking or f"drop-off {code.token}"[:80],
        what=f"handed over at {drop_off.partner}"[:80],
        place=drop_off.place,
        scanned_at=code.used_at,
    )
    return _scanned(actor, rma, scan)


def _scanned(actor: Actor, rma: Return, scan: ScanIn) -> Return:
    tracking = scan.tracking or _only_parcel(rma)
    parcel, new = keep_scan(actor, rma, tracking=tracking, what=scan.what, place=scan.place, scanned_at=scan.scanned_at)
    if new:
        fact = ParcelScanned(
            str(rma.id), rma.number, parcel.tracking, parcel.carrier, rma.currency, scan.what, scan.place
        )
        publish(fact, subject=rma.as_subject(), actor=actor, occurred_at=scan.scanned_at)
    if rma.status == ReturnStatus.AUTHORIZED:
        return set_out(actor, rma, tracking, scan.scanned_at)
    return finish(actor, rma)


def _only_parcel(rma: Return) -> str:
    known = list(rma.parcels.values_list("tracking", flat=True)) or [rma.tracking]
    if len(known) != 1 or not known[0]:
        raise Unprocessable("Name the parcel by its tracking number.", code="which-parcel")
    return str(known[0])
