"""Money that a till has paid out by itself. It is a fact: recorded whole, reserved as far as payments bear it.

What the payments of the order can bear becomes refunds that are observed and never sent to a gateway; what they cannot
is kept as the excess of the payout, with a case. So captured money is never exceeded, and no payout is lost.
"""

from collections.abc import Sequence
from uuid import UUID

from inventory.models import Location
from retailops.accounts.actor import Actor
from retailops.events.publish import publish
from returns import troubles
from returns.allocation import count
from returns.enums import ComponentKind, Resolution
from returns.events import TillRefundObserved
from returns.inputs.store import TillRefundIn
from returns.models import Refund, Return, ReturnLine, TillRefund
from returns.refund_calculation import Calculation, calculate
from returns.refund_planning import Plan
from returns.refund_terms import Terms, read_terms
from returns.services.closing import end_trouble
from returns.services.proposing import reserve
from returns.services.refund_outcomes import observe_success
from returns.tenders import Tender
from returns.worth import Part

Share = tuple[TillRefund, Tender, int]


def observe_payouts(actor: Actor, rma: Return, store: Location, told: Sequence[TillRefundIn]) -> list[TillRefund]:
    """Record payouts of a till, each once for its reference. The order, its payments and the return are locked.

    Returns those that are new.
    """
    known = set(
        TillRefund.objects.filter(location=store, reference__in=[each.reference for each in told]).values_list(
            "reference", flat=True
        )
    )
    new = TillRefund.objects.bulk_create(
        [
            TillRefund(
                rma=rma,
                location=store,
                reference=each.reference,
                tender=each.tender,
                payment=each.payment,
                amount=each.amount,
                currency=rma.currency,
                paid_at=each.paid_at,
                excess=each.amount,
            )
            for each in told
            if each.reference not in known
        ]
    )
    place_payouts(actor, rma, new)
    return new


def place_payouts(actor: Actor, rma: Return, payouts: Sequence[TillRefund]) -> None:
    """Reserve payouts of the return against its order's payments as far as they bear them; tell, open and end cases.

    Also later, when a blind return is matched with its order: before policy may refund the same units.
    """
    if rma.order_id is not None and payouts:
        _settle_by_themselves(actor, rma, payouts)
    for payout in payouts:
        _tell(actor, rma, payout)
        trouble = f"over_refund:{payout.location.code}:{payout.reference}"
        if payout.excess:
            troubles.over_refund(actor, rma, payout.location.code, payout.reference, payout.amount, payout.excess)
        else:
            end_trouble(actor, rma, trouble, "The payments bear all of it now", {"reserved": payout.reserved})


def unplaced_payouts(rma: Return) -> list[TillRefund]:
    """Return the payouts of the return of which nothing stands against a payment yet."""
    return list(TillRefund.objects.filter(rma=rma, proposal=None).select_related("location").order_by("id"))


def _settle_by_themselves(actor: Actor, rma: Return, payouts: Sequence[TillRefund]) -> None:
    terms = read_terms(rma, by_itself=False)
    shares = _spread(terms, payouts)
    if not shares:
        _leave_to_the_case(terms.lines, {line.id for line in terms.lines if count(terms.payable(line))})
        return
    refunds = reserve(actor, terms, _plan(terms, payouts, shares), {})
    numbers: dict[UUID, int] = {}
    for refund, (payout, _, amount) in zip(refunds, shares, strict=True):
        numbers[payout.id] = numbers.get(payout.id, 0) + 1
        payout.reserved += amount
        payout.excess -= amount
        payout.proposal = refund.proposal
        _observe(actor, refund, payout, numbers[payout.id])
    TillRefund.objects.bulk_update(payouts, ["reserved", "excess", "proposal"])


def _spread(terms: Terms, payouts: Sequence[TillRefund]) -> list[Share]:
    """Return how much of each payout stands against which payment: the one that it names first, then in their order."""
    left = {tender.payment_id: tender.remaining for tender in terms.tenders}
    shares: list[Share] = []
    for payout in payouts:
        wanted = payout.amount - payout.reserved
        for tender in sorted(terms.tenders, key=lambda each: not _names(terms, payout, each)):
            part = min(wanted, left[tender.payment_id])
            if part:
                shares.append((payout, tender, part))
                left[tender.payment_id] -= part
                wanted -= part
    return shares


def _names(terms: Terms, payout: TillRefund, tender: Tender) -> bool:
    payment = terms.payments[tender.payment_id]
    return payment.external_id == payout.payment if payout.payment else payment.tender == payout.tender


def _plan(terms: Terms, payouts: Sequence[TillRefund], shares: Sequence[Share]) -> Plan:
    """Return the plan of what was paid: all units that earned a refund are paid for by it, whatever it amounts to."""
    units = {line.id: units for line in terms.lines if count(units := terms.payable(line))}
    by_policy = calculate(terms, units)
    paid = sum(amount for *_, amount in shares)
    parts = list(by_policy.parts)
    if paid != by_policy.total:
        parts.append(Part(ComponentKind.MANUAL, paid - by_policy.total, code="paid_at_till"))
    references = ", ".join(payout.reference for payout in payouts)
    return Plan(
        calculation=Calculation(by_policy.units, parts),
        spread=[(tender, amount) for _, tender, amount in shares],
        permitted=by_policy.total,
        reason=f"paid out at the till: {references}"[:200],
    )


def _observe(actor: Actor, refund: Refund, payout: TillRefund, number: int) -> None:
    reference = payout.reference if number == 1 else f"{payout.reference}/{number}"
    evidence = {"store": payout.location.code, "tender": payout.tender, "paid_at": payout.paid_at.isoformat()}
    refund.settled_at = payout.paid_at
    observe_success(actor, refund, f"{payout.location.code}:{reference}", evidence)


def _leave_to_the_case(lines: Sequence[ReturnLine], earned: set[UUID]) -> None:
    """Where no payment bears anything of a payout, its units are not owed by policy as well: the case decides."""
    paid_out = [line for line in lines if line.id in earned]
    for line in paid_out:
        line.resolution, line.instead = Resolution.NONE, {}
    ReturnLine.objects.bulk_update(paid_out, ["resolution", "instead"])


def _tell(actor: Actor, rma: Return, payout: TillRefund) -> None:
    fact = TillRefundObserved(
        return_id=str(rma.id),
        number=rma.number,
        store=payout.location.code,
        reference=payout.reference,
        tender=payout.tender,
        amount=payout.amount,
        reserved=payout.reserved,
        excess=payout.excess,
        currency=payout.currency,
    )
    publish(fact, subject=rma.as_subject(), actor=actor, occurred_at=payout.paid_at)
