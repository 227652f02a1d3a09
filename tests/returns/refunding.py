"""Orders to refund, and what became of a refund, in short."""

from datetime import timedelta
from typing import Any

from retailops.events.models import Event
from retailops.lib.clock import now
from returns.models import Refund, Return
from returns.services import refunds
from tests.factories import (
    ensure_policy,
    line_data,
    make_inspected_return,
    make_order,
    make_user,
    order_data,
    unique,
)


def parts(refund: Refund) -> dict[str, int]:
    """Return the refund's components by kind."""
    found: dict[str, int] = {}
    for part in refund.components.all():
        found[part.kind] = found.get(part.kind, 0) + part.amount
    return found


def refunds_of(rma: Return) -> list[tuple[int, str]]:
    """Return amount and state of the return's refunds in order."""
    return list(rma.refunds.order_by("id").values_list("amount", "status"))


def events_of(refund: Refund) -> list[str]:
    """Return the refund's events in order."""
    rows = Event.objects.filter(subject_id=refund.id, subject_type="refund", type__startswith="refund.")
    return list(rows.order_by("position").values_list("type", flat=True))


def paid_order(**fields: Any) -> Any:
    """Return an order of three units at 10.00 with tax, duty, a discount and shipping."""
    taxes = [{"code": "VAT", "amount": 599}, {"code": "ECO", "amount": 9, "included": True}]
    lines = [line_data("L1", quantity=3, unit_price=1000, taxes=taxes, duty=100)]
    return make_order(**order_data(lines=lines, discount=4, shipping_charged=500, shipping_tax=100, **fields))


def split_order(*captured: int) -> Any:
    """Return an order paid by several tenders."""
    data = order_data(lines=[line_data("L1", quantity=1, unit_price=sum(captured))])
    data["payments"] = [
        {
            "external_id": unique("pi_"), "gateway": "stripe", "tender": f"tender-{number}", "captured": amount,
            "captured_at": now() - timedelta(days=9 - number),
        }
        for number, amount in enumerate(captured)
    ]  # fmt: skip
    return make_order(**data)


def owed_return(order: Any, quantities: dict[int, int], **rules: Any) -> Return:
    """Return a return whose accepted units are not refunded: policy's own refund of them was denied."""
    ensure_policy(auto_approve_limit={"*": 0}, **rules)
    rma = make_inspected_return(order, quantities)
    for refund in rma.refunds.all():
        refunds.deny_refund(actor=approver(), refund_id=refund.id, reason="not yet")
    return rma


def approver() -> Any:
    """Return a person who may approve any amount."""
    return make_user("finance_approver").actor()
