"""Sweeps: look after what nudges missed. One process at a time does it, under an advisory lock.

The engine's own: expired leases, look-ups, what is due. Upper layers register theirs (inbox, recompute audits).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from django.db import connection

from retailops.events.expiry import expire_leases
from retailops.events.heartbeat import beat, older_than
from retailops.events.raw_sql import fetch

log = structlog.get_logger(__name__)

SWEEP_LOCK = 7_304_110_001
HOUSEKEEPING_LOCK = 7_304_110_002
# First of the two keys of a drain's lock; the second is the destination's hash.
DRAIN_LOCKS = 7_304_110
# The same for whatever else of the upper layers is worked on by one process at a time.
WORK_LOCKS = 7_304_111
ENGINE_HEARTBEAT = "sweep"


@dataclass(frozen=True)
class Sweep:
    """A registered sweep: `work()` returns how much it did; it runs at most every `every` seconds."""

    name: str
    work: Callable[[], int]
    every: float


_sweeps: dict[str, Sweep] = {}


def register_sweep(name: str, work: Callable[[], int], *, every: float = 0.0) -> None:
    """Have `work` called by each sweep (every few seconds) and by `manage.py pump`, at most every `every` seconds.

    It must bound its own work, hold no transaction open while it makes remote calls, and return how many items it
    dealt with. What it raises is logged and spoils no other sweep.
    """
    _sweeps[name] = Sweep(name, work, every)


def registered_sweeps() -> list[Sweep]:
    """Return the registered sweeps in the order of registration."""
    return list(_sweeps.values())


@contextmanager
def the_only_sweeper(lock: int = SWEEP_LOCK) -> Iterator[bool]:
    """Yield True when no other process holds the advisory lock, else False."""
    with _session_lock("%s::bigint", [lock]) as mine:
        yield mine


@contextmanager
def one_drain_of(destination_id: UUID) -> Iterator[bool]:
    """Yield True when no other worker drains the destination, else False."""
    with _session_lock("%s, hashtext(%s)", [DRAIN_LOCKS, str(destination_id)]) as mine:
        yield mine


@contextmanager
def one_worker_of(id: UUID) -> Iterator[bool]:
    """Yield True when no other process works on the thing of that id, else False."""
    with _session_lock("%s, hashtext(%s)", [WORK_LOCKS, str(id)]) as mine:
        yield mine


@contextmanager
def _session_lock(keys: str, values: list[Any]) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({keys})", values)
        mine = bool(cursor.fetchone()[0])
        holder = connection.connection
    try:
        yield mine
    finally:
        # A connection that was lost meanwhile took its locks with it.
        if mine and connection.connection is holder and not holder.closed:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({keys})", values)


_DUE = """
SELECT t.id FROM events_destination t
WHERE t.paused_at IS NULL AND t.retired_at IS NULL
  AND (t.circuit <> 'open' OR t.circuit_until <= clock_timestamp())
  AND EXISTS (SELECT 1 FROM events_delivery d WHERE d.destination_id = t.id AND d.status = 'ready'
              AND d.next_attempt_at <= clock_timestamp()
              AND NOT EXISTS (SELECT 1 FROM events_lease l
                              WHERE l.destination_id = d.destination_id AND l.lane_key = d.lane_key))
ORDER BY t.last_claimed_at NULLS FIRST
"""


def due_destinations() -> list[UUID]:
    """Return the destinations that have something due and are not held, the longest waiting first."""
    return [row[0] for row in fetch(_DUE, {})]


def look_up_is_due() -> bool:
    """Tell whether any look-up is due."""
    rows = fetch(
        "SELECT 1 FROM events_delivery WHERE status = 'in_doubt' AND next_attempt_at <= clock_timestamp() LIMIT 1", {}
    )
    return bool(rows)


def run_registered(*, hurry: bool = False) -> dict[str, int]:
    """Run each registered sweep whose time has come; `hurry` runs those of at most a minute's interval at once."""
    done: dict[str, int] = {}
    for sweep in registered_sweeps():
        if (hurry and sweep.every <= 60) or sweep.every == 0 or older_than(f"sweep:{sweep.name}", sweep.every):
            done[sweep.name] = _run(sweep)
    return done


def _run(sweep: Sweep) -> int:
    try:
        count = sweep.work()
    except Exception:
        log.exception("sweep.failed", sweep=sweep.name)
        return 0
    if sweep.every:
        beat(f"sweep:{sweep.name}", count=count)
    return count


def take_back() -> int:
    """Expire leases and say that the engine is being looked after; return how many leases ran out."""
    expired = expire_leases()
    beat(ENGINE_HEARTBEAT, expired=expired)
    return expired
