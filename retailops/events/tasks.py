"""Celery tasks of the engine: thin, ids only, nothing in them that may not be lost."""

from uuid import UUID

from celery import shared_task

from retailops.events import nudge
from retailops.events.engine import has_due_head
from retailops.events.lookup import look_up_due
from retailops.events.sending import TIME_UP, drain
from retailops.events.sweeps import (
    HOUSEKEEPING_LOCK,
    due_destinations,
    look_up_is_due,
    one_drain_of,
    run_registered,
    take_back,
    the_only_sweeper,
)

DRAIN_SECONDS = 2.0
SENDERS = 3
LOOK_UP_THREADS = 4


@shared_task(name="events.deliver")
def deliver(destination_id: str) -> None:
    """Send what is due to one destination; hand on to another worker after some seconds, so that all get a turn."""
    _drain(UUID(destination_id), SENDERS)


@shared_task(name="events.handle")
def handle(destination_id: str) -> None:
    """Run what is due for one in-process destination."""
    _drain(UUID(destination_id), 0)


def _drain(destination_id: UUID, senders: int) -> None:
    """Drain unless another worker does: one slow remote must not occupy every worker."""
    nudge.answered(str(destination_id))
    with one_drain_of(destination_id) as mine:
        if not mine:
            return
        done = drain(destination_id, seconds=DRAIN_SECONDS, senders=senders)
    # Asked after the lock is free: who was nudged before that found it taken and left.
    if done.ended == TIME_UP or (done.ended == "empty" and has_due_head(destination_id)):
        nudge.nudge_now(str(destination_id))


@shared_task(name="events.look_up")
def look_up() -> None:
    """Ask about deliveries in doubt."""
    look_up_due(threads=LOOK_UP_THREADS)


@shared_task(name="events.sweep")
def sweep() -> None:
    """Take back expired leases and nudge for whatever is due: the guarantee behind the nudges."""
    with the_only_sweeper() as mine:
        if not mine:
            return
        take_back()
        for destination_id in due_destinations():
            nudge.nudge_now(str(destination_id))
        if look_up_is_due():
            look_up.apply_async(ignore_result=True)


@shared_task(name="events.housekeeping")
def housekeeping() -> None:
    """Run the sweeps that the layers registered."""
    with the_only_sweeper(HOUSEKEEPING_LOCK) as mine:
        if mine:
            run_registered()
