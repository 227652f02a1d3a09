"""The rows behind a figure: one keyset page, or all of them as CSV."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from retailops.lib.csv_lines import csv_lines
from retailops.lib.money import major
from retailops.lib.pagination import decode_cursor, encode_cursor
from retailops.workbench.dashboards.figures import Figure, Rows
from retailops.workbench.dashboards.scope import Scope
from returns.models import Refund, Return

PAGE, EXPORT_LIMIT, CHUNK = 50, 50_000, 1000


@dataclass(frozen=True)
class RowsPage:
    """Rows of one page, each with `told` (its return, where it is the times of one), and the cursor of the next."""

    rows: list[Any]
    next_cursor: str


def rows_page(figure: Figure, scope: Scope, cursor: str) -> RowsPage:
    """Return one page of exactly the rows that the figure counts: the longest first, else the oldest or newest first.

    Raises Invalid for a cursor that is damaged or of another figure.
    """
    rows, column, falling = _ordered(figure, scope, money=not figure.base.table)
    if cursor:
        value, key = decode_cursor(figure.key, cursor, 2)
        rows = rows.filter(_beyond(column, falling, _typed(column, figure, value), key))
    found = _with_money(figure, rows[: PAGE + 1]) if figure.base.table else list(rows[: PAGE + 1])
    shown = found[:PAGE]
    _tell_returns(figure, shown)
    more = len(found) > PAGE
    return RowsPage(shown, encode_cursor(figure.key, [getattr(shown[-1], column), shown[-1].pk]) if more else "")


def _with_money(figure: Figure, rows: Rows) -> list[Any]:
    """Return these rows of a base's table as those of its view: money is looked up for what is shown alone."""
    keys = list(rows.values_list("pk", flat=True))
    found = _related(figure, figure.base.model._default_manager.all()).in_bulk(keys)
    return [found[key] for key in keys if key in found]


def _ordered(figure: Figure, scope: Scope, *, money: bool = True) -> tuple[Rows, str, bool]:
    column, falling = figure.measured or figure.base.at, bool(figure.measured) or figure.base.ranged
    sign = "-" if falling else ""
    return _related(figure, figure.rows(scope, money=money)).order_by(f"{sign}{column}", f"{sign}pk"), column, falling


def _related(figure: Figure, rows: Rows) -> Rows:
    joined = {
        "deliveries": ("destination__connection", "event"),
        "cases": ("owner",),
        "clocks": ("policy",),
        "lines": ("source",),
    }.get(figure.base.source.name, ())
    return rows.select_related(*joined) if joined else rows


def _beyond(column: str, falling: bool, value: object, key: str) -> Q:
    side = "lt" if falling else "gt"
    return Q(**{f"{column}__{side}": value}) | Q(**{column: value, f"pk__{side}": key})


def _typed(column: str, figure: Figure, value: Any) -> Any:
    return value if figure.measured else datetime.fromisoformat(str(value))


def _tell_returns(figure: Figure, rows: Sequence[Any]) -> None:
    source = figure.base.source.name
    if source == "returns":
        returns = Return.objects.in_bulk([row.pk for row in rows])
        for row in rows:
            row.told = returns[row.pk]
    elif source == "clocks":
        subjects = [row.subject_id for row in rows]
        returns = Return.objects.in_bulk(subjects)
        refunds = {each.pk: each.rma for each in Refund.objects.filter(pk__in=subjects).select_related("rma")}
        for row in rows:
            row.told = returns.get(row.subject_id) or refunds.get(row.subject_id)


def export(figure: Figure, scope: Scope) -> Iterator[str]:
    """Yield the rows as CSV, at most EXPORT_LIMIT, in the order of the page."""
    head, cells = CELLS[figure.base.source.name]
    measured = ("seconds",) if figure.measured else ()
    return csv_lines((*head, *measured), _cells(figure, scope, cells))


def _cells(figure: Figure, scope: Scope, cells: Any) -> Iterator[Iterable[object]]:
    rows, column, _ = _ordered(figure, scope)
    chunk: list[Any] = []
    for row in rows[:EXPORT_LIMIT].iterator(chunk_size=CHUNK):
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield from _told(figure, chunk, cells, column)
            chunk = []
    yield from _told(figure, chunk, cells, column)


def _told(figure: Figure, chunk: Sequence[Any], cells: Any, column: str) -> Iterator[Iterable[object]]:
    _tell_returns(figure, chunk)
    for row in chunk:
        yield (*cells(row), *((getattr(row, column),) if figure.measured else ()))


def _time(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _return_cells(row: Any) -> Iterable[object]:
    return (
        row.told.number, row.told.status, row.standing, row.channel, row.region, row.brand, row.gateway,
        _time(row.requested_at), _time(row.settled_at), _time(row.ended_at), major(row.refunded, row.currency),
        major(row.waiting, row.currency), row.currency, row.touched,
    )  # fmt: skip


def _delivery_cells(row: Any) -> Iterable[object]:
    return (
        row.id, row.destination.name, row.operation, row.status, row.failure_code, row.event.channel, row.event.region,
        row.event.brand, row.attempt_no, None if row.amount is None else major(row.amount, row.currency), row.currency,
        _time(row.created_at), _time(row.finished_at),
    )  # fmt: skip


def _case_cells(row: Any) -> Iterable[object]:
    return (
        row.id, row.kind, row.title, row.queue, row.status, row.channel, row.region, row.brand,
        None if row.amount is None else major(row.amount, row.currency), row.currency, _time(row.opened_at),
        _time(row.resolved_at),
    )  # fmt: skip


def _order_cells(row: Any) -> Iterable[object]:
    return (row.number, row.channel, row.region, row.brand, _time(row.placed_at), _time(row.captured_at))


def _line_cells(row: Any) -> Iterable[object]:
    return (
        row.natural_key, str(row.source), row.type, row.channel, row.region, row.brand, row.gateway,
        major(row.amount, row.currency), row.currency, _time(row.occurred_at),
    )  # fmt: skip


def _clock_cells(row: Any) -> Iterable[object]:
    return (
        row.name, row.subject_type, row.told.number if row.told else row.subject_id, row.state, row.channel, row.region,
        row.brand, row.connection, _time(row.started_at), _time(row.due_at), _time(row.breached_at),
        _time(row.ended_at),
    )  # fmt: skip


CELLS: Mapping[str, tuple[Sequence[str], Any]] = {
    "returns": (
        (
            "return", "status", "waits_for", "channel", "region", "brand", "gateway", "requested_at", "refunded_at",
            "ended_at", "refunded", "waiting", "currency", "touched",
        ),
        _return_cells,
    ),
    "deliveries": (
        (
            "delivery", "system", "operation", "status", "failure", "channel", "region", "brand", "attempts", "amount",
            "currency", "created_at", "finished_at",
        ),
        _delivery_cells,
    ),
    "cases": (
        (
            "case", "kind", "title", "queue", "status", "channel", "region", "brand", "amount", "currency", "opened_at",
            "resolved_at",
        ),
        _case_cells,
    ),
    "clocks": (
        (
            "promise", "of", "return", "state", "channel", "region", "brand", "connection", "started_at", "due_at",
            "breached_at", "ended_at",
        ),
        _clock_cells,
    ),
    "lines": (
        (
            "line", "account", "type", "channel", "region", "brand", "connection", "amount", "currency", "occurred_at",
        ),
        _line_cells,
    ),
    "orders": (("order", "channel", "region", "brand", "placed_at", "captured_at"), _order_cells),
}  # fmt: skip
