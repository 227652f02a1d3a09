"""What units of an order line are worth, by component, in minor units."""

from collections.abc import Sequence
from dataclasses import dataclass

from returns.allocation import value
from returns.enums import ComponentKind
from returns.models import OrderLine, ReturnLine

K = ComponentKind


@dataclass(frozen=True)
class Part:
    """A signed part of an amount: what for, of which order line, under which tax or fee code."""

    kind: ComponentKind
    amount: int
    order_line: OrderLine | None = None
    code: str = ""


def parts_of(line: OrderLine, units: Sequence[Sequence[int]], *, duty: bool) -> list[Part]:
    """Return the goods, each tax and (if wanted) the duty of the units; parts of nothing are left out.

    A tax that the price includes is taken out of the goods' part, so that each tax line is its own component.
    """
    taxes = [(tax, value(tax["amount"], line.quantity, units)) for tax in line.taxes]
    included = sum(amount for tax, amount in taxes if tax["included"])
    parts = [Part(K.ITEM, value(line.net, line.quantity, units) - included, line)]
    parts += [Part(K.TAX, amount, line, tax["code"]) for tax, amount in taxes]
    if duty:
        parts.append(Part(K.DUTY, value(line.duty, line.quantity, units), line))
    return [part for part in parts if part.amount]


def paid_for(line: OrderLine) -> int:
    """Return what was paid for all units of an order line, taxes and duty included."""
    return line.net + line.tax + line.duty


def line_worth(line: ReturnLine) -> int:
    """Return what was paid for the units of a return line, taxes and duty included; nothing without an order line."""
    if line.order_line is None:
        return 0
    return sum(part.amount for part in parts_of(line.order_line, line.units, duty=True))
