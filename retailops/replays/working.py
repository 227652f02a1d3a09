"""Who works on an operation: one process at a time, told by a nudge, looked after by a sweep.

The operation's row is the truth. A worker that dies leaves items that are not done; the next one goes on with them.
"""

import time
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from retailops.events.sweeps import one_worker_of, register_sweep
from retailops.lib.clock import now
from retailops.replays.doing import do_some
from retailops.replays.events import OperationPlanned
from retailops.replays.hashing import hash_of
from retailops.replays.judging import judge_asked, judge_known
from retailops.replays.models import REPLAY, BulkItem, BulkOperation, BulkStage, BulkStatus
from retailops.replays.observing import observe
from retailops.replays.running import run_some
from retailops.replays.telling import ENGINE, tell
from retailops.replays.totals import settle_totals

log = structlog.get_logger(__name__)

AT_WORK = (BulkStatus.PLANNING, BulkStatus.RUNNING)
SWEEP_SECONDS = 1.0
REST_SECONDS = 3.0
_resting_until = 0.0


def register() -> None:
    """Register the sweep."""
    register_sweep("bulk operations", sweep)


def sweep() -> int:
    """Go on with operations whose worker is gone, and settle what ended ones had released; return how many moved."""
    moved = observe()
    for operation_id in BulkOperation.objects.filter(status__in=AT_WORK).order_by("id").values_list("id", flat=True):
        done = advance(operation_id, seconds=SWEEP_SECONDS)
        if done is not None:  # nobody was at it: a worker may have died
            nudge(operation_id)
        moved += done or 0
    return moved


def advance(operation_id: UUID, *, seconds: float, threads: int = 0, ask: bool = True) -> int | None:
    """Work on one operation for about so long; return how many items moved, None where another process is at it.

    `threads` ask other systems that many at once; without `ask` none is asked, and what only they know is left to a
    worker. No transaction may be open where other systems are asked.
    """
    with one_worker_of(operation_id) as mine:
        if not mine:
            return None
        operation = BulkOperation.objects.filter(pk=operation_id).first()
        if operation is None:
            return 0
        until = time.monotonic() + seconds
        if operation.status == BulkStatus.PLANNING:
            return _plan(operation, until, threads, ask=ask)
        if operation.status != BulkStatus.RUNNING:
            return 0
        return run_some(operation, until) if operation.kind == REPLAY else do_some(operation, until)


def _plan(operation: BulkOperation, until: float, threads: int, *, ask: bool) -> int:
    moved = 0
    while True:
        step = judge_known(operation)
        if not step and ask:
            step = judge_asked(operation, until, threads=threads)
        moved += step
        if not step:
            return moved + _planned(operation)
        if time.monotonic() >= until:
            return moved


@transaction.atomic
def _planned(operation: BulkOperation) -> int:
    """Freeze the verdicts under their hash; 0 where a person canceled it or wants the verdicts anew meanwhile."""
    locked = BulkOperation.objects.select_for_update().get(pk=operation.pk)
    left = BulkItem.objects.filter(operation=locked, stage__in=[BulkStage.NEW, BulkStage.ASK])
    if locked.status != BulkStatus.PLANNING or left.exists():
        return 0
    settle_totals(locked)
    locked.status, locked.planned_at, locked.hash = BulkStatus.PLANNED, now(), hash_of(locked)
    locked.save()
    tell(OperationPlanned, locked, ENGINE)
    return 1


def nudge_after_commit(operation_id: UUID) -> None:
    """Have a worker look at the operation once the transaction has committed; may be lost at any time."""
    transaction.on_commit(lambda: nudge(operation_id), robust=True)


def nudge(operation_id: UUID) -> None:
    """Send a nudge; while the broker is away none is tried for some seconds."""
    from retailops.replays.tasks import work

    global _resting_until
    if not getattr(settings, "NUDGE_WORKERS", True) or time.monotonic() < _resting_until:
        return
    try:
        work.apply_async(args=(str(operation_id),), ignore_result=True)
    except Exception as error:  # any broker library's error: the sweep does without
        _resting_until = time.monotonic() + REST_SECONDS
        log.warning("nudge.lost", of="bulk operations", error=type(error).__name__)
