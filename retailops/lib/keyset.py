"""Keyset pages for HTML lists: newest first by id (UUIDv7), stable while rows arrive, the same cost on every page."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from retailops.lib.ids import parse_uuid

Row = TypeVar("Row", bound=Model)
COUNT_LIMIT = 10_000


@dataclass(frozen=True)
class KeysetPage(Generic[Row]):
    """The rows of one page and the keys of its neighbors; an empty key means that there is none."""

    rows: list[Row]
    newer: str = ""
    older: str = ""

    @property
    def first(self) -> bool:
        """Tell whether nothing newer stands before it."""
        return not self.newer


def keyset_page(rows: QuerySet[Row], *, after: str = "", before: str = "", size: int = 50) -> KeysetPage[Row]:
    """Return up to `size` rows older than the id `after`, or newer than `before`; an id that is none is left out."""
    older_than, newer_than = parse_uuid(after), parse_uuid(before)
    if newer_than is not None:
        found = list(rows.filter(pk__gt=newer_than).order_by("pk")[: size + 1])
        return _page(found[:size][::-1], newer=len(found) > size, older=True)
    if older_than is not None:
        rows = rows.filter(pk__lt=older_than)
    found = list(rows.order_by("-pk")[: size + 1])
    return _page(found[:size], newer=older_than is not None, older=len(found) > size)


def _page(rows: list[Row], *, newer: bool, older: bool) -> KeysetPage[Row]:
    if not rows:
        return KeysetPage([])
    return KeysetPage(rows, str(rows[0].pk) if newer else "", str(rows[-1].pk) if older else "")


def capped_count(rows: QuerySet[Any], limit: int = COUNT_LIMIT) -> int:
    """Return how many rows there are, at most limit + 1: beyond it the exact number is not worth its time."""
    return rows.order_by().values("pk")[: limit + 1].count()
