"""Match what is open in a lane, and tell what does not match: one lane at a time, chunk by chunk, each its own step."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import connection, transaction

from reconciliation.access import MATCH
from reconciliation.matching import evidence, grouping, pairing
from reconciliation.matching.found import Found
from reconciliation.matching.recording import record
from reconciliation.models import MATCHED_LANES, STRONG_KEYS, Item, Lane
from reconciliation.services.raising import end_matched, raise_against, raise_short_payouts, raise_unmapped
from retailops.accounts.actor import Actor, require
from retailops.events.raw_sql import execute, fetch
from retailops.lib.clock import now

CHUNK = 2000
# Cases are opened one by one; so many at a time hold the lane's lock.
RAISED = 200
_LOCK = "SELECT pg_advisory_xact_lock(7304112, hashtext(%(lane)s))"
_CHUNK = """
SELECT item_id FROM reconciliation_openitem WHERE lane = %(lane)s AND queued ORDER BY item_id LIMIT %(limit)s
"""
_TRIED = "UPDATE reconciliation_openitem SET queued = false WHERE queued AND item_id = ANY(%(chunk)s)"
_UNMAPPED = """
SELECT DISTINCT ON (i.source_id, i.told_type) i.id FROM reconciliation_item i
 WHERE i.side = 'A' AND i.lane = 'other' AND i.type = 'unmapped' ORDER BY i.source_id, i.told_type, i.id
"""


@dataclass
class Run:
    """What a run did: matches by stage, discrepancies opened by type, and how many ended."""

    lanes: list[str] = field(default_factory=list)
    matched: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    ended: int = 0

    @property
    def total(self) -> int:
        """Return how many things it did."""
        return sum(self.matched.values()) + sum(self.opened.values()) + self.ended


def reconcile(*, actor: Actor, as_of: date | None = None, lanes: Iterable[Lane] = MATCHED_LANES) -> Run:
    """Match all that is open in these lanes and open discrepancies of what does not match by that day (default: today).

    Each step commits by itself, so a stopped run goes on where it stopped. Raises Denied.
    """
    require(actor, MATCH, region="", brand="")
    day, run = as_of or now().date(), Run()
    for lane in lanes:
        run.lanes.append(str(lane))
        while _chunk(actor, lane, day, run):
            pass
        while _sweep(actor, lane, day, run):
            pass
    _whole_files(actor, run)
    return run


@transaction.atomic
def _chunk(actor: Actor, lane: Lane, as_of: date, run: Run) -> bool:
    """Try what is queued, at most a chunk; tell whether there was any."""
    _lock(lane)
    chunk = [row[0] for row in fetch(_CHUNK, {"lane": str(lane), "limit": CHUNK})]
    if not chunk:
        return False
    for kind in STRONG_KEYS:
        # An item with two keys of a kind may leave another pair free that it was not taken for.
        while _record(actor, lane, pairing.exact(lane, chunk, kind), run):
            pass
    for kind in STRONG_KEYS:
        _record(actor, lane, grouping.groups(lane, chunk, kind), run)
    for kind in pairing.WEAKER_KEYS:
        _record(actor, lane, pairing.weaker(lane, chunk, kind), run)
    _call_off(actor, lane, as_of, run)
    _raise(actor, [*evidence.by_key(lane, chunk), *evidence.charged_back(lane, chunk)], run)
    run.ended += end_matched(actor, lane, CHUNK)
    execute(_TRIED, {"chunk": chunk})
    return True


@transaction.atomic
def _sweep(actor: Actor, lane: Lane, as_of: date, run: Run) -> bool:
    """Call off, and tell what is late or was never expected, at most a share; tell whether there was any."""
    _lock(lane)
    done = _call_off(actor, lane, as_of, run)
    late = evidence.missing(lane, as_of, RAISED)
    late += evidence.orphans(lane, as_of, RAISED - len(late)) if len(late) < RAISED else []
    done += _raise(actor, late, run)
    ended = end_matched(actor, lane, RAISED)
    run.ended += ended
    return bool(done + ended)


@transaction.atomic
def _whole_files(actor: Actor, run: Run) -> None:
    """Tell of payouts that are not what their lines come to, and of types without a meaning."""
    _lock(Lane.PAYOUT)
    run.opened["payout_short"] += raise_short_payouts(actor)
    ids = [row[0] for row in fetch(_UNMAPPED, {})]
    run.opened["unmapped"] += raise_unmapped(actor, Item.objects.filter(pk__in=ids).select_related("source"))
    run.opened = +run.opened


def _lock(lane: Lane) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"lane": str(lane)})


def _call_off(actor: Actor, lane: Lane, as_of: date, run: Run) -> int:
    return sum(_record(actor, lane, grouping.called_off(lane, as_of, kind, CHUNK), run) for kind in STRONG_KEYS)


def _record(actor: Actor, lane: Lane, found: Sequence[Found], run: Run) -> int:
    record(actor, lane, found)
    run.matched.update(str(each.stage) for each in found)
    return len(found)


def _raise(actor: Actor, found: Sequence[evidence.Against], run: Run) -> int:
    opened = 0
    for each in found:
        made = raise_against(actor, [each])
        run.opened[str(each.type)] += made
        opened += made
    run.opened = +run.opened
    return opened
