"""Pages of items by key, in the order that a person chose; rows that come or go meanwhile shift nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from retailops.cases.models import Case
from retailops.lib.ids import parse_uuid
from retailops.lib.keyset import KeysetPage

SIZE = 50
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
SORTS: Mapping[str, str] = {"new": "Newest first", "old": "Oldest first", "due": "Due first"}


def order_of(sort: str, backwards: bool = False) -> list[Any]:
    """Return the order of a list, or its reverse."""
    if sort != "due":
        return ["pk"] if (sort == "old") != backwards else ["-pk"]
    return [F("due_at").desc(nulls_first=True), "-pk"] if backwards else [F("due_at").asc(nulls_last=True), "pk"]


def _beyond(sort: str, place: tuple[datetime | None, UUID], backwards: bool) -> Q:
    """Return the condition of what comes after a place in the order, or before it; what is never due comes last."""
    due, id = place
    if sort != "due":
        return Q(pk__gt=id) if (sort == "old") != backwards else Q(pk__lt=id)
    same = Q(due_at=due, pk__lt=id) if backwards else Q(due_at=due, pk__gt=id)
    if due is None:
        return same | Q(due_at__isnull=False) if backwards else same
    return same | Q(due_at__lt=due) if backwards else same | Q(due_at__gt=due) | Q(due_at__isnull=True)


def page_of(rows: QuerySet[Case], sort: str, *, after: str = "", before: str = "") -> KeysetPage[Case]:
    """Return one page after or before a place in the order; a place that is none is left out."""
    if (place := _place(before, sort)) is not None:
        found = _read(rows.filter(_beyond(sort, place, True)), order_of(sort, True))
        return _page(found[:SIZE][::-1], sort, newer=len(found) > SIZE, older=True)
    place = _place(after, sort)
    if place is not None:
        rows = rows.filter(_beyond(sort, place, False))
    found = _read(rows, order_of(sort))
    return _page(found[:SIZE], sort, newer=place is not None, older=len(found) > SIZE)


def _read(rows: QuerySet[Case], order: list[Any]) -> list[Case]:
    """Return the first rows with owner and cause. What is passed over is read from an index alone: ids first."""
    ids = list(rows.order_by(*order).values_list("pk", flat=True)[: SIZE + 1])
    return list(Case.objects.select_related("owner", "group__owner").filter(pk__in=ids).order_by(*order))


def _page(rows: list[Case], sort: str, *, newer: bool, older: bool) -> KeysetPage[Case]:
    if not rows:
        return KeysetPage([])
    return KeysetPage(rows, _key(rows[0], sort) if newer else "", _key(rows[-1], sort) if older else "")


def _key(case: Case, sort: str) -> str:
    if sort != "due":
        return str(case.pk)
    return f"{case.due_at.isoformat() if case.due_at else 'never'}~{case.pk}"


def _place(text: str, sort: str) -> tuple[datetime | None, UUID] | None:
    moment, _, id = text.rpartition("~")
    found = parse_uuid(id)
    if found is None:
        return None
    if sort != "due":
        return None, found
    try:
        return (None if moment == "never" else datetime.fromisoformat(moment)), found
    except ValueError:
        return None
