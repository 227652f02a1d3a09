"""Take a newer version of an order over, leaving alone what a return relies on."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Sum

from retailops.accounts.actor import Actor
from returns.enums import LIVE_REFUNDS
from returns.inputs import OrderIn
from returns.models import Order, OrderLine, Payment, Refund, ReturnLine, Shipment, TruthObject
from returns.services.comparing import Drift, lines_relied_on
from returns.troubles import order_differs

DESCRIPTIVE = ("number", "store", "country", "placed_at")
SCOPE = ("region", "brand", "legal_entity", "currency", "shipping_charged", "shipping_tax")
VALUE = ("sku", "quantity", "net", "discount", "taxes", "tax", "duty", "category", "final_sale")


@dataclass
class Superseded:
    """What could not be taken over, in words."""

    kept: list[str] = field(default_factory=list)


def supersede(
    actor: Actor,
    order: Order,
    told: OrderIn,
    lines: list[OrderLine],
    payments: list[Payment],
    *,
    other_customer: bool = False,
) -> Superseded:
    """Write the newer version over the locked order; opens a case when a return relies on what it wants changed.

    Fields that another system owns stay as they are, and are told as drift.
    """
    outcome = Superseded(["order: customer"] if other_customer else [])
    drift = Drift.of(order, told)
    relied_on = lines_relied_on(order)
    _take(order, told, drift.owned(TruthObject.ORDER, order, told, DESCRIPTIVE))
    scope = drift.owned(TruthObject.ORDER, order, told, SCOPE)
    if relied_on:
        outcome.kept += _differences(order, told, scope, "order")
    else:
        _take(order, told, scope)
    order.save()
    _lines(order, lines, relied_on, outcome, drift)
    _payments(order, payments, outcome, drift)
    Shipment.objects.bulk_create(
        [Shipment(order=order, **each.model_dump()) for each in told.shipments], ignore_conflicts=True
    )
    drift.tell(actor)
    if outcome.kept:
        order_differs(actor, order, outcome.kept)
    return outcome


def _take(row: object, told: object, names: tuple[str, ...]) -> None:
    for name in names:
        setattr(row, name, getattr(told, name))


def _differences(row: object, told: object, names: tuple[str, ...], where: str) -> list[str]:
    return [f"{where}: {name}" for name in names if getattr(row, name) != getattr(told, name)]


def _lines(order: Order, told: list[OrderLine], relied_on: set[Any], outcome: Superseded, drift: Drift) -> None:
    present = {line.external_id: line for line in OrderLine.objects.filter(order=order)}
    taken_numbers = {line.line_no for line in present.values()}
    fresh = []
    for line in told:
        known = present.pop(line.external_id, None)
        if known is None:
            fresh.append(line)
            continue
        _one_line(known, line, known.id in relied_on, outcome, drift)
    number = max(taken_numbers, default=0)
    for extra, line in enumerate(fresh, start=1):
        line.line_no = number + extra
    OrderLine.objects.bulk_create(fresh)
    _gone(present, relied_on, outcome)


def _one_line(known: OrderLine, told: OrderLine, relied_on: bool, outcome: Superseded, drift: Drift) -> None:
    worth = drift.owned(TruthObject.ORDER_LINE, known, told, VALUE)
    if relied_on:
        outcome.kept += _differences(known, told, worth, f"line {known.external_id}")
        # More may have been shipped since; a unit that was shipped is never unshipped.
        known.shipped_quantity = min(known.quantity, max(known.shipped_quantity, told.shipped_quantity))
        known.shipped_at = known.shipped_at or told.shipped_at
        known.delivered_at = known.delivered_at or told.delivered_at
    else:
        more = drift.owned(TruthObject.ORDER_LINE, known, told, ("title", "shipped_quantity"))
        _take(known, told, (*worth, *more, "shipped_at", "delivered_at"))
        known.shipped_quantity = min(known.quantity, known.shipped_quantity)
    known.save()


def _gone(gone: dict[str, OrderLine], relied_on: set[Any], outcome: Superseded) -> None:
    """Lines that the newer version lacks: kept while any return, even a dead one, names them; else removed."""
    named = set(ReturnLine.objects.filter(order_line__in=gone.values()).values_list("order_line_id", flat=True))
    outcome.kept += [f"line {line.external_id}: removed" for line in gone.values() if line.id in relied_on]
    OrderLine.objects.filter(id__in=[line.id for line in gone.values() if line.id not in named]).delete()


def _payments(order: Order, told: list[Payment], outcome: Superseded, drift: Drift) -> None:
    rows = Payment.objects.select_for_update(no_key=True).filter(order=order).order_by("id")
    present = {payment.external_id: payment for payment in rows}
    for payment in told:
        known = present.get(payment.external_id)
        if known is None:
            payment.currency = order.currency
            payment.save(force_insert=True)
            continue
        known.references = {**known.references, **payment.references}
        if not drift.owned(TruthObject.PAYMENT, known, payment, ("captured",)):
            pass
        elif payment.captured - known.charged_back >= reserved(known):
            known.captured = payment.captured
        else:
            outcome.kept.append(f"payment {known.external_id}: captured")
        known.save()


def reserved(payment: Payment) -> int:
    """Return what live refunds hold of the payment, in minor units."""
    live = Refund.objects.filter(payment=payment, status__in=LIVE_REFUNDS)
    return int(live.aggregate(total=Sum("amount"))["total"] or 0)
