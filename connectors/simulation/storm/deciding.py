"""What people decide in a storm: refunds beyond policy, reviews, exchanges, warranty, strays, claims, cases, twins."""

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from connectors.simulation.assortment import PRODUCTS
from connectors.simulation.storm.asking import AGENT
from connectors.simulation.storm.ground import Ground
from connectors.simulation.storm.outside import Act
from connectors.simulation.storm.selling import Sold
from connectors.simulation.trading import ACTOR
from inventory.enums import Disposition
from retailops.cases.models import Case
from retailops.cases.services import approve, resolve_case
from retailops.lib.clock import now
from returns.enums import (
    AssessmentStatus,
    ChargebackStatus,
    ClaimStatus,
    Destination,
    MoneyState,
    RefundStatus,
    Remedy,
    RemedyStatus,
    Resolution,
    ReturnKind,
    ReturnStatus,
    ReviewStatus,
)
from returns.enums import ExchangeStatus as X
from returns.inputs import OrderRef, RefundProposalIn
from returns.inputs.chargebacks import ChargebackIn
from returns.inputs.claims import ClaimCreditIn, ClaimIn, ClaimLineIn
from returns.inputs.exchanges import ConvertTo, ExchangeIn, ExchangeLineIn, ExchangePaymentIn, ShipmentOut
from returns.inputs.marketplaces import ObservedRefundIn
from returns.inputs.refunds import RefundOverrideIn
from returns.inputs.warranty import AcceptanceIn, RejectionIn
from returns.models import (
    Chargeback,
    Customer,
    DispositionSlice,
    Exchange,
    FraudReview,
    Payment,
    Refund,
    Return,
    ReturnLine,
    SupplierClaim,
    WarrantyAssessment,
)
from returns.money_paths import Path, path_of
from returns.services import claim_answers, exchange_shipping, exchanges, refunds, strays, warranty, warranty_remedies
from returns.services.blind import match_return
from returns.services.chargebacks import record_chargeback
from returns.services.claim_closing import close_claim
from returns.services.claim_drafting import draft_claim
from returns.services.claim_sending import request_claim_approval, send_claim
from returns.services.extra_units import accept_over_receipt
from returns.services.merging import merge_customers
from returns.services.observing import observe_refund
from returns.services.overriding import override_refund
from returns.services.reviewing import Word, block_review, clear_review

WHY = "decided in the storm"


def acts(rma: Return, sold: Sold, ground: Ground, *, ships: bool) -> Iterator[Act]:
    """Yield what people do next about a return; with `ships` they also tell what became of goods of exchanges."""
    dice = sold.dice
    yield from _money(rma, dice, ground)
    if rma.status in (ReturnStatus.IN_REVIEW, ReturnStatus.REQUESTED) or rma.money == MoneyState.PENDING:
        yield from _reviews(rma, dice, ground)
    if rma.kind == ReturnKind.BLIND and rma.order_id is None and dice.random() < 0.3:
        yield _matched(rma, sold)
    if rma.kind in (ReturnKind.EXCHANGE, ReturnKind.WARRANTY):
        yield from _exchanged(rma, dice, ships)
    if rma.kind == ReturnKind.WARRANTY:
        yield from _warranty(rma, dice, ground)
    if rma.open_cases and dice.random() < 0.5:
        yield from _cases(rma, dice)
    if dice.random() < 0.03:
        yield from _claims(rma, dice, ground)
    if dice.random() < 0.004:
        yield from _twins(rma)


def _money(rma: Return, dice: Random, ground: Ground) -> Iterator[Act]:
    rows = Refund.objects.filter(rma=rma).select_related("payment").order_by("id")
    for refund in rows if rma.money != MoneyState.NONE else ():
        if refund.status == RefundStatus.PENDING_APPROVAL:
            if dice.random() < 0.15:
                yield _overridden(refund, dice)
            decide = refunds.approve_refund if dice.random() < 0.85 else refunds.deny_refund
            yield partial(decide, actor=ground.approver, refund_id=refund.id, reason=WHY)
        elif refund.status == RefundStatus.SUBMITTING and path_of(refund) == Path.OBSERVED:
            yield from _observed(refund, dice)
        elif refund.status in (RefundStatus.FAILED, RefundStatus.REVERSED, RefundStatus.CANCELED):
            yield _again(refund, dice)
    if rma.order_id and dice.random() < 0.04:
        yield _beyond_policy(rma, dice)
    if rma.order_id and dice.random() < 0.006:
        yield from _disputed(rma.order_id, dice)


def _overridden(refund: Refund, dice: Random) -> Act:
    more = refund.amount + dice.randrange(1, 500)
    wanted = RefundOverrideIn(amount=more, reason_code="goodwill", reason="a good customer", waive_fees=True)
    return partial(override_refund, actor=AGENT, refund_id=refund.id, override=wanted)


def _again(refund: Refund, dice: Random) -> Act:
    """Try once more, sometimes as store credit instead."""
    other = Destination.STORE_CREDIT if dice.random() < 0.2 else None
    return partial(refunds.supersede_refund, actor=AGENT, refund_id=refund.id, reason="once more", destination=other)


def _beyond_policy(rma: Return, dice: Random) -> Act:
    chosen = dice.choice(({"waive_fees": True}, {"amount": dice.randrange(1, 5_000)}, {"refund_shipping": True}))
    proposal = RefundProposalIn.model_validate({"reason": "kindness", "reason_code": "goodwill", **chosen})
    return partial(refunds.propose_refund, actor=AGENT, return_id=rma.id, proposal=proposal)


def _observed(refund: Refund, dice: Random) -> Iterator[Act]:
    """The marketplace tells what it paid: mostly that, sometimes a little else, or twice."""
    rma = refund.rma
    if dice.random() < 0.3:
        return
    amount = max(1, refund.amount - (dice.randrange(100) if dice.random() < 0.1 else 0))
    told = ObservedRefundIn(
        order=OrderRef(order_id=rma.order_id), external_id=f"mr-{refund.id.hex[-12:]}", amount=amount,
        currency=refund.currency, observed_at=now(),
    )  # fmt: skip
    yield partial(observe_refund, actor=ACTOR, observed=told)
    if dice.random() < 0.1:
        yield partial(observe_refund, actor=ACTOR, observed=told)


def _disputed(order_id: UUID, dice: Random) -> Iterator[Act]:
    """A bank takes a payment back, wholly or in part; later it is won, lost, or told once more."""
    payment = Payment.objects.filter(order_id=order_id, gateway="stripe").order_by("id").first()
    if payment is None or not payment.captured:
        return
    known = Chargeback.objects.filter(payment=payment).first()
    status = dice.choice(("won", "lost", "opened")) if known else ChargebackStatus.OPENED.value
    told = ChargebackIn.model_validate({
        "external_id": f"dp-{payment.id.hex[-12:]}", "status": status, "currency": payment.currency, "told_at": now(),
        "amount": known.amount if known else dice.randint(1, payment.captured), "reason": "fraudulent",
    })  # fmt: skip
    yield partial(record_chargeback, actor=ACTOR, payment_id=payment.id, told=told)


def _reviews(rma: Return, dice: Random, ground: Ground) -> Iterator[Act]:
    for review in FraudReview.objects.filter(rma=rma, status=ReviewStatus.PENDING):
        verdict = clear_review if dice.random() < 0.8 else block_review
        yield partial(verdict, actor=ground.approver, review_id=review.id, word=Word(reason=WHY))


def _matched(rma: Return, sold: Sold) -> Act:
    by_sku = {line.sku: line.external_id for line in sold.order.lines}
    lines = {line.line_no: by_sku[line.sku] for line in rma.lines.all() if line.sku in by_sku}
    order = OrderRef(channel=sold.order.channel, external_id=sold.order.external_id)
    return partial(match_return, actor=AGENT, return_id=rma.id, order=order, lines=lines, reason="the name on it")


def _exchanged(rma: Return, dice: Random, ships: bool) -> Iterator[Act]:
    rows = list(Exchange.objects.filter(rma=rma).order_by("id"))
    if not [each for each in rows if each.status not in (X.CONVERTED, X.CANCELED)]:
        yield from _proposed(rma, dice)
    for exchange in rows:
        yield from _next_of(exchange, dice, ships)


def _proposed(rma: Return, dice: Random) -> Iterator[Act]:
    line = ReturnLine.objects.filter(rma=rma, resolution=Resolution.EXCHANGE).select_related("order_line").first()
    if line is None or not line.authorized:
        return
    price = PRODUCTS[dice.randrange(len(PRODUCTS))].price
    wanted = ExchangeLineIn(
        line_no=line.line_no, quantity=dice.randint(1, line.authorized), wanted_sku=dice.choice(PRODUCTS).sku,
        wanted_title="another", unit_price=price,
    )  # fmt: skip
    proposal = ExchangeIn(lines=[wanted], reserve=dice.random() < 0.8)
    yield partial(exchanges.propose_exchange, actor=AGENT, return_id=rma.id, proposal=proposal)


def _next_of(exchange: Exchange, dice: Random, ships: bool) -> Iterator[Act]:
    who: dict[str, Any] = {"actor": AGENT, "exchange_id": exchange.id}
    if exchange.status == X.PROPOSED:
        yield partial(exchanges.reserve_exchange, **who)
    if exchange.status == X.AWAITING_PAYMENT and dice.random() < 0.7:
        balance = exchange.sale - exchange.credit
        payment = ExchangePaymentIn(
            gateway="stripe", external_reference=f"pi_x_{exchange.id.hex}", amount=max(1, balance),
            currency=exchange.currency,
        )  # fmt: skip
        yield partial(exchanges.record_payment, **who, payment=payment)
    if ships and exchange.status == X.RELEASED and dice.random() < 0.7:
        told = ShipmentOut(
            external_reference=f"sh_{exchange.id.hex}", carrier="dhl", tracking=f"X{exchange.id.hex[-9:]}"
        )
        yield partial(exchange_shipping.ship_exchange, **who, shipment=told)
    if ships and exchange.status == X.RELEASED and dice.random() < 0.05:
        yield partial(exchange_shipping.fail_exchange_shipment, **who, failure="out of stock")
    if dice.random() < 0.05:
        to: ConvertTo = dice.choice(("refund", "store_credit"))
        yield partial(exchanges.convert_exchange, **who, to=to, reason=WHY)
    if dice.random() < 0.02:
        yield partial(exchanges.cancel_exchange, **who, reason=WHY)


def _warranty(rma: Return, dice: Random, ground: Ground) -> Iterator[Act]:
    for each in WarrantyAssessment.objects.filter(rma=rma).select_related("rma").order_by("id"):
        who: dict[str, Any] = {"actor": AGENT, "assessment_id": each.id}
        if each.status == AssessmentStatus.PENDING:
            yield _verdict(each, dice, ground)
        elif each.progress == RemedyStatus.IN_REPAIR:
            done = dice.random() < 0.8
            other = dice.choice((Remedy.REPLACE, Remedy.REFUND))
            give_up = partial(warranty_remedies.give_up_repair, **who, remedy=other, reason="beyond repair")
            yield partial(warranty_remedies.complete_repair, **who) if done else give_up
        elif each.progress in (RemedyStatus.REPAIRED, RemedyStatus.TO_SEND_BACK):
            yield partial(warranty_remedies.send_back, **who, tracking=f"WB-{each.id.hex[-9:]}")


def _verdict(each: WarrantyAssessment, dice: Random, ground: Ground) -> Act:
    quantity, place = dice.randint(1, each.quantity), ground.warehouse_of(each.rma.region)
    who: dict[str, Any] = {"actor": AGENT, "assessment_id": each.id}
    if dice.random() < 0.2:
        refused = RejectionIn(location=place, quantity=quantity, reason="dropped into water")
        return partial(warranty.reject_assessment, **who, verdict=refused)
    granted = AcceptanceIn(location=place, quantity=quantity, remedy=dice.choice(list(Remedy)))
    return partial(warranty.accept_assessment, **who, verdict=granted)


def _cases(rma: Return, dice: Random) -> Iterator[Act]:
    for stray in strays.strays_of(rma):
        units: dict[str, Any] = {"actor": AGENT, "return_id": rma.id, "quantity": dice.randint(1, stray.left)}
        if stray.row.line and dice.random() < 0.5:
            yield partial(accept_over_receipt, **units, line_no=stray.row.line.line_no, reason=WHY)
        else:
            take = strays.accept_stray if dice.random() < 0.5 else strays.send_back
            yield partial(take, **units, receipt_line_id=stray.row.pk, reason=WHY)
    open_ones = Case.objects.filter(subject_id=rma.id, status="open").order_by("id").values_list("id", flat=True)
    for case_id in open_ones[:1]:
        if dice.random() < 0.5:
            yield partial(resolve_case, AGENT, case_id, WHY, {"note": "looked at"})


def _claims(rma: Return, dice: Random, ground: Ground) -> Iterator[Act]:
    """Ask the supplier for what was broken, and let it answer."""
    broken = (Disposition.RETURN_TO_VENDOR, Disposition.DAMAGED)
    parts = DispositionSlice.objects.filter(line__rma=rma, disposition__in=broken).order_by("id")
    for slice_id in parts.values_list("id", flat=True)[:1]:
        asked = ClaimIn(reason="broken", lines=[ClaimLineIn(slice_id=slice_id)])
        yield partial(draft_claim, actor=AGENT, claim=asked)
    for claim in SupplierClaim.objects.filter(lines__slice__line__rma=rma).distinct():
        yield from _next_of_claim(claim, dice, ground)


def _next_of_claim(claim: SupplierClaim, dice: Random, ground: Ground) -> Iterator[Act]:
    who: dict[str, Any] = {"actor": AGENT, "claim_id": claim.id}
    if claim.status == ClaimStatus.DRAFT:
        yield partial(send_claim, **who)
        yield partial(request_claim_approval, **who, reason=WHY)
    elif claim.status == ClaimStatus.PENDING_APPROVAL and claim.approval_id:
        yield partial(approve, ground.approver, claim.approval_id, WHY)
    elif claim.status in (ClaimStatus.SENT, ClaimStatus.PENDING_CREDIT):
        credit = ClaimCreditIn(
            reference=f"cn-{claim.id.hex}", amount=dice.randint(1, max(1, claim.claimed)), currency=claim.currency,
            final=True, explanation="as agreed",
        )  # fmt: skip
        yield partial(claim_answers.acknowledge_claim, **who, supplier_reference=f"s-{claim.id.hex}")
        yield partial(claim_answers.credit_claim, **who, credit=credit)
        yield partial(claim_answers.refuse_claim, **who, reason="not ours")
    else:
        yield partial(close_claim, **who, reason=WHY)


def _twins(rma: Return) -> Iterator[Act]:
    """Two customers of one name are one."""
    mine = rma.customer
    if mine is None or mine.merged_into_id or not mine.name.startswith("twin-"):
        return
    other = Customer.objects.filter(name=mine.name, merged_into=None).exclude(pk=mine.pk).order_by("id").first()
    if other is not None:
        yield partial(merge_customers, actor=AGENT, winner_id=mine.id, loser_id=other.id, reason="the same person")
