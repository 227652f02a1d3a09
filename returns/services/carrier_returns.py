"""Parcels that were never delivered and come back: opened by the carrier or the warehouse, asked for by nobody."""

from collections.abc import Sequence

from django.db import transaction

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import NotFound, Unprocessable
from retailops.lib.fsm import fire
from returns.enums import ReturnKind
from returns.events import ReturnAuthorized, ReturnFact, ReturnRequested
from returns.facts import return_fact
from returns.inputs import OrderRef, ReturnIn, ReturnLineIn
from returns.inputs.parcels import ReturnToSenderIn
from returns.models import Order, Payment, Return, Shipment
from returns.services.authorizing import grant
from returns.services.building import new_lines, new_return, worth_of, write_return
from returns.services.eligibility import Eligibility, judge
from returns.services.order_reading import OrderFacts, Snapshot, read_order, read_units
from returns.services.scans import keep_scan
from returns.services.transit import set_out


@transaction.atomic
def return_to_sender(*, actor: Actor, notice: ReturnToSenderIn) -> Return:
    """Open a return for a parcel that comes back undelivered, authorized and in transit, once for each notice.

    Policy's window does not matter: the customer never had the goods. Raises NotFound (no order was sent under this
    number), Unprocessable (nothing of it is left, or it must be said what is in the parcel), Denied.
    """
    order = read_order(OrderRef(order_id=_order_of(actor, notice).id), lock=True)
    require(actor, Permission.RETURNS_RECEIVE, region=order.region, brand=order.brand, view=Permission.ORDERS_VIEW)
    list(Payment.objects.select_for_update(no_key=True).filter(order_id=order.id).order_by("id").values_list("pk"))
    snapshot = read_units(order, source=notice.source, known_as=notice.known_as)
    if snapshot.known:
        return Return.objects.get(pk=snapshot.known)
    verdict = judge(snapshot, _contents(snapshot, notice), notice.told_at)
    _refuse_units(verdict)
    rma = _open(actor, order, notice, verdict)
    keep_scan(actor, rma, tracking=notice.tracking, what=notice.reason[:80], scanned_at=notice.told_at)
    return set_out(actor, rma, notice.tracking, notice.told_at)


def _order_of(actor: Actor, notice: ReturnToSenderIn) -> Order:
    rows = Shipment.objects.filter(tracking=notice.tracking).select_related("order").order_by("-shipped_at")
    if notice.carrier:
        rows = rows.filter(carrier__in=["", notice.carrier])
    for shipment in rows:
        if can(actor, Permission.ORDERS_VIEW, region=shipment.order.region, brand=shipment.order.brand):
            return shipment.order
    raise NotFound(f"Nothing was sent under {notice.tracking}, or it is not yours to see.")


def _contents(snapshot: Snapshot, notice: ReturnToSenderIn) -> Sequence[ReturnLineIn]:
    """Return what is in the parcel: what the notice says, or all that is left of an order that went in one parcel."""
    if notice.lines:
        return notice.lines
    if Shipment.objects.filter(order_id=snapshot.order.id).count() > 1:
        raise Unprocessable("The order went in several parcels: say what is in this one.", code="which-parcel")
    return [
        ReturnLineIn(line_no=line.line_no, quantity=line.returnable()) for line in snapshot.lines if line.returnable()
    ]


def _refuse_units(verdict: Eligibility) -> None:
    hard = [reason.detail for line in verdict.lines for reason in line.reasons if reason.hard]
    if hard or not verdict.lines:
        raise Unprocessable(" ".join(hard) or "Nothing of this order is left to come back.", code="not-eligible")


def _open(actor: Actor, order: OrderFacts, notice: ReturnToSenderIn, verdict: Eligibility) -> Return:
    request = ReturnIn.model_construct(
        order=OrderRef(order_id=order.id), lines=[],
        kind=ReturnKind.RETURN_TO_SENDER, source=notice.source, external_id=notice.known_as, reason=notice.reason,
        tracking=notice.tracking, requested_at=notice.told_at, override_reason="never delivered",
    )  # fmt: skip
    rma = new_return(actor, request, verdict)
    rma.decision_reason = notice.reason
    lines = new_lines(rma, verdict)
    fire(rma.request)
    rules = verdict.policy.rules
    grant(rma, lines, rules, worth_of(verdict))

    def told() -> list[ReturnFact]:
        place = rules.default_location
        asked = return_fact(ReturnRequested, rma, lines)
        return [asked, return_fact(ReturnAuthorized, rma, lines, location=place)]

    write_return(actor, rma, lines, told, reason=notice.reason, policy=verdict.policy.label)
    return rma
