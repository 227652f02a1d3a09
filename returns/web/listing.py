"""The list of returns: tabs with counts, filters, one keyset page, and the same rows as CSV."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import QueryDict

from retailops.accounts.actor import Actor
from retailops.events.prepared_counts import PreparedCounts
from retailops.lib.csv_lines import csv_lines
from retailops.lib.keyset import COUNT_LIMIT, KeysetPage, capped_count, keyset_page
from retailops.lib.money import major
from returns.enums import LIVE_REFUNDS
from returns.models import Refund, Return, ReturnLine
from returns.selectors import returns_visible_to, status_shown
from returns.web.filters import VIEWS, ReturnFilter

EXPORT_LIMIT = 50_000
COLUMNS = (
    "number", "status", "kind", "order", "channel", "region", "brand", "currency", "refund", "units", "goods",
    "inspection", "money", "stock", "erp", "open_cases", "tracking", "requested_at", "closed_at",
)  # fmt: skip


@dataclass(frozen=True)
class Tab:
    """One view of the list with how many it holds."""

    key: str
    title: str
    count: int
    current: bool


@dataclass(frozen=True)
class Listing:
    """What the list page shows."""

    page: KeysetPage[Return]
    filter: ReturnFilter
    tabs: list[Tab]
    total: int
    narrowed: int


def with_sums(rows: QuerySet[Return]) -> QuerySet[Return]:
    """Add the live refunds' sum and the units asked for."""
    refunds = (
        Refund.objects.filter(rma=OuterRef("pk"), status__in=LIVE_REFUNDS).values("rma").annotate(sum=Sum("amount"))
    )
    units = ReturnLine.objects.filter(rma=OuterRef("pk")).order_by().values("rma").annotate(sum=Sum("requested"))
    return rows.select_related("order").annotate(
        refund_sum=Subquery(refunds.values("sum")), units_sum=Subquery(units.values("sum"))
    )


def listing(actor: Actor, query: QueryDict) -> Listing:
    """Return one page of the returns that the actor may see, narrowed by the query."""
    visible = returns_visible_to(actor)
    found = ReturnFilter(query, queryset=visible)
    rows = found.qs
    page = keyset_page(with_sums(rows), after=query.get("after", ""), before=query.get("before", ""))
    for rma in page.rows:
        rma.shown = status_shown(rma)  # type: ignore[attr-defined]  # what the row's badge reads
    narrowed = sum(1 for name, value in query.items() if value and name not in {"view", "q", "after", "before"})
    return Listing(page, found, _tabs(actor, query.get("view", "") or "all"), capped_count(rows), narrowed)


def _tabs(actor: Actor, current: str) -> list[Tab]:
    counts = _COUNTS.of(actor)
    return [Tab(key, title, counts[key], key == current) for key, (title, _) in VIEWS.items()]


def _counted(actor: Actor) -> dict[str, QuerySet[Return]]:
    visible = returns_visible_to(actor)
    return {key: visible.filter(condition) for key, (_, condition) in VIEWS.items()}


_COUNTS = PreparedCounts(_counted, COUNT_LIMIT)


def export(actor: Actor, query: QueryDict) -> Iterator[str]:
    """Yield the narrowed list as CSV lines, at most EXPORT_LIMIT rows, newest first."""
    rows = with_sums(ReturnFilter(query, queryset=returns_visible_to(actor)).qs).order_by("-pk")[:EXPORT_LIMIT]
    return csv_lines(COLUMNS, (_cells(rma) for rma in rows.iterator(chunk_size=1000)))


def _cells(rma: Return) -> Iterable[object]:
    amount = getattr(rma, "refund_sum", None) or 0
    return (
        rma.number, status_shown(rma), rma.kind, rma.order.number if rma.order else "", rma.channel, rma.region,
        rma.brand, rma.currency, major(amount, rma.currency), getattr(rma, "units_sum", 0) or 0, rma.logistics,
        rma.inspection, rma.money, rma.stock, rma.erp, rma.open_cases, rma.tracking, rma.requested_at.isoformat(),
        rma.closed_at.isoformat() if rma.closed_at else "",
    )  # fmt: skip
