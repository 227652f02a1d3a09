"""Which purchase a returned line belongs to: the same customer, the same code, bought before, with units left."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Sum

from returns.enums import LIVE_STATUSES
from returns.importing.reading import SourceLine
from returns.models import OrderLine, ReturnLine


@dataclass
class Purchase:
    """An order line with how many of its units are still to be returned."""

    order_line: OrderLine
    left: int


@dataclass(frozen=True)
class Match:
    """Part of a returned line: so many units of this purchase (None: of no known one)."""

    line: SourceLine
    quantity: int
    order_line: OrderLine | None


def match_lines(lines: Iterable[SourceLine], customer_system: str, before: datetime) -> list[Match]:
    """Match each returned line to purchases, the latest first; what is left over matches nothing.

    Every unit of every line is in exactly one match.
    """
    wanted = list(lines)
    customers = {line.customer for line in wanted if line.customer}
    purchases = _bought(customers, {line.sku for line in wanted}, customer_system, before)
    return [match for line in wanted for match in _match(line, purchases)]


def _match(line: SourceLine, purchases: dict[tuple[str, str], list[Purchase]]) -> list[Match]:
    matches, wanted = [], -line.quantity
    for purchase in purchases.get((line.customer, line.sku), []) if line.customer else []:
        taken = min(wanted, purchase.left)
        if taken:
            matches.append(Match(line, taken, purchase.order_line))
            purchase.left -= taken
            wanted -= taken
    return [*matches, Match(line, wanted, None)] if wanted else matches


def _bought(
    customers: set[str], skus: set[str], customer_system: str, before: datetime
) -> dict[tuple[str, str], list[Purchase]]:
    rows = (
        OrderLine.objects.filter(
            order__customer__identities__system=customer_system,
            order__customer__identities__external_id__in=customers,
            sku__in=skus,
            order__placed_at__lt=before,
        )
        .annotate(customer_key=F("order__customer__identities__external_id"))
        .select_related("order")
        .order_by("-order__placed_at", "line_no")
    )
    lines = list(rows)
    taken = _units_taken([line.id for line in lines])
    purchases: dict[tuple[str, str], list[Purchase]] = {}
    for line in lines:
        left = line.shipped_quantity - taken.get(line.id, 0)
        purchases.setdefault((line.customer_key, line.sku), []).append(Purchase(line, max(left, 0)))
    return purchases


def _units_taken(order_lines: list[UUID]) -> dict[UUID, int]:
    live = ReturnLine.objects.filter(order_line__in=order_lines, rma__status__in=LIVE_STATUSES)
    sums = live.values("order_line").annotate(units=Sum(F("requested") - F("canceled")))
    return {row["order_line"]: row["units"] for row in sums}
