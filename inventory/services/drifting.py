"""Differences that stay: watched at first sight, raised when they survive two snapshots or are worth too much, ended by
a later snapshot that agrees."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from inventory.events import DriftEnded, DriftFound
from inventory.models import DriftClass, DriftStatus, Snapshot, SnapshotDifference, StockDrift
from inventory.selectors import unit_values
from inventory.services.drift_cases import keep_cases
from retailops.accounts.actor import Actor
from retailops.events.publish import publish
from retailops.lib.fsm import fire

# A move booked this long before or after the instant may be what the two books do not agree on.
WINDOW = timedelta(minutes=15)
OPEN = (DriftStatus.WATCHED, DriftStatus.RAISED)
NET = """
SELECT sku, disposition, sum(quantity) FROM (
    SELECT sku, target AS disposition, quantity FROM inventory_stockmove
     WHERE sku = ANY(%(skus)s) AND at > %(after)s AND at <= %(until)s AND target_location_id = %(location)s
    UNION ALL
    SELECT sku, source, -quantity FROM inventory_stockmove
     WHERE sku = ANY(%(skus)s) AND at > %(after)s AND at <= %(until)s AND source_location_id = %(location)s
) moved GROUP BY sku, disposition
"""
Unexplained = dict[str, int]  # disposition → units
Net = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Found:
    """What of one sku differs: its class, the units that are not where we have them, their total less ours."""

    kind: DriftClass
    units: int
    net: int


def follow_drifts(actor: Actor, snapshot: Snapshot) -> None:
    """Bring the differences of the snapshot's place and source up to date. Its location is locked.

    A snapshot of an earlier instant than one already compared tells nothing new.
    """
    if _overtaken(snapshot):
        return
    found = _found(snapshot)
    known = {drift.sku: drift for drift in _open_drifts(snapshot)}
    _end(actor, snapshot, [drift for sku, drift in known.items() if sku not in found and _looked_at(snapshot, sku)])
    values = unit_values(found, snapshot.location.currency)
    fresh = [_new(snapshot, sku, each) for sku, each in found.items() if sku not in known]
    again = [known[sku] for sku in found if sku in known]
    for drift in again:
        drift.seen, drift.last_snapshot = drift.seen + 1, snapshot
    for drift in [*fresh, *again]:
        _measure(drift, found[drift.sku], values.get(drift.sku))
    raised = [drift for drift in [*fresh, *again] if drift.status == DriftStatus.WATCHED and _stays(drift)]
    for drift in raised:
        fire(drift.raise_it)
    StockDrift.objects.bulk_create(fresh)
    StockDrift.objects.bulk_update(again, CHANGING)
    for drift in raised:
        publish(_fact(drift), subject=drift.as_subject(), actor=actor)
    keep_cases(actor, snapshot)


CHANGING = [
    "seen", "last_snapshot", "kind", "units", "net", "value", "currency", "status", "raised_at", "explanation",
    "explained_by",
]  # fmt: skip


def _overtaken(snapshot: Snapshot) -> bool:
    later = Snapshot.objects.filter(source=snapshot.source, location=snapshot.location_id, as_of__gt=snapshot.as_of)
    return later.exclude(compared_at=None).exists()


def _open_drifts(snapshot: Snapshot) -> list[StockDrift]:
    rows = StockDrift.objects.select_for_update(of=("self",)).select_related("location")
    return list(rows.filter(source=snapshot.source, location=snapshot.location_id, status__in=OPEN).order_by("id"))


def _looked_at(snapshot: Snapshot, sku: str) -> bool:
    """Tell whether the snapshot says anything of a sku that does not differ in it."""
    rows = snapshot.rows.filter(sku=sku)
    if rows.filter(state__in=snapshot.unmapped).exists():
        return False
    return snapshot.complete or rows.exists()


def _found(snapshot: Snapshot) -> dict[str, Found]:
    by_sku: dict[str, Unexplained] = defaultdict(dict)
    rows = SnapshotDifference.objects.filter(snapshot=snapshot).exclude(unexplained=0)
    for sku, where, units in rows.values_list("sku", "disposition", "unexplained").order_by("sku"):
        by_sku[sku][where] = units
    before = _net(snapshot, by_sku, snapshot.as_of - WINDOW, snapshot.as_of)
    after = _net(snapshot, by_sku, snapshot.as_of, snapshot.as_of + WINDOW)
    return {sku: _classified(sku, parts, before, after) for sku, parts in by_sku.items()}


def _net(snapshot: Snapshot, skus: Iterable[str], after: datetime, until: datetime) -> Net:
    values: dict[str, Any] = {"skus": list(skus), "after": after, "until": until, "location": snapshot.location_id}
    with connection.cursor() as cursor:
        cursor.execute(NET, values)
        return {(sku, where): int(units) for sku, where, units in cursor.fetchall()}


def _classified(sku: str, parts: Unexplained, before: Net, after: Net) -> Found:
    more = sum(units for units in parts.values() if units > 0)
    less = -sum(units for units in parts.values() if units < 0)
    if all(units == -before.get((sku, where), 0) for where, units in parts.items()) or all(
        units == after.get((sku, where), 0) for where, units in parts.items()
    ):
        kind = DriftClass.TIMING
    elif more == less:
        kind = DriftClass.MAPPING
    else:
        kind = DriftClass.LOSS if less > more else DriftClass.UNKNOWN
    return Found(kind, max(more, less), more - less)


def _new(snapshot: Snapshot, sku: str, found: Found) -> StockDrift:
    return StockDrift(
        source=snapshot.source,
        location=snapshot.location,
        sku=sku,
        kind=found.kind,
        units=found.units,
        net=found.net,
        first_snapshot=snapshot,
        last_snapshot=snapshot,
    )


def _measure(drift: StockDrift, found: Found, unit_value: int | None) -> None:
    if (drift.units, drift.net) != (found.units, found.net):
        drift.explanation = drift.explained_by = ""  # it was of another difference
    drift.kind, drift.units, drift.net = found.kind, found.units, found.net
    drift.value = None if unit_value is None else unit_value * found.units
    drift.currency = "" if unit_value is None else drift.location.currency


def _stays(drift: StockDrift) -> bool:
    return drift.seen >= 2 or (drift.value is not None and drift.value > drift.location.drift_limit)


def _end(actor: Actor, snapshot: Snapshot, drifts: list[StockDrift]) -> None:
    told = [drift for drift in drifts if drift.status == DriftStatus.RAISED]
    for drift in drifts:
        drift.last_snapshot = snapshot
        fire(drift.end)
    StockDrift.objects.bulk_update(drifts, ["status", "ended_at", "last_snapshot"])
    for drift in told:
        fact = DriftEnded(str(drift.id), drift.source, drift.location.code, drift.sku, str(snapshot.id))
        publish(fact, subject=drift.as_subject(), actor=actor)


def _fact(drift: StockDrift) -> DriftFound:
    return DriftFound(
        drift_id=str(drift.id),
        source=drift.source,
        location=drift.location.code,
        sku=drift.sku,
        kind=str(drift.kind),
        units=drift.units,
        net=drift.net,
        value=drift.value,
        currency=drift.currency,
        snapshot_id=str(drift.last_snapshot_id),
    )
