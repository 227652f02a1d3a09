"""The run of a command over many things: each in a transaction of its own, in which its result is written too.

So a worker that is killed leaves each thing done or not begun, and the next one goes on with those not begun.
"""

import time

import structlog
from django.db import transaction

from retailops.accounts.actor import Actor, can
from retailops.events.raw_sql import PASSING_ERRORS
from retailops.lib.clock import now
from retailops.lib.errors import Denied, DomainError
from retailops.replays.acting import Withdrawn, end_item
from retailops.replays.commands import Command, command_of
from retailops.replays.ending import finish, stop
from retailops.replays.models import BulkItem, BulkOperation, BulkResult, BulkStage, BulkStatus
from retailops.replays.people import actor_behind

log = structlog.get_logger(__name__)

BATCH = 25


def do_some(operation: BulkOperation, until: float) -> int:
    """Go on until the time is up (`time.monotonic`) or nothing is left; return how many items moved."""
    moved, command = 0, command_of(operation.kind)
    while True:
        operation.refresh_from_db()
        if operation.status != BulkStatus.RUNNING:
            return moved
        items = list(BulkItem.objects.filter(operation=operation, stage=BulkStage.JUDGED).order_by("position")[:BATCH])
        actor = _actor(operation, command)
        if actor is None:
            return moved
        if not items:
            finish(operation)
            return moved
        for item in items:
            _do(actor, operation, command, item)
            moved += 1
            if time.monotonic() >= until:
                return moved


def _actor(operation: BulkOperation, command: Command) -> Actor | None:
    """Return who started it, with the rights of now; without them the run stops."""
    try:
        actor = actor_behind(operation.executed_by)
    except Denied as refused:
        stop(operation, refused.detail)
        return None
    if can(actor, command.permission):
        return actor
    stop(operation, f"{actor.label} may not do this any more: somebody else must.")
    return None


def _do(actor: Actor, operation: BulkOperation, command: Command, item: BulkItem) -> None:
    try:
        with transaction.atomic(durable=True):
            told = command.run(actor, item.subject_id, operation.given)
            _write_done(item, told)
    except Withdrawn:
        return
    except DomainError as refused:
        told = " ".join([refused.detail, *(fault.detail for fault in refused.errors)])
        end_item(item, BulkResult.REFUSED, told)
    except PASSING_ERRORS:
        raise
    except Exception as error:
        # A fault with one must not hold up the others; the person sees which one it is.
        log.exception("bulk.item_failed", operation=str(operation.id), subject=str(item.subject_id))
        end_item(item, BulkResult.REFUSED, f"{type(error).__name__}: {error}"[:500])


def _write_done(item: BulkItem, told: str) -> None:
    rows = BulkItem.objects.filter(pk=item.pk, stage=BulkStage.JUDGED)
    if not rows.update(stage=BulkStage.DONE, done_at=now(), result=BulkResult.DONE, detail=told):
        raise Withdrawn("It was taken out of the run.")
