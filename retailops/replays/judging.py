"""Verdicts of a whole plan: set-based where our own records know, by bounded look-ups where only the remote does."""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from django.db import connections
from psycopg.types.json import Jsonb

from retailops.events.models import Delivery
from retailops.events.raw_sql import execute
from retailops.events.verdicts import Known, Verdict, asked_verdict, known_verdicts, unanswered_verdict
from retailops.replays.models import BulkItem, BulkOperation, BulkStage

CHUNK = 2000
# So many look-ups go at once; they are written together, so that a worker that dies loses no more than these.
ASKED_AT_ONCE = 8
ASKED_A_TURN = 4000


class Judged(NamedTuple):
    """One item with what was found about it, and the delivery that it was found of."""

    item_id: int
    stage: str
    delivery: Delivery
    known: Known


_WRITE: LiteralString = """
UPDATE replays_bulkitem i
SET stage = r.stage, fence = r.fence, status = r.status, amount = r.amount, currency = r.currency, verdict = r.verdict,
    why = r.why, what_to_do = r.what_to_do, evidence = r.evidence, after_id = r.after_id, next_verdict = r.next_verdict
FROM unnest(%(ids)s::bigint[], %(stages)s::text[], %(fences)s::bigint[], %(statuses)s::text[], %(amounts)s::bigint[],
            %(currencies)s::text[], %(verdicts)s::text[], %(whys)s::text[], %(todos)s::text[], %(evidence)s::jsonb[],
            %(afters)s::uuid[], %(nexts)s::text[])
  AS r(id, stage, fence, status, amount, currency, verdict, why, what_to_do, evidence, after_id, next_verdict)
WHERE i.id = r.id AND i.stage IN ('new', 'ask')
"""


def judge_known(operation: BulkOperation) -> int:
    """Form the verdicts of the next items out of our own records; return how many were looked at.

    What only the remote knows is marked to be asked.
    """
    items = _items(operation, BulkStage.NEW, CHUNK)
    deliveries = _deliveries(items.values())
    known = known_verdicts(list(deliveries.values()))
    judged = []
    for item_id, delivery_id in items.items():
        found = known[delivery_id]
        stage = BulkStage.ASK if found.verdict is None else BulkStage.JUDGED
        judged.append(Judged(item_id, stage, deliveries[delivery_id], found))
    _write(judged)
    return len(judged)


def judge_asked(operation: BulkOperation, until: float, *, threads: int = 0) -> int:
    """Ask the remotes about the next items until the time is up (`time.monotonic`); return how many got a verdict.

    Never inside a transaction. A system none of whose first answers comes is not asked about the rest: that cannot be
    known now. `threads` asks that many at once; 0 asks one after the other in this thread.
    """
    items = _items(operation, BulkStage.ASK, ASKED_A_TURN)
    deliveries = _deliveries(items.values())
    by_system: dict[UUID, list[tuple[int, Delivery]]] = {}
    for item_id, delivery_id in items.items():
        delivery = deliveries[delivery_id]
        by_system.setdefault(delivery.destination_id, []).append((item_id, delivery))
    return sum(_ask_one_system(pairs, until, threads) for pairs in by_system.values())


def _ask_one_system(pairs: Sequence[tuple[int, Delivery]], until: float, threads: int) -> int:
    done = 0
    for start in range(0, len(pairs), ASKED_AT_ONCE):
        if done and time.monotonic() >= until:
            break
        some = pairs[start : start + ASKED_AT_ONCE]
        found = _asked([delivery for _, delivery in some], threads)
        _write([_asked_item(*pair, verdict) for pair, verdict in zip(some, found, strict=True)])
        done += len(some)
        if start == 0 and len(some) == ASKED_AT_ONCE and all(map(_unanswered, found)):
            rest = pairs[ASKED_AT_ONCE:]
            _write([_asked_item(id, delivery, unanswered_verdict(delivery)) for id, delivery in rest])
            return done + len(rest)
    return done


def _asked(deliveries: Sequence[Delivery], threads: int) -> list[Verdict]:
    if not threads:
        return [asked_verdict(delivery) for delivery in deliveries]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(_asked_in_thread, deliveries))


def _asked_in_thread(delivery: Delivery) -> Verdict:
    try:
        return asked_verdict(delivery)
    finally:
        connections.close_all()


def _unanswered(found: Verdict) -> bool:
    return found.finding is not None and found.finding.present is None


def _asked_item(item_id: int, delivery: Delivery, found: Verdict) -> Judged:
    return Judged(item_id, BulkStage.JUDGED, delivery, Known(found))


def _items(operation: BulkOperation, stage: str, limit: int) -> dict[int, UUID]:
    rows = BulkItem.objects.filter(operation=operation, stage=stage).order_by("position")
    return dict(rows.values_list("id", "subject_id")[:limit])


def _deliveries(ids: Iterable[UUID]) -> dict[UUID, Delivery]:
    # Verdicts need no event data, and that is the greater part of the rows.
    rows = Delivery.objects.select_related("event", "destination", "effect").defer("event__data")
    return rows.in_bulk(list(ids))


def _write(judged: Sequence[Judged]) -> None:
    if judged:
        execute(_WRITE, _columns(judged))


def _columns(judged: Sequence[Judged]) -> dict[str, Any]:
    deliveries = [each.delivery for each in judged]
    found = [each.known.verdict for each in judged]
    return {
        "ids": [each.item_id for each in judged],
        "stages": [str(each.stage) for each in judged],
        "fences": [delivery.fence for delivery in deliveries],
        "statuses": [str(delivery.status) for delivery in deliveries],
        "amounts": [delivery.amount for delivery in deliveries],
        "currencies": [delivery.currency for delivery in deliveries],
        "verdicts": [str(one.kind) if one else "" for one in found],
        "whys": [one.why if one else "" for one in found],
        "todos": [one.what_to_do if one else "" for one in found],
        "evidence": [Jsonb(one.evidence if one else {}) for one in found],
        "afters": [each.known.after for each in judged],
        "nexts": [str(each.known.then.kind) if each.known.then else "" for each in judged],
    }
