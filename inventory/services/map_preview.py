"""What another state map would make of the last counts: compared again both ways, and nothing is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from inventory.models import Snapshot
from inventory.selectors import snapshots_visible_to
from inventory.services.comparing import BOOKS, DIFFERENCES, values_of
from inventory.services.state_maps import state_map_of
from retailops.accounts.actor import Actor

# The last count of so many places, and so many rows of each, are enough to judge a map by.
PLACES, ROWS = 5, 20
Key = tuple[str, str]  # sku, disposition


@dataclass(frozen=True)
class Row:
    """What a sku's difference in one disposition would become."""

    sku: str
    disposition: str
    before: int
    after: int


@dataclass(frozen=True)
class Preview:
    """The last count of one place by both maps: skus that differ, and the rows that change the most."""

    snapshot: Snapshot
    before: int
    after: int
    rows: list[Row]
    changing: int


def preview_state_map(actor: Actor, source: str, states: Mapping[str, str]) -> list[Preview]:
    """Return what the map would make of the last compared count of each place (at most five, the latest first)."""
    present = state_map_of(source)
    former = present.states if present else {}
    return [_previewed(snapshot, former, states) for snapshot in _last_counts(actor, source)]


def _last_counts(actor: Actor, source: str) -> list[Snapshot]:
    rows = snapshots_visible_to(actor).filter(source=source).order_by("location", "-as_of").distinct("location")
    return sorted(rows, key=lambda snapshot: snapshot.as_of, reverse=True)[:PLACES]


def _previewed(snapshot: Snapshot, former: Mapping[str, str], states: Mapping[str, str]) -> Preview:
    before, after = _unexplained(snapshot, former), _unexplained(snapshot, states)
    keys = [key for key in {*before, *after} if before.get(key, 0) != after.get(key, 0)]
    keys.sort(key=lambda key: (-abs(after.get(key, 0) - before.get(key, 0)), key))
    rows = [Row(*key, before.get(key, 0), after.get(key, 0)) for key in keys[:ROWS]]
    return Preview(snapshot, len({sku for sku, _ in before}), len({sku for sku, _ in after}), rows, len(keys))


def _unexplained(snapshot: Snapshot, states: Mapping[str, str]) -> dict[Key, int]:
    with connection.cursor() as cursor:
        cursor.execute(BOOKS + DIFFERENCES, values_of(snapshot, states))
        rows = cursor.fetchall()
    return {(sku, where): int(units) for _, sku, where, *_, units in rows if units}
