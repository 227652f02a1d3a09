"""Documents as the inputs of commands: pure, money in minor units."""

from collections.abc import Sequence
from decimal import Decimal

from retailops.lib.money import minor
from returns.importing.classify import Classified, LineKind, postage
from returns.importing.mapping import Mapping
from returns.importing.matching import Match
from returns.importing.reading import Document, SourceLine
from returns.inputs import (
    BlindReceiptIn,
    CustomerIn,
    OrderIn,
    OrderLineIn,
    OrderRef,
    PaymentIn,
    ReceiptLineIn,
    ReturnIn,
    ReturnLineIn,
)


def order_in(document: Document, classified: Sequence[Classified], mapping: Mapping) -> OrderIn | None:
    """Return the order that a document's sales make, or None when it sells nothing. One captured payment covers it."""
    sales = [c.line for c in classified if c.kind is LineKind.SALE]
    if not sales:
        return None
    first, defaults = document.lines[0], mapping.order
    shipping = sum(_minor(line.unit_price, mapping) * abs(line.quantity) for line in postage(list(classified)))
    lines = [_order_line(line, document, mapping) for line in sales]
    total = shipping + sum(line.unit_price * line.quantity for line in lines)
    return OrderIn(
        channel=defaults.channel,
        external_id=document.number,
        number=document.number,
        region=mapping.region(first.country),
        brand=defaults.brand,
        legal_entity=defaults.legal_entity,
        country=first.country[:60],
        currency=defaults.currency,
        placed_at=document.at,
        shipping_charged=shipping,
        customer=_customer(first, mapping),
        lines=lines,
        payments=[_payment(document, total, mapping)] if total else [],
    )


def _order_line(line: SourceLine, document: Document, mapping: Mapping) -> OrderLineIn:
    return OrderLineIn(
        external_id=str(line.number),
        sku=line.sku,
        title=line.title[:200],
        quantity=line.quantity,
        unit_price=_minor(line.unit_price, mapping),
        shipped_quantity=line.quantity,
        shipped_at=document.at,
    )


def _customer(line: SourceLine, mapping: Mapping) -> CustomerIn | None:
    if not line.customer:
        return None
    return CustomerIn(system=mapping.order.customer_system, external_id=line.customer)


def _payment(document: Document, total: int, mapping: Mapping) -> PaymentIn:
    key = f"{mapping.order.channel}-{document.number}"
    return PaymentIn(
        external_id=key,
        gateway=mapping.order.gateway,
        tender=mapping.order.tender,
        captured=total,
        references={"payment_intent": f"pi_{key.replace('-', '_')}"},
        captured_at=document.at,
    )


def return_in(document: Document, matches: Sequence[Match], mapping: Mapping) -> ReturnIn:
    """Return the request for units of one order that a return document brought back."""
    order = next(match.order_line.order for match in matches if match.order_line)
    units: dict[str, int] = {}
    for match in matches:
        if match.order_line:
            units[match.order_line.external_id] = units.get(match.order_line.external_id, 0) + match.quantity
    return ReturnIn(
        order=OrderRef(order_id=order.id),
        kind=mapping.returns.kind,
        source=mapping.order.channel,
        external_id=f"{document.number}/{order.number}",
        requested_at=document.at,
        lines=[
            ReturnLineIn(external_id=line, quantity=quantity, reason=mapping.returns.reason)
            for line, quantity in units.items()
        ],
        # What has happened is taken over as it was; where it broke a rule, the decision says so.
        override_reason=f"Taken over from {mapping.name}",
    )


def blind_in(document: Document, matches: Sequence[Match], mapping: Mapping) -> BlindReceiptIn:
    """Return the receipt of goods that no known purchase explains."""
    defaults = mapping.order
    return BlindReceiptIn(
        scan_id=f"{defaults.channel}/{document.number}",
        location=mapping.stock.location,
        received_at=document.at,
        region=mapping.region(document.lines[0].country),
        brand=defaults.brand,
        channel=defaults.channel,
        legal_entity=defaults.legal_entity,
        currency=defaults.currency,
        source=defaults.channel,
        external_id=document.number,
        reason="No purchase of this customer and code is known",
        lines=[ReceiptLineIn(sku=match.line.sku, quantity=match.quantity) for match in matches],
    )


def _minor(price: Decimal, mapping: Mapping) -> int:
    return minor(price, mapping.order.currency)
