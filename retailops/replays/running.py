"""The run of a plan: what sends nothing, then the canary wave by wave, then the rest at its rate."""

import time
from collections.abc import Sequence
from datetime import timedelta
from math import floor

from django.db.models import Q, QuerySet

from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.lib.errors import Denied, NotFound
from retailops.replays.acting import MoneyDeparts, act, end_item
from retailops.replays.ending import finish, stop
from retailops.replays.models import WELL, BulkItem, BulkOperation, BulkResult, BulkStage, BulkStatus
from retailops.replays.observing import observe, why_stop
from retailops.replays.people import actor_behind
from retailops.replays.rules import Rules

BATCH = 25
# So many seconds of the rate may be under way unanswered: the stop rule must be able to stop most of the plan.
AHEAD_SECONDS = 10


def run_some(operation: BulkOperation, until: float) -> int:
    """Go on with a run until the time is up (`time.monotonic`) or it must wait; return how many items moved."""
    moved = 0
    while True:
        moved += observe(operation.id)
        operation.refresh_from_db()
        if operation.status != BulkStatus.RUNNING or stop(operation, why_stop(operation)):
            return moved
        step = _step(operation)
        moved += step
        if not step or time.monotonic() >= until:
            return moved


def _step(operation: BulkOperation) -> int:
    try:
        actor = actor_behind(operation.executed_by)
        return _do(actor, operation, _unsending(operation)) or _send(actor, operation)
    except (MoneyDeparts, Denied, NotFound) as refusal:
        stop(operation, refusal.detail)
        return 0


def _unsending(operation: BulkOperation) -> list[BulkItem]:
    return list(_waiting(operation).filter(sends=False).order_by("position")[:BATCH])


def _waiting(operation: BulkOperation) -> QuerySet[BulkItem]:
    return BulkItem.objects.filter(operation=operation, stage=BulkStage.JUDGED, acts=True)


def _send(actor: Actor, operation: BulkOperation) -> int:
    rules = Rules.read(operation.rules)
    waiting, under_way = _waiting(operation), _under_way(operation)
    if not under_way and not waiting.exists():
        finish(operation)
        return 0
    room = _room(operation, rules, under_way)
    if room > 0 and (ready := _ready(operation, min(room, BATCH))):
        return _do(actor, operation, ready)
    canary = operation.wave < len(rules.canary)
    return _next_wave(operation) if canary and not under_way else 0


def _under_way(operation: BulkOperation) -> int:
    return BulkItem.objects.filter(operation=operation, stage=BulkStage.RELEASED).count()


def _room(operation: BulkOperation, rules: Rules, under_way: int) -> int:
    """Return how many may be released now: what is left of the wave, or what the rate has gathered."""
    began = operation.wave_began_at or now()
    released = BulkItem.objects.filter(operation=operation, released_at__gte=began).count()
    if operation.wave < len(rules.canary):
        return rules.canary[operation.wave] - released
    gathered = floor((now() - began).total_seconds() * rules.rate) + 1
    most = max(1, floor(rules.rate * AHEAD_SECONDS))
    return min(gathered - released, most - under_way)


def _ready(operation: BulkOperation, limit: int) -> list[BulkItem]:
    """Return the next items to send; what follows another one only once that is dealt with."""
    done = BulkItem.objects.filter(operation=operation, stage=BulkStage.DONE).values("subject_id")
    free = ~Q(verdict="blocked") | Q(after_id__in=done)
    return list(_waiting(operation).filter(free).order_by("position")[:limit])


def _do(actor: Actor, operation: BulkOperation, items: Sequence[BulkItem]) -> int:
    failed = _failed_before(operation, items)
    for item in items:
        if item.verdict == "blocked" and item.after_id in failed:
            end_item(item, BulkResult.LEFT_OUT, "What it waits for in its lane did not get through.")
        else:
            act(actor, operation, item)
    return len(items)


def _failed_before(operation: BulkOperation, items: Sequence[BulkItem]) -> set[object]:
    ahead = [item.after_id for item in items if item.verdict == "blocked" and item.after_id]
    rows = BulkItem.objects.filter(operation=operation, subject_id__in=ahead).exclude(result__in=WELL)
    return set(rows.values_list("subject_id", flat=True)) if ahead else set()


def _next_wave(operation: BulkOperation) -> int:
    """Begin the next wave: all of this one got through, or too few failed to stop. Counts as a step."""
    running = BulkOperation.objects.filter(pk=operation.pk, status=BulkStatus.RUNNING, wave=operation.wave)
    return running.update(wave=operation.wave + 1, wave_began_at=now() + timedelta(microseconds=1))
