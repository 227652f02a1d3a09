"""Pages of items by key, in the order that a person chose; rows that come or go meanwhile shift nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce

from retailops.cases.models import Case
from retailops.lib.ids import parse_uuid
from retailops.lib.keyset import KeysetPage

SIZE = 50
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
SORTS: Mapping[str, str] = {"new": "Newest first", "old": "Oldest first", "due": "Due first"}


@dataclass(frozen=True)
class _Order:
    """A column that orders, and whether it rises; the id settles ties in the same direction."""

    column: str
    rising: bool

    def by(self, backwards: bool) -> list[str]:
        sign = "" if self.rising != backwards else "-"
        return [f"{sign}pk"] if self.column == "pk" else [f"{sign}{self.column}", f"{sign}pk"]

    def beyond(self, values: list[Any], backwards: bool) -> Q:
        way = "gt" if self.rising != backwards else "lt"
        if self.column == "pk":
            return Q(**{f"pk__{way}": values[-1]})
        return Q(**{f"{self.column}__{way}": values[0]}) | Q(**{self.column: values[0], f"pk__{way}": values[-1]})


ORDERS = {"new": _Order("pk", False), "old": _Order("pk", True), "due": _Order("due_key", True)}


def page_of(rows: QuerySet[Case], sort: str, *, after: str = "", before: str = "") -> KeysetPage[Case]:
    """Return one page after or before a place in the order; a place that is none is left out."""
    order = ORDERS[sort]
    if sort == "due":
        rows = rows.annotate(due_key=Coalesce("due_at", Value(NEVER)))
    if (place := _place(before, sort)) is not None:
        found = list(rows.filter(order.beyond(place, True)).order_by(*order.by(True))[: SIZE + 1])
        return _page(found[:SIZE][::-1], sort, newer=len(found) > SIZE, older=True)
    place = _place(after, sort)
    if place is not None:
        rows = rows.filter(order.beyond(place, False))
    found = list(rows.order_by(*order.by(False))[: SIZE + 1])
    return _page(found[:SIZE], sort, newer=place is not None, older=len(found) > SIZE)


def _page(rows: list[Case], sort: str, *, newer: bool, older: bool) -> KeysetPage[Case]:
    if not rows:
        return KeysetPage([])
    return KeysetPage(rows, _key(rows[0], sort) if newer else "", _key(rows[-1], sort) if older else "")


def _key(case: Case, sort: str) -> str:
    return f"{(case.due_at or NEVER).isoformat()}~{case.pk}" if sort == "due" else str(case.pk)


def _place(text: str, sort: str) -> list[Any] | None:
    moment, _, id = text.rpartition("~")
    found = parse_uuid(id)
    if found is None:
        return None
    if sort != "due":
        return [found]
    try:
        return [datetime.fromisoformat(moment), found]
    except ValueError:
        return None
