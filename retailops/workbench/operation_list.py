"""Bulk operations as pages show them: the list with its progress, one operation's items, their CSV."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import QueryDict

from connectors.rendering import Again, again
from retailops.accounts.actor import Actor
from retailops.cases.models import Case
from retailops.events.models import Delivery
from retailops.lib.csv_lines import csv_lines
from retailops.lib.keyset import KeysetPage, capped_count, keyset_page
from retailops.lib.money import major
from retailops.replays.models import REPLAY, BulkItem, BulkOperation, BulkResult
from retailops.replays.selectors import Figures, figures_of, items_of, operations_visible_to, progress_of_many
from retailops.workbench.words import operation as what
from retailops.workbench.words import word

PAGE = 50
TABS = {
    "": ("All", Q()),
    "open": ("To do", Q(status__in=["planning", "planned", "stopped"])),
    "running": ("Running", Q(status="running")),
    "ended": ("Ended", Q(status__in=["finished", "canceled"])),
}


@dataclass(frozen=True)
class OperationRow:
    """One operation of the list with how far it is."""

    operation: BulkOperation
    progress: dict[str, int]


@dataclass(frozen=True)
class OperationListing:
    """What the list page shows."""

    page: KeysetPage[BulkOperation]
    rows: list[OperationRow]
    tabs: list[tuple[str, str, int, bool]]
    total: int


def operation_listing(actor: Actor, query: QueryDict) -> OperationListing:
    """Return one page of the operations that the actor may see, the newest first."""
    visible = operations_visible_to(actor)
    current = query.get("show", "") if query.get("show") in TABS else ""
    rows = visible.filter(TABS[current][1])
    page = keyset_page(rows, after=query.get("after", ""), before=query.get("before", ""))
    progress = progress_of_many(page.rows)
    tabs = [
        (key, title, capped_count(visible.filter(condition)), key == current)
        for key, (title, condition) in TABS.items()
    ]
    return OperationListing(page, [OperationRow(o, progress[o.id]) for o in page.rows], tabs, capped_count(rows))


@dataclass(frozen=True)
class ItemRow:
    """One item with the delivery or the case that it is about, as it is now."""

    item: BulkItem
    delivery: Delivery | None = None
    case: Case | None = None
    again: Again | None = None


@dataclass(frozen=True)
class OperationPage:
    """One operation: its figures, and one page of its items, failures first. `older` is the key of the next page."""

    operation: BulkOperation
    figures: Figures
    rows: list[ItemRow] = field(default_factory=list)
    older: str = ""
    part: str = ""


def operation_page(operation: BulkOperation, query: QueryDict) -> OperationPage:
    """Return the page of an operation; `part` narrows it to one result (`r:`) or verdict (`v:`), `after` goes on."""
    part = query.get("part", "")
    kind, _, key = part.partition(":")
    items = items_of(operation, result=key if kind == "r" else "", verdict=key if kind == "v" else "")
    found = list(_beyond(items, query.get("after", ""))[: PAGE + 1])
    kept = found[:PAGE]
    older = f"{kept[-1].urgency}-{kept[-1].position}" if len(found) > PAGE else ""  # type: ignore[attr-defined]  # annotated
    rows = _with_requests(operation, items_with_subjects(operation, kept))
    return OperationPage(operation, figures_of(operation), rows, older, part)


def _with_requests(operation: BulkOperation, rows: list[ItemRow]) -> list[ItemRow]:
    """Add what the mapping in force makes of each request, as long as it may be chosen."""
    if operation.kind != REPLAY or operation.executed_at:
        return rows
    found = again([row.delivery for row in rows if row.delivery])
    return [replace(row, again=found.get(row.item.subject_id)) for row in rows]


def _beyond(items: QuerySet[BulkItem], after: str) -> QuerySet[BulkItem]:
    urgency, _, position = after.partition("-")
    if not (urgency.isdigit() and position.isdigit()):
        return items
    return items.filter(Q(urgency__gt=int(urgency)) | Q(urgency=int(urgency), position__gt=int(position)))


def items_with_subjects(operation: BulkOperation, items: list[BulkItem]) -> list[ItemRow]:
    """Return the items, each with what it is about, in two queries at most."""
    ids = [item.subject_id for item in items]
    if operation.kind == REPLAY:
        deliveries = _deliveries(ids)
        return [ItemRow(item, delivery=deliveries.get(item.subject_id)) for item in items]
    cases = Case.objects.in_bulk(ids)
    return [ItemRow(item, case=cases.get(item.subject_id)) for item in items]


def _deliveries(ids: list[UUID]) -> dict[UUID, Delivery]:
    return Delivery.objects.select_related("event", "destination__connection").in_bulk(ids)


def export_items(operation: BulkOperation) -> Iterator[str]:
    """Yield the items as CSV, failures first."""
    head = ("id", "number", "what", "system", "amount", "currency", "verdict", "why", "result", "detail", "done")
    return csv_lines(head, _lines(operation))


def _lines(operation: BulkOperation) -> Iterator[tuple[Any, ...]]:
    items, start = items_of(operation), 0
    while batch := list(items[start : start + 1000]):
        for row in items_with_subjects(operation, batch):
            yield _line(row)
        start += len(batch)


def _line(row: ItemRow) -> tuple[Any, ...]:
    item = row.item
    amount = None if item.amount is None else major(item.amount, item.currency)
    verdict = word("verdict", item.verdict).text if item.verdict else ""
    result = BulkResult(item.result).label if item.result else ""
    return (
        item.subject_id, *_about(row), amount, item.currency, verdict, item.why, result, item.detail,
        item.done_at.isoformat() if item.done_at else "",
    )  # fmt: skip


def _about(row: ItemRow) -> tuple[str, str, str]:
    if row.delivery:
        event, destination = row.delivery.event, row.delivery.destination
        return event.data.get("number", ""), what(row.delivery.operation), destination.name
    return ("", row.case.title, row.case.connection) if row.case else ("", "", "")
