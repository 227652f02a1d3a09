"""Build the facts that events tell, from rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from retailops.events.prepared import load
from returns import vocabulary
from returns.events import (
    CreditMemoFact,
    DispositionFact,
    ExchangeFact,
    ExchangeLineFact,
    LineFact,
    OrderCaptured,
    RefundFact,
    RefundLineFact,
    RefundSucceeded,
    ReturnFact,
    ReturnLineFact,
)
from returns.models import (
    CreditMemo,
    DispositionSlice,
    Exchange,
    ExchangeComponent,
    ExchangeLine,
    Order,
    Refund,
    RefundLine,
    Return,
    ReturnLine,
)

AReturnFact = TypeVar("AReturnFact", bound=ReturnFact)
ALineFact = TypeVar("ALineFact", bound=ReturnLineFact)
ARefundFact = TypeVar("ARefundFact", bound=RefundFact)
AMemoFact = TypeVar("AMemoFact", bound=CreditMemoFact)
AnExchangeFact = TypeVar("AnExchangeFact", bound=ExchangeFact)
ADispositionFact = TypeVar("ADispositionFact", bound=DispositionFact)


def order_fact(order: Order, lines: int, *, superseded: bool) -> OrderCaptured:
    """Return what is told of a captured order."""
    return OrderCaptured(
        order_id=str(order.id),
        channel=order.channel,
        external_id=order.external_id,
        number=order.number,
        version=order.version,
        currency=order.currency,
        lines=lines,
        superseded=superseded,
        placed_at=order.placed_at.isoformat(),
    )


def return_fact(
    kind: type[AReturnFact],
    rma: Return,
    lines: Iterable[ReturnLine],
    *,
    arriving: Mapping[int, int] | None = None,
    **more: str,
) -> AReturnFact:
    """Return a fact of the return; its lines must have their order lines loaded.

    `arriving` is how many units of each line (by number) have just come and are not counted yet.
    """
    load(rma, "order")
    order, coming = rma.order, arriving or {}
    return kind(
        return_id=str(rma.id),
        number=rma.number,
        kind=str(rma.kind),
        channel=rma.channel,
        currency=rma.currency,
        order_id=str(order.id) if order else "",
        order_external_id=order.external_id if order else "",
        order_number=order.number if order else "",
        source=rma.source,
        external_id=rma.external_id,
        lines=[_line(line, coming.get(line.line_no, 0)) for line in lines],
        **more,
    )


def _line(line: ReturnLine, arriving: int) -> LineFact:
    quantity = (line.authorized or line.requested) - line.canceled
    arrived = line.received + arriving
    return LineFact(line.line_no, line.sku, quantity, _order_line_id(line), kept=line.kept, arrived=arrived)


def _order_line_id(line: ReturnLine) -> str:
    return line.order_line.external_id if line.order_line else ""


def line_fact(fact: type[ALineFact], rma: Return, line: ReturnLine, quantity: int, **more: Any) -> ALineFact:
    """Return a fact of one line of the return."""
    return fact(str(rma.id), rma.number, line.line_no, line.sku, quantity, **more)


def refund_fact(kind: type[ARefundFact], refund: Refund) -> ARefundFact:
    """Return a fact of the refund; return, order and payment must be loaded."""
    return kind(**_refund(refund))


def refund_succeeded_fact(refund: Refund, lines: Iterable[RefundLine], shipping: int) -> RefundSucceeded:
    """Return the fact that a refund was paid, with the units that it pays for."""
    return RefundSucceeded(**_refund(refund), lines=_refund_lines(lines), shipping=shipping)


def _refund(refund: Refund) -> dict[str, Any]:
    rma, payment = refund.rma, refund.payment
    load(rma, "order")
    return {
        "refund_id": str(refund.id),
        "return_id": str(rma.id),
        "number": rma.number,
        "payment_id": str(payment.id),
        "gateway": payment.gateway,
        "amount": refund.amount,
        "currency": refund.currency,
        "effect_key": refund.effect_key,
        "leg": refund.leg,
        "channel": rma.channel,
        "order_external_id": rma.order.external_id if rma.order else "",
        "references": {"external_id": payment.external_id, **payment.references},
        "external_reference": refund.external_reference,
        "code": refund.failure_code,
        "destination": str(refund.destination),
        "bonus": refund.bonus,
    }


def _refund_lines(
    lines: Iterable[RefundLine | ExchangeLine], worth: Mapping[UUID, int] | None = None
) -> list[RefundLineFact]:
    # Two return lines of one order line share its worth: it is told once, with the first of them.
    left = dict(worth or {})
    return [
        RefundLineFact(
            each.line.line_no,
            each.line.sku,
            each.quantity,
            _order_line_id(each.line),
            left.pop(each.line.order_line_id, 0) if each.line.order_line_id else 0,
        )
        for each in lines
    ]


def memo_fact(
    kind: type[AMemoFact], memo: CreditMemo, lines: Iterable[RefundLine | ExchangeLine], worth: Mapping[UUID, int]
) -> AMemoFact:
    """Return a fact of the credit memo; its return and order must be loaded.

    `worth` is what the refund pays, or the exchange credits, for the units of each order line, by its id.
    """
    rma = memo.rma
    load(rma, "order")
    return kind(
        memo_id=str(memo.id),
        refund_id=str(memo.refund_id or ""),
        exchange_id=str(memo.exchange_id or ""),
        return_id=str(rma.id),
        number=rma.number,
        amount=memo.amount,
        currency=memo.currency,
        legal_entity=memo.legal_entity,
        effect_key=memo.effect_key,
        order_number=rma.order.number if rma.order else "",
        external_reference=memo.external_reference,
        lines=_refund_lines(lines, worth),
    )


def exchange_fact(kind: type[AnExchangeFact], exchange: Exchange, **more: Any) -> AnExchangeFact:
    """Return a fact of the exchange; its return and order must be loaded."""
    rma = exchange.rma
    order = rma.order
    return kind(
        exchange_id=str(exchange.id),
        return_id=str(rma.id),
        number=rma.number,
        ordinal=exchange.ordinal,
        resolution=str(exchange.resolution),
        currency=exchange.currency,
        credit=exchange.credit,
        sale=exchange.sale,
        balance=exchange.balance,
        effect_key=exchange.effect_key,
        channel=rma.channel,
        order_number=order.number if order else "",
        order_external_id=order.external_id if order else "",
        location=exchange.location,
        external_reference=exchange.external_reference,
        carrier=exchange.carrier,
        tracking=exchange.tracking,
        converted_to=str(exchange.converted_to),
        lines=_exchange_lines(exchange),
        **more,
    )


def _exchange_lines(exchange: Exchange) -> list[ExchangeLineFact]:
    sums: dict[int, dict[str, int]] = defaultdict(lambda: {"credit": 0, "sale": 0})
    for part in ExchangeComponent.objects.filter(exchange=exchange):
        sums[part.exchange_line_id][part.side] += part.amount
    return [
        ExchangeLineFact(
            each.line.line_no, each.line.sku, each.quantity, each.wanted_sku, each.wanted_quantity, **sums[each.pk]
        )
        for each in exchange.lines.select_related("line").order_by("id")
    ]


def disposition_fact(kind: type[ADispositionFact], part: DispositionSlice, location: str) -> ADispositionFact:
    """Return a fact of a disposition; its line, return and order line must be loaded."""
    line, rma = part.line, part.line.rma
    return kind(
        slice_id=str(part.id),
        return_id=str(rma.id),
        number=rma.number,
        line_no=line.line_no,
        sku=line.sku,
        quantity=part.quantity,
        disposition=str(part.disposition),
        condition=part.condition,
        location=location,
        effect_key=f"place:{part.id}",
        channel=rma.channel,
        order_line_external_id=_order_line_id(line),
        external_reference=part.external_reference,
        reason=reason_term(part),
    )


def reason_term(part: DispositionSlice) -> str:
    """Return why it was decided so, where that is a term; what somebody wrote instead stands beside the event."""
    return part.reason if vocabulary.knows("disposition_reason", part.reason) else ""
