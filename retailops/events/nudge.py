"""Tell workers to look now. A nudge carries a destination's id, may be lost at any time, and never fails a command.

Nudges leave from a thread of their own, so that a command never waits for the broker. They coalesce twice: within the
process, and across processes by a short-lived Redis key that the worker removes before it claims (what commits after
that nudges again). While the broker is away none is tried for some seconds; the sweep finds the work.
"""

import os
import threading
import time
from collections.abc import Iterable
from functools import cache
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import connection, transaction

from retailops.events.enums import DestinationKind
from retailops.events.models import Destination

log = structlog.get_logger(__name__)

THREAD_NAME = "nudges"
REST_SECONDS = 3.0
KEY_SECONDS = 10
TIMEOUT_SECONDS = 0.5


def nudge_after_commit(destination_ids: Iterable[UUID]) -> None:
    """Nudge the workers of these destinations once the transaction has committed."""
    ids = [str(destination_id) for destination_id in destination_ids]
    transaction.on_commit(lambda: nudge(ids), robust=True)


def nudge(destination_ids: Iterable[str]) -> None:
    """Hand the nudges to this process's messenger and return at once."""
    if getattr(settings, "NUDGE_WORKERS", True):
        _messenger().post(destination_ids)


def nudge_now(destination_id: str) -> None:
    """Send a nudge from this thread, whatever was nudged before: for a sweep, or a worker that hands work on."""
    try:
        _send_task(destination_id)
    except Exception as error:  # any broker library's error: the sweep does without
        log.warning("nudge.lost", destination_id=destination_id, error=type(error).__name__)


def answered(destination_id: str) -> None:
    """Say that a worker is about to claim: whoever commits from now on must nudge again."""
    try:
        _redis().delete(_key(destination_id))
    except redis.RedisError:
        return  # the key dies by itself


class Messenger:
    """One daemon thread that sends what is posted; `process` guards against a fork, which copies no threads."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._posted: dict[str, None] = {}
        self._wake = threading.Condition()
        self._resting_until = 0.0
        threading.Thread(target=self._run, name=THREAD_NAME, daemon=True).start()

    def post(self, destination_ids: Iterable[str]) -> None:
        """Queue the ids; those already queued are not queued twice."""
        with self._wake:
            if time.monotonic() >= self._resting_until:
                self._posted.update(dict.fromkeys(destination_ids))
                self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: bool(self._posted))
                ids, self._posted = list(self._posted), {}
            self._send(ids)

    def _send(self, destination_ids: list[str]) -> None:
        try:
            for destination_id in destination_ids:
                _send_unless_sent(destination_id)
        except Exception as error:  # any broker library's error: the sweep does without
            log.warning("nudge.broker_away", error=type(error).__name__)
            self._resting_until = time.monotonic() + REST_SECONDS


def _send_unless_sent(destination_id: str) -> None:
    if _redis().set(_key(destination_id), 1, nx=True, ex=KEY_SECONDS):
        _send_task(destination_id)


def _send_task(destination_id: str) -> None:
    from retailops.events.tasks import deliver, handle

    task = handle if _is_handler(destination_id) else deliver
    task.apply_async(args=(destination_id,), ignore_result=True)


@cache
def _is_handler(destination_id: str) -> bool:
    """Tell by which queue it goes. A destination never changes its kind, so one query per process and destination."""
    try:
        return Destination.objects.filter(pk=destination_id, kind=DestinationKind.HANDLER).exists()
    finally:
        if threading.current_thread().name == THREAD_NAME:
            connection.close()


_lock = threading.Lock()
_current: Messenger | None = None


def _messenger() -> Messenger:
    global _current
    with _lock:
        if _current is None or _current.process != os.getpid():
            _current = Messenger()
        return _current


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )


def _key(destination_id: str) -> str:
    return f"{settings.REDIS_PREFIX}:nudge:{destination_id}"
