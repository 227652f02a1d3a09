"""Take in what another system says of our stock: once, set-based; compared as soon as its instant has settled."""

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from inventory.inputs import SnapshotIn
from inventory.models import Location, Snapshot, StateMap
from inventory.services.comparing import SETTLE, compare_snapshot
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid

SKEW = timedelta(minutes=1)
INSERT_ROWS = """
INSERT INTO inventory_snapshotrow (snapshot_id, sku, state, quantity)
SELECT %(id)s, sku, state, quantity
  FROM unnest(%(skus)s::text[], %(states)s::text[], %(quantities)s::bigint[]) AS told(sku, state, quantity)
"""


@transaction.atomic
def take_snapshot(*, actor: Actor, snapshot: SnapshotIn) -> Snapshot:
    """Store a snapshot, once for each source and reference, and compare it with our balances as of its instant.

    An instant of the last minute is compared a little later, by a sweep: moves that were being written then are there
    by then. Raises Invalid (unknown location, a row twice, an instant to come), Conflict (the reference had other
    content), Denied, NotFound.
    """
    place = Location.objects.filter(code=snapshot.location).first()
    if place is None:
        raise Invalid(f"There is no location {snapshot.location}.", code="unknown-location")
    require(actor, Permission.INVENTORY_WRITE, region=place.region or None, view=Permission.INVENTORY_VIEW)
    _check(snapshot)
    row, new = Snapshot.objects.get_or_create(
        source=snapshot.source,
        reference=snapshot.reference,
        defaults={
            "location": place,
            "as_of": snapshot.as_of,
            "complete": snapshot.complete,
            "row_count": len(snapshot.rows),
            "content_hash": _hash(snapshot),
            "actor": actor.key,
        },
    )
    if not new:
        if row.content_hash != _hash(snapshot):
            raise Conflict(f"Snapshot {row.reference} of {row.source} had other content.", code="key-reused")
        return row
    _write_rows(row.id, snapshot)
    if snapshot.as_of <= now() - SETTLE:
        row = compare_snapshot(row.id)
    return row


def _check(snapshot: SnapshotIn) -> None:
    if snapshot.as_of > now() + SKEW:
        raise Invalid("The instant is to come.", errors=[FieldError("/as_of", "must not be in the future")])
    seen: set[tuple[str, str]] = set()
    faults = []
    for index, row in enumerate(snapshot.rows):
        if (row.sku, row.state) in seen:
            faults.append(FieldError(f"/rows/{index}", f"{row.sku} in {row.state} is given twice"))
        seen.add((row.sku, row.state))
    if faults:
        raise Invalid("Each sku comes once in each state.", errors=faults[:50])


def _hash(snapshot: SnapshotIn) -> str:
    rows = sorted((row.sku, row.state, row.quantity) for row in snapshot.rows)
    told = [snapshot.location, snapshot.as_of.isoformat(), snapshot.complete, rows]
    return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()


def _write_rows(id: UUID, snapshot: SnapshotIn) -> None:
    values: dict[str, Any] = {
        "id": id,
        "skus": [row.sku for row in snapshot.rows],
        "states": [row.state for row in snapshot.rows],
        "quantities": [row.quantity for row in snapshot.rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT_ROWS, values)


def compare_due(limit: int = 20) -> int:
    """Compare the snapshots whose instant has settled, oldest first; return how many. A sweep."""
    due = _due()[:limit]
    for id in due:
        compare_snapshot(id)
    return len(due)


def _due() -> list[UUID]:
    mapped: Iterable[str] = StateMap.objects.values_list("source", flat=True).distinct()
    waiting = Snapshot.objects.filter(compared_at=None, as_of__lte=now() - SETTLE, source__in=list(mapped))
    return list(waiting.order_by("as_of").values_list("id", flat=True))
