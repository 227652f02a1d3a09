"""Compare a snapshot with our balances as of its instant, less what is in flight; keep the result."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from inventory.in_flight import in_flight
from inventory.models import Location, Snapshot, SnapshotRow, StateMap
from inventory.services.drifting import follow_drifts
from retailops.accounts.actor import Actor
from retailops.cases.inputs import CaseIn
from retailops.cases.models import CaseQueue
from retailops.cases.services import open_case
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.ids import uuid7_at

# Every move that bears an earlier time is committed by then.
SETTLE = timedelta(minutes=1)
# An id is made at most this long before its move gets its time.
ID_LEAD = timedelta(hours=1)
COMPARER = Actor.system("comparison")

# What stands there now, less what moved since: the same as the sum of all moves before, and quick. The audit sums them.
BOOKS = """
WITH meaning AS (
    SELECT * FROM unnest(%(states)s::text[], %(meanings)s::text[]) AS m(state, disposition)
), theirs AS (
    SELECT r.sku, m.disposition, sum(r.quantity) AS quantity
      FROM inventory_snapshotrow r JOIN meaning m ON m.state = r.state
     WHERE r.snapshot_id = %(snapshot)s AND m.disposition <> '' GROUP BY r.sku, m.disposition
), told AS (
    SELECT sku, bool_or(NOT EXISTS (SELECT 1 FROM meaning m WHERE m.state = r.state)) AS unclear
      FROM inventory_snapshotrow r WHERE r.snapshot_id = %(snapshot)s GROUP BY sku
), since AS (
    SELECT id, sku, source_location_id, source, target_location_id, target, quantity FROM inventory_stockmove
     WHERE id >= %(first_id)s AND at > %(as_of)s
       AND (source_location_id = %(location)s OR target_location_id = %(location)s)
), ours AS (
    SELECT sku, disposition, sum(quantity) AS quantity FROM (
        SELECT sku, disposition, quantity FROM inventory_stockbalance WHERE location_id = %(location)s
        UNION ALL SELECT sku, target, -quantity FROM since WHERE target_location_id = %(location)s
        UNION ALL SELECT sku, source, quantity FROM since WHERE source_location_id = %(location)s
    ) held WHERE disposition IN (SELECT disposition FROM meaning WHERE disposition <> '')
     GROUP BY sku, disposition
), flying AS (
    SELECT sku, disposition, sum(coming) AS coming, sum(leaving) AS leaving
      FROM unnest(%(skus)s::text[], %(dispositions)s::text[], %(coming)s::bigint[], %(leaving)s::bigint[])
           AS f(sku, disposition, coming, leaving) GROUP BY sku, disposition
), compared AS (
    SELECT sku, disposition, coalesce(t.quantity, 0) AS theirs, coalesce(o.quantity, 0) AS ours
      FROM theirs t FULL JOIN ours o USING (sku, disposition)
     WHERE sku NOT IN (SELECT sku FROM told WHERE unclear)
       AND (%(complete)s OR sku IN (SELECT sku FROM told))
)
"""
KEEP = """
INSERT INTO inventory_snapshotdifference
       (snapshot_id, sku, disposition, theirs, ours, coming, leaving, unexplained)
"""
DIFFERENCES = """
SELECT %(snapshot)s, c.sku, c.disposition, c.theirs, c.ours, coalesce(f.coming, 0), coalesce(f.leaving, 0),
       CASE WHEN c.theirs > c.ours THEN greatest(0, c.theirs - c.ours - coalesce(f.coming, 0))
            ELSE least(0, c.theirs - c.ours + coalesce(f.leaving, 0)) END
  FROM compared c LEFT JOIN flying f ON f.sku = c.sku AND f.disposition = c.disposition
 WHERE c.theirs <> c.ours
"""
UNMAPPED = "SELECT DISTINCT state FROM inventory_snapshotrow WHERE snapshot_id = %s AND NOT state = ANY(%s) ORDER BY 1"


@transaction.atomic
def compare_snapshot(snapshot_id: UUID) -> Snapshot:
    """Compare a snapshot that is there, once. A source without a state map waits.

    States that the map does not know become a case each, and skus that stand in one are left out: nothing is guessed.
    """
    snapshot = Snapshot.objects.select_for_update(of=("self",)).select_related("location").get(pk=snapshot_id)
    if snapshot.compared_at is not None:
        return snapshot
    meaning = StateMap.objects.filter(source=snapshot.source).order_by("-version").first()
    if meaning is None:
        _open_unmapped(snapshot, "")
        return snapshot
    # Comparisons of a place follow one another, so that a difference is counted once for each snapshot.
    Location.objects.select_for_update(no_key=True).get(pk=snapshot.location_id)
    with connection.cursor() as cursor:
        cursor.execute(UNMAPPED, [snapshot.id, list(meaning.states)])
        snapshot.unmapped = [state for (state,) in cursor.fetchall()]
        cursor.execute(BOOKS + KEEP + DIFFERENCES, values_of(snapshot, meaning.states))
    for state in snapshot.unmapped:
        _open_unmapped(snapshot, state)
    snapshot.state_map, snapshot.compared_at = meaning, now()
    snapshot.sku_count = SnapshotRow.objects.filter(snapshot=snapshot).values("sku").distinct().count()
    differing = snapshot.differences.exclude(unexplained=0)
    snapshot.differing_count = differing.values("sku").distinct().count()
    snapshot.save(update_fields=["state_map", "compared_at", "sku_count", "differing_count", "unmapped"])
    follow_drifts(COMPARER, snapshot)
    return snapshot


def values_of(snapshot: Snapshot, states: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of a comparison by these meanings (state → disposition, "" for not our stock)."""
    flying = in_flight(snapshot.location_id, snapshot.as_of)
    ends = [(each.sku, each.target, each.quantity, 0) for each in flying]
    ends += [(each.sku, each.source, 0, each.quantity) for each in flying]
    return {
        "snapshot": snapshot.id,
        "location": snapshot.location_id,
        "as_of": snapshot.as_of,
        "first_id": uuid7_at(snapshot.as_of - ID_LEAD),
        "complete": snapshot.complete,
        "states": list(states),
        "meanings": list(states.values()),
        "skus": [end[0] for end in ends],
        "dispositions": [end[1] for end in ends],
        "coming": [end[2] for end in ends],
        "leaving": [end[3] for end in ends],
    }


def unmapped_key(source: str, state: str) -> str:
    """Return what the trouble of a state without a meaning is called; "" stands for all of the source's states."""
    return f"snapshot_unmapped:{source}:{state}"[:200]


def _open_unmapped(snapshot: Snapshot, state: str) -> None:
    what = f"the state “{state}” has no meaning here" if state else "none of its states has a meaning here"
    case = CaseIn(
        kind="snapshot_unmapped",
        queue=CaseQueue.TECHNICAL,
        title=f"Stock of {snapshot.source}: {what}",
        dedupe_key=unmapped_key(snapshot.source, state),
        subject=Subject("snapshot", snapshot.id, snapshot.id, str(snapshot.id), snapshot.location.region),
        detail=f"Snapshot {snapshot.reference} of {snapshot.location.code}. What stands in it is left out.",
        next_action="Add the state to the source's state map",
        group_title="A state of another system has no meaning here",
        system=snapshot.source[:40],
        evidence={"source": snapshot.source, "state": state, "snapshot": str(snapshot.id)},
    )
    open_case(COMPARER, case)
