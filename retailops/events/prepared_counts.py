"""How many rows several queries have, in one statement that is rendered once for each scope.

A list has eight tabs and every page three queues: counted one by one, Python spends ten times as long on putting the
same text together as PostgreSQL on counting.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID, uuid4

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from retailops.accounts.actor import Actor
from retailops.events.numbering import numbered, plain, stand_in
from retailops.events.raw_sql import fetch_as_text
from retailops.lib.ids import parse_uuid

# So many scopes are remembered; there are far fewer, as there are roles in regions.
SCOPES_MOST = 500
NOBODY = UUID(int=0)


@dataclass(frozen=True)
class _Rendered:
    """The statement, what it counts, and which of the values it takes."""

    statement: LiteralString
    keys: tuple[str, ...]
    takes: tuple[int, ...]


class PreparedCounts:
    """Counts with parameters: `PreparedCounts(lambda actor, at: {"late": rows_of(actor).filter(due__lt=at)}, 99)`.

    The lambda gets an actor of the same kind with the same grants, whose id and key it may only have compared with a
    column, then a stand-in of each value; for a list (of UUIDs, empty too) a list that stands after `__in`. It asks for
    no row and not for the present. Each count is at most limit + 1.
    """

    def __init__(self, build: Callable[..., Mapping[str, "QuerySet[Any, Any]"]], limit: int) -> None:
        self._build, self._limit = build, limit
        self._known: dict[Any, _Rendered] = {}

    def of(self, actor: Actor, *values: Any) -> dict[str, int]:
        """Return how many rows of each query the actor sees now."""
        shape = (actor.kind, actor.grants, *map(type, values))
        rendered = self._known.get(shape)
        if rendered is None:
            if len(self._known) >= SCOPES_MOST:
                self._known.clear()
            rendered = self._known[shape] = self._render(actor, values)
        if not rendered.keys:
            return {}
        given = (parse_uuid(actor.id) or NOBODY, actor.key, *values)
        [counted] = fetch_as_text(rendered.statement, [plain(given[at]) for at in rendered.takes])
        return dict(zip(rendered.keys, counted, strict=True))

    def _render(self, actor: Actor, values: Sequence[Any]) -> _Rendered:
        anybody = Actor(actor.kind, str(uuid4()), "", actor.grants)
        stands = [uuid4() if isinstance(value, list) else stand_in(value) for value in values]
        shown = [[stand] if isinstance(value, list) else stand for stand, value in zip(stands, values, strict=True)]
        counted = {key: _counted(rows, self._limit) for key, rows in self._build(anybody, *shown).items()}
        parameters = [value for _, used in counted.values() for value in used]
        known = [UUID(anybody.id), anybody.key, *stands]
        takes = tuple(at for at, stand in enumerate(known) if stand in parameters)
        # One that nothing is compared with has no place; should it be found in the text, it was changed.
        places = dict.fromkeys(known, "")
        for number, at in enumerate(takes, start=1):
            several = at > 1 and isinstance(values[at - 2], list)
            places[known[at]] = f"ANY(${number})" if several else f"${number}"
        text = "SELECT " + ", ".join(count for count, _ in counted.values())
        return _Rendered(numbered(text, parameters, places), tuple(counted), takes)


def _counted(rows: "QuerySet[Any, Any]", limit: int) -> tuple[str, Sequence[Any]]:
    try:
        inner, parameters = rows.order_by().values("pk")[: limit + 1].query.sql_with_params()
    except EmptyResultSet:
        return "0", ()
    return f"(SELECT count(*) FROM ({inner}) AS counted)", parameters  # noqa: S608  # Django's own text
