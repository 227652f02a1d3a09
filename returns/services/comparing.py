"""Hold what a system tells of an order against what is here, field by field: the owner's word is taken, another's kept
out and told as drift."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from retailops.accounts.actor import Actor
from retailops.events.publish import publish
from returns.enums import LIVE_STATUSES
from returns.events.drift import Difference, OrderAgreed, OrderDriftFound
from returns.inputs import OrderIn, OrderLineIn
from returns.models import Order, OrderLine, Payment, ReturnLine, TruthObject
from returns.truth import FIELDS, MONEY, Owners

Row = Order | OrderLine | Payment
RELIED_ON_FROM = {"region", "brand", "legal_entity", "currency", "shipping_charged", "shipping_tax"}


@dataclass
class Drift:
    """What one system tells otherwise than its owner said."""

    order: Order
    teller: str
    owners: Owners
    differences: list[Difference] = field(default_factory=list)

    @classmethod
    def of(cls, order: Order, told: OrderIn) -> "Drift":
        """Return an empty one, with the owners of the order's channel."""
        return cls(order, told.source or told.channel, Owners.of_channel(order.channel))

    def owned(self, kind: TruthObject, row: Row, told: Any, names: Sequence[str]) -> tuple[str, ...]:
        """Return the fields that the teller owns; of the others, note those that it tells otherwise."""
        own = tuple(name for name in names if self.owners.of(kind, name) == self.teller)
        for name in names:
            if name not in own:
                self.note(kind, row, told, name)
        return own

    def note(self, kind: TruthObject, row: Row, told: Any, name: str) -> None:
        """Note one field where it differs."""
        ours, theirs = getattr(row, name), getattr(told, name)
        if ours == theirs or name == "tax":
            return
        self.differences.append(
            Difference(
                object=str(kind),
                object_id=str(row.id),
                external_id=row.external_id,
                field=name,
                ours=as_text(ours),
                theirs=as_text(theirs),
                owner=self.owners.of(kind, name),
                amount=_at_risk(row, name, ours, theirs),
            )
        )

    def missing(self, kind: TruthObject, external_id: str, theirs: str, amount: int) -> None:
        """Note a line or payment that is not here."""
        owner = self.owners.channel
        self.differences.append(Difference(str(kind), "", external_id, str(kind), "", theirs, owner, amount))

    def tell(self, actor: Actor) -> list[str]:
        """Publish what was found, if anything; return it in words."""
        order = self.order
        if self.differences:
            publish(
                OrderDriftFound(
                    order_id=str(order.id),
                    number=order.number,
                    channel=order.channel,
                    currency=order.currency,
                    system=self.teller,
                    differences=self.differences,
                ),
                subject=order.as_subject(),
                actor=actor,
            )
        return [f"{each.object.replace('_', ' ')} {each.external_id}: {each.field}" for each in self.differences]


def as_text(value: object) -> str:
    """Return a value as a discrepancy shows it and `repairing` reads it back."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool | list | dict):
        return json.dumps(value, sort_keys=True)
    return str(value)


def _at_risk(row: Row, name: str, ours: Any, theirs: Any) -> int:
    """Return what may be paid back wrongly, in minor units."""
    if name in MONEY:
        return int(abs(ours - theirs))
    if isinstance(row, OrderLine) and name in ("quantity", "shipped_quantity"):
        return int(abs(ours - theirs) * row.net // row.quantity)
    if isinstance(row, OrderLine) and name == "taxes":
        return int(abs(sum(tax["amount"] for tax in ours) - sum(tax["amount"] for tax in theirs)))
    return 0


def compare(
    actor: Actor, order: Order, told: OrderIn, told_lines: list[OrderLine], told_payments: list[Payment]
) -> list[str]:
    """Hold another system's telling of the locked order against it; return what was kept, in words.

    `told_lines` and `told_payments` are the rows that the telling asks for, in its order.

    Fields that the teller owns are taken, unless a return relies on them. Publishes `order.drift_found`, or
    `order.agreed` where it says the same.
    """
    drift = Drift.of(order, told)
    relied_on = lines_relied_on(order)
    _one(drift, TruthObject.ORDER, order, told, barred=RELIED_ON_FROM if relied_on else set())
    lines = {line.external_id: line for line in order.lines.all()}
    for line, input_line in zip(told_lines, told.lines, strict=True):
        if line.external_id in lines:
            known = lines[line.external_id]
            barred = set(FIELDS[TruthObject.ORDER_LINE]) if known.id in relied_on else set()
            _one(drift, TruthObject.ORDER_LINE, known, line, barred=barred | _unsaid(input_line))
        else:
            worth = line.net + line.tax + line.duty
            drift.missing(TruthObject.ORDER_LINE, line.external_id, f"{line.quantity} × {line.sku}", worth)
    payments = {payment.external_id: payment for payment in order.payments.all()}
    for told_payment in told_payments:
        if told_payment.external_id in payments:
            # What was captured bounds refunds: it is taken over by a person, or by the channel under the lock.
            known_payment = payments[told_payment.external_id]
            for name in FIELDS[TruthObject.PAYMENT]:
                drift.note(TruthObject.PAYMENT, known_payment, told_payment, name)
        else:
            drift.missing(
                TruthObject.PAYMENT, told_payment.external_id, as_text(told_payment.captured), told_payment.captured
            )
    kept = drift.tell(actor)
    if not kept:
        agreed = OrderAgreed(str(order.id), order.number, order.channel, drift.teller)
        publish(agreed, subject=order.as_subject(), actor=actor)
    return kept


def _unsaid(line: OrderLineIn) -> set[str]:
    """Return the fields of a line that the telling leaves open."""
    return {"shipped_quantity"} if line.shipped_quantity is None else set()


def _one(drift: Drift, kind: TruthObject, row: Order | OrderLine, told: Any, *, barred: set[str]) -> None:
    names = [name for name in FIELDS[kind] if not (name == "shipped_quantity" and name in barred)]
    for name in drift.owned(kind, row, told, names):
        if name in barred:
            drift.note(kind, row, told, name)
        else:
            take_value(row, name, getattr(told, name))
    row.save()


def take_value(row: Row, name: str, value: Any) -> None:
    """Set a field; what is derived from it goes with it."""
    setattr(row, name, value)
    if isinstance(row, OrderLine):
        row.tax = sum(tax["amount"] for tax in row.taxes if not tax["included"])
        row.shipped_quantity = min(row.quantity, row.shipped_quantity)


def lines_relied_on(order: Order) -> set[Any]:
    """Return the order lines that a live return names."""
    rows = ReturnLine.objects.filter(order_line__order=order, rma__status__in=LIVE_STATUSES)
    return set(rows.values_list("order_line_id", flat=True))
