"""Orders that two systems tell, and who says what of them."""

from typing import Any

from reconciliation.models import Discrepancy
from returns.inputs import OrderIn, read
from returns.inputs.truth import TruthIn
from returns.models import Order
from returns.services.orders import CaptureResult, capture_order
from returns.services.owning import own_field
from tests.factories import SYSTEM, ensure_policy, line_data, order_data


def sold(**fields: Any) -> dict[str, Any]:
    """Return the plain data of an order of 3 × 10.00 and 1 × 25.50, captured from its channel."""
    ensure_policy()
    lines = [line_data("L1", quantity=3, unit_price=1000), line_data("L2", unit_price=2550)]
    data = order_data(lines=lines, shipping_charged=450, **fields)
    tell(data)
    return data


def tell(data: dict[str, Any], **changes: Any) -> CaptureResult:
    """Have a system (`source`; default: the channel) tell the order with changes."""
    return capture_order(actor=SYSTEM, order=read(OrderIn, data | changes))


def owns(system: str, kind: str, name: str, channel: str = "") -> None:
    """Give a field its owner."""
    truth = read(TruthIn, {"object": kind, "field": name, "system": system, "channel": channel})
    own_field(actor=SYSTEM, truth=truth, reason="the books say so")


def disputed(**changes: Any) -> Discrepancy:
    """Return the discrepancy of an order whose shipping the ERP tells as 5.00 and the shop as 4.50."""
    data = sold(**changes)
    tell(data, source="erp", shipping_charged=500)
    return Discrepancy.objects.select_related("order").latest("id")


def order_of(row: Discrepancy) -> Order:
    """Return the order that the discrepancy is of."""
    assert row.order is not None
    return row.order
