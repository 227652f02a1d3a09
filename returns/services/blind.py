"""Parcels that no order explains: a receipt, an owner and a case; matched with an order later, or never."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction

from inventory.selectors import location_of
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Invalid, Unprocessable
from retailops.lib.fsm import fire
from retailops.lib.ids import uuid7
from returns import troubles
from returns.allocation import Ranges, count, first, subtract
from returns.enums import Resolution, ReturnKind, ReturnStatus
from returns.events import ReturnRequested
from returns.facts import return_fact
from returns.inputs import BlindReceiptIn, OrderRef, ReturnLineIn
from returns.line_policies import keep_verdict
from returns.models import Payment, Receipt, Return, ReturnLine
from returns.policy import Scope, choose
from returns.return_lines import lines_of
from returns.services.arriving import unannounced
from returns.services.closing import end_trouble, finish
from returns.services.decisions import save_lines
from returns.services.eligibility import LineVerdict, judge
from returns.services.locking import lock_return
from returns.services.order_reading import LineFacts, OrderFacts, Snapshot, read_order, read_units
from returns.services.receiving import record_arrival
from returns.services.refunds import refund_by_policy
from returns.services.till_payouts import place_payouts, unplaced_payouts


@transaction.atomic
def receive_blind(*, actor: Actor, receipt: BlindReceiptIn) -> Return:
    """Record a parcel without an order, once for each scan id: the goods are here, so the return is authorized at once.

    Its units have no paid value until it is matched with an order. No `return.authorized` is published: nobody need
    expect what has arrived. Raises Denied, Invalid (unknown location).
    """
    require(actor, Permission.RETURNS_RECEIVE, region=receipt.region, brand=receipt.brand)
    known = Receipt.objects.filter(scan_id=receipt.scan_id).select_related("rma").first()
    if known is not None:
        return known.rma
    location = location_of(receipt.location)
    rma = _open(actor, receipt)
    lines = ReturnLine.objects.bulk_create(_lines(rma, receipt))
    told = return_fact(ReturnRequested, rma, lines)
    publish(told, subject=rma.as_subject(), actor=actor, words=receipt.reason, occurred_at=receipt.received_at)
    arrivals = unannounced(lines, receipt.lines)
    troubles.blind_return(actor, rma, [line.sku for line in lines])
    record_arrival(actor, rma, receipt, location, arrivals, former=ReturnStatus.AUTHORIZED)
    return rma


def _open(actor: Actor, receipt: BlindReceiptIn) -> Return:
    rma = Return(
        kind=ReturnKind.BLIND,
        channel=receipt.channel,
        region=receipt.region,
        brand=receipt.brand,
        store=receipt.store,
        legal_entity=receipt.legal_entity,
        currency=receipt.currency,
        correlation_id=uuid7(),
        source=receipt.source,
        external_id=receipt.external_id,
        decision_reason=receipt.reason,
        memo_required=False,
        requested_by=actor.key,
        requested_at=receipt.received_at,
    )
    fire(rma.request)
    fire(rma.authorize)
    rma.save(force_insert=True)
    return rma


def _lines(rma: Return, receipt: BlindReceiptIn) -> list[ReturnLine]:
    return [
        ReturnLine(
            rma=rma,
            line_no=number,
            sku=each.sku,
            requested=each.quantity,
            authorized=each.quantity,
            resolution=Resolution.NONE,
        )
        for number, each in enumerate(receipt.lines, start=1)
    ]


@transaction.atomic
def match_return(*, actor: Actor, return_id: UUID, order: OrderRef, lines: Mapping[int, str], reason: str) -> Return:
    """Match a blind return with an order: `lines` maps its line numbers to the order lines' external ids.

    Units of the order are taken under its lock, the order's policy applies from now on, and the case ends. Raises
    Conflict unless it is an unmatched blind return, Unprocessable when the order has too few units left or another
    currency, Invalid (no such line, no reason), Denied, NotFound.
    """
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    facts = read_order(order, lock=True)
    require(actor, Permission.RETURNS_DECIDE, region=facts.region, brand=facts.brand, view=Permission.ORDERS_VIEW)
    # The order's payments are locked here and not by the return, which does not know its order yet.
    rma = _unmatched(actor, return_id, facts)
    snapshot = read_units(facts)
    policy = choose(
        snapshot.policies,
        Scope(facts.channel, facts.region, facts.brand, facts.customer_group),
        rma.requested_at,
        str(facts.id),
    )
    by_id = {line.external_id: line for line in snapshot.lines}
    mine = [line for line in lines_of(rma) if line.line_no in lines]
    left = {line.external_id: line.free() for line in snapshot.lines}
    for line in mine:
        _take(line, by_id.get(lines[line.line_no]), left)
    save_lines(mine, "order_line", "units", "resolution", "title")
    rma.order, rma.customer_id, rma.policy_id = facts.as_row(), facts.customer_id, policy.id
    rma.channel, rma.legal_entity = facts.channel, facts.legal_entity
    at = rma.requested_at.isoformat()
    rma.policy_facts = {"at": at, "policy": policy.label, "matched": facts.number, "lines": []}
    for line, verdict in zip(mine, _verdicts(rma, snapshot, mine, lines), strict=True):
        keep_verdict(rma, line.line_no, verdict.facts())
    rma.memo_required = policy.rules.erp_memo_required
    rma.decision_reason = reason
    rma.save()
    place_payouts(actor, rma, unplaced_payouts(rma))
    refund_by_policy(rma)
    evidence = {"order": facts.number, "reason": reason}
    end_trouble(actor, rma, f"blind_return:{rma.id}", "Matched with an order", evidence)
    return finish(actor, rma)


def _verdicts(
    rma: Return, snapshot: Snapshot, mine: Sequence[ReturnLine], names: Mapping[int, str]
) -> list[LineVerdict]:
    """Return what policy says of the matched lines: each bears its own category's rules."""
    asked = [ReturnLineIn(external_id=names[line.line_no], quantity=line.requested) for line in mine]
    return judge(snapshot, asked, rma.requested_at, ReturnKind(rma.kind)).lines


def _unmatched(actor: Actor, return_id: UUID, order: OrderFacts) -> Return:
    rows = Payment.objects.select_for_update(no_key=True).filter(order_id=order.id).order_by("id")
    list(rows.values_list("pk"))
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE)
    if rma.kind != ReturnKind.BLIND or rma.order_id is not None:
        raise Conflict("Only a blind return without an order can be matched.", code="matched")
    if rma.currency != order.currency:
        raise Unprocessable("The order was paid in another currency.", code="other-currency")
    return rma


def _take(line: ReturnLine, order_line: LineFacts | None, left: dict[str, Ranges]) -> None:
    if order_line is None:
        raise Invalid(f"The order has no such line for line {line.line_no}.", code="unknown-line")
    free = left[order_line.external_id]
    if count(free) < line.requested:
        raise Unprocessable(f"Only {count(free)} units of {order_line.sku} can still be returned.", code="not-eligible")
    line.order_line = order_line.as_row()
    line.units = first(free, line.requested)
    left[order_line.external_id] = subtract(free, line.units)
    line.resolution, line.title = Resolution.REFUND, order_line.title
