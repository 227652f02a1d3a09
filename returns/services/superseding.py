"""Take a newer version of an order over, leaving alone what a return relies on."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Sum

from retailops.accounts.actor import Actor
from returns.enums import LIVE_REFUNDS, LIVE_STATUSES
from returns.inputs import OrderIn
from returns.models import Order, OrderLine, Payment, Refund, ReturnLine, Shipment
from returns.troubles import order_differs

DESCRIPTIVE = ("number", "store", "country", "placed_at")
SCOPE = ("region", "brand", "legal_entity", "currency", "shipping_charged", "shipping_tax")
VALUE = ("sku", "quantity", "net", "discount", "taxes", "tax", "duty", "category", "final_sale")


@dataclass
class Superseded:
    """What could not be taken over, in words."""

    kept: list[str] = field(default_factory=list)


def supersede(actor: Actor, order: Order, told: OrderIn, lines: list[OrderLine], payments: list[Payment]) -> Superseded:
    """Write the newer version over the locked order; opens a case when a return relies on what it wants changed."""
    outcome = Superseded()
    relied_on = _lines_relied_on(order)
    _take(order, told, DESCRIPTIVE)
    if relied_on:
        outcome.kept += _differences(order, told, SCOPE, "order")
    else:
        _take(order, told, SCOPE)
    order.save()
    _lines(order, lines, relied_on, outcome)
    _payments(order, payments, outcome)
    Shipment.objects.bulk_create(
        [Shipment(order=order, **each.model_dump()) for each in told.shipments], ignore_conflicts=True
    )
    if outcome.kept:
        order_differs(actor, order, outcome.kept)
    return outcome


def _lines_relied_on(order: Order) -> set[Any]:
    rows = ReturnLine.objects.filter(order_line__order=order, rma__status__in=LIVE_STATUSES)
    return set(rows.values_list("order_line_id", flat=True))


def _take(row: object, told: object, names: tuple[str, ...]) -> None:
    for name in names:
        setattr(row, name, getattr(told, name))


def _differences(row: object, told: object, names: tuple[str, ...], where: str) -> list[str]:
    return [f"{where}: {name}" for name in names if getattr(row, name) != getattr(told, name)]


def _lines(order: Order, told: list[OrderLine], relied_on: set[Any], outcome: Superseded) -> None:
    present = {line.external_id: line for line in OrderLine.objects.filter(order=order)}
    taken_numbers = {line.line_no for line in present.values()}
    fresh = []
    for line in told:
        known = present.pop(line.external_id, None)
        if known is None:
            fresh.append(line)
            continue
        _one_line(known, line, known.id in relied_on, outcome)
    number = max(taken_numbers, default=0)
    for extra, line in enumerate(fresh, start=1):
        line.line_no = number + extra
    OrderLine.objects.bulk_create(fresh)
    _gone(present, relied_on, outcome)


def _one_line(known: OrderLine, told: OrderLine, relied_on: bool, outcome: Superseded) -> None:
    if relied_on:
        outcome.kept += _differences(known, told, VALUE, f"line {known.external_id}")
        # More may have been shipped since; a unit that was shipped is never unshipped.
        known.shipped_quantity = min(known.quantity, max(known.shipped_quantity, told.shipped_quantity))
        known.shipped_at = known.shipped_at or told.shipped_at
    else:
        _take(known, told, (*VALUE, "title", "shipped_quantity", "shipped_at"))
    known.save()


def _gone(gone: dict[str, OrderLine], relied_on: set[Any], outcome: Superseded) -> None:
    """Lines that the newer version lacks: kept while any return, even a dead one, names them; else removed."""
    named = set(ReturnLine.objects.filter(order_line__in=gone.values()).values_list("order_line_id", flat=True))
    outcome.kept += [f"line {line.external_id}: removed" for line in gone.values() if line.id in relied_on]
    OrderLine.objects.filter(id__in=[line.id for line in gone.values() if line.id not in named]).delete()


def _payments(order: Order, told: list[Payment], outcome: Superseded) -> None:
    rows = Payment.objects.select_for_update(no_key=True).filter(order=order).order_by("id")
    present = {payment.external_id: payment for payment in rows}
    for payment in told:
        known = present.get(payment.external_id)
        if known is None:
            payment.currency = order.currency
            payment.save(force_insert=True)
            continue
        known.references = {**known.references, **payment.references}
        if payment.captured - known.charged_back >= _reserved(known):
            known.captured = payment.captured
        else:
            outcome.kept.append(f"payment {known.external_id}: captured")
        known.save()


def _reserved(payment: Payment) -> int:
    live = Refund.objects.filter(payment=payment, status__in=LIVE_REFUNDS)
    return int(live.aggregate(total=Sum("amount"))["total"] or 0)
