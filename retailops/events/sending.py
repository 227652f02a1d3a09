"""Drain: claim, renew, send and record until a destination has nothing due.

The calling thread does all of the database work; sender threads only call the transport. So claiming, sending and
recording overlap, and one slow answer does not hold the others back. `senders=0` does everything in the calling thread.
"""

import os
import queue
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django.db import connections

from retailops.events.engine import Claim, claim, renew
from retailops.events.enums import DestinationKind, OutcomeClass
from retailops.events.handling import handle_batch
from retailops.events.recording import record, stubbornly
from retailops.events.transport import Claimed, Outcome, Transport, transport_of

log = structlog.get_logger(__name__)

CHUNK = 1000
# Outcomes are gathered this long before they are recorded, when more are on their way.
LINGER_SECONDS = 0.02
POLL_SECONDS = 0.25
# A claim that took this long is renewed as a whole: its lease is not fresh any more.
STALE_SECONDS = 1.0


def worker_name() -> str:
    """Return host, process and thread: who holds a lease."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{threading.get_native_id()}"


TIME_UP = "time"


@dataclass
class Drained:
    """How many deliveries were attempted, and why it ended: `time`, or the reason of the last claim (`empty`, …)."""

    attempted: int = 0
    ended: str = TIME_UP


def drain(destination_id: UUID, *, seconds: float = 2.0, senders: int = 0) -> Drained:
    """Send what is due until nothing is, or the time is up.

    What was claimed is always finished: the call may last one call timeout longer than `seconds`.
    """
    until = time.monotonic() + seconds
    return _Drain(destination_id, until, senders).run() if senders else _drain_inline(destination_id, until)


def outcomes_of(transport: Transport, batch: Sequence[Claimed]) -> Iterator[Outcome]:
    """Yield one outcome for each delivery: the transport's, else "may have been sent" where it gave none."""
    missing = {claimed.id: claimed for claimed in batch}
    code, message = "no_answer", "The sender gave no outcome."
    try:
        for outcome in transport.send(batch):
            missing.pop(outcome.claimed.id, None)
            yield outcome
    except Exception as error:
        log.exception("engine.sender_failed", destination_id=str(batch[0].destination_id))
        code, message = "sender_failed", f"The sender failed: {type(error).__name__}: {error}"
    for claimed in missing.values():
        yield unknown_outcome(claimed, code, message)


def unknown_outcome(claimed: Claimed, code: str, message: str) -> Outcome:
    """Return the outcome of a call that may or may not have reached the remote."""
    result = OutcomeClass.TRANSIENT if claimed.repeat_safe else OutcomeClass.IN_DOUBT
    return Outcome(claimed, result, code=code, message=message)


def take(destination_id: UUID) -> Claim:
    """Claim, and renew what must be: what is returned may be sent now."""
    owner, began = worker_name(), time.monotonic()
    taken = stubbornly(lambda: claim(destination_id, owner=owner))
    if not taken.deliveries or taken.state is None or taken.state.kind == DestinationKind.HANDLER:
        return taken
    stale = time.monotonic() - began > STALE_SECONDS
    ready = [one for one in taken.deliveries if one.repeat_safe and not stale]
    others = [one for one in taken.deliveries if not one.repeat_safe or stale]
    if others:
        lease = taken.state.lease_seconds
        ready += stubbornly(lambda: renew(others, lease))
    return Claim(ready, taken.state, taken.held, taken.wait, taken.full)


def _drain_inline(destination_id: UUID, until: float) -> Drained:
    done = Drained()
    while time.monotonic() < until:
        taken = take(destination_id)
        if taken.deliveries:
            done.attempted += len(taken.deliveries)
            send_and_record(taken)
        elif _is_over(taken, until):
            done.ended = taken.held
            break
    return done


def _is_over(taken: Claim, until: float) -> bool:
    """Tell whether a claim that brought nothing ends the drain; waits for a token where one is near."""
    if taken.held == "":
        return False  # what was claimed was set aside or lost: there may be more
    return taken.held != "rate" or not _wait_for_token(taken.wait, until)


def _wait_for_token(wait: float, until: float) -> bool:
    """Sleep until the bucket has a token (at least a moment, so that tokens gather); False when time is up first."""
    pause = max(wait, 0.05)
    if time.monotonic() + pause >= until:
        return False
    time.sleep(pause)
    return True


def send_and_record(taken: Claim) -> None:
    """Send one claimed and renewed batch in this thread, recording in chunks."""
    batch, state = taken.deliveries, taken.state
    if state is None or not batch:
        return
    if state.kind == DestinationKind.HANDLER:
        handle_batch(state, batch)
        return
    chunk: list[Outcome] = []
    for outcome in outcomes_of(transport_of(state.kind), batch):
        chunk.append(outcome)
        if len(chunk) >= CHUNK:
            record(state.id, chunk)
            chunk = []
    record(state.id, chunk)


@dataclass
class _Drain:
    """One threaded drain. `outstanding` counts deliveries that are with the senders and have no outcome yet."""

    destination_id: UUID
    until: float
    senders: int
    outstanding: int = 0
    busy: int = 0
    done: Drained = field(default_factory=Drained)
    answers: "queue.SimpleQueue[Outcome | None]" = field(default_factory=queue.SimpleQueue)

    def run(self) -> Drained:
        """Loop until nothing is due and nothing is out."""
        with ThreadPoolExecutor(self.senders, thread_name_prefix="sender") as pool:
            while self._step(pool):
                pass
        return self.done

    def _step(self, pool: ThreadPoolExecutor) -> bool:
        """Claim if a sender is free, record what was answered; False when the drain is over."""
        has_time = time.monotonic() < self.until
        taken = take(self.destination_id) if has_time and self.busy < self.senders else None
        if taken is not None and taken.deliveries:
            self._start(pool, taken)
            return True if taken.full and self.busy < self.senders else self._settle()
        if self.busy:
            return self._settle()
        if taken is None:
            return False
        if _is_over(taken, self.until):
            self.done.ended = taken.held
            return False
        return True

    def _settle(self) -> bool:
        if self.busy:
            record(self.destination_id, self._gather())
        return True

    def _start(self, pool: ThreadPoolExecutor, taken: Claim) -> None:
        self.done.attempted += len(taken.deliveries)
        if taken.state is not None and taken.state.kind == DestinationKind.HANDLER:
            handle_batch(taken.state, taken.deliveries)
            return
        self.busy += 1
        self.outstanding += len(taken.deliveries)
        pool.submit(self._send, taken)

    def _send(self, taken: Claim) -> None:
        """Run in a sender thread; None on the queue says that this sender is free again."""
        try:
            if taken.state is not None:
                for outcome in outcomes_of(transport_of(taken.state.kind), taken.deliveries):
                    self.answers.put(outcome)
        finally:
            self.answers.put(None)
            connections.close_all()

    def _gather(self) -> list[Outcome]:
        """Wait for answers, and a little longer for more of them, so that one transaction records many."""
        chunk: list[Outcome] = []
        wait_until = time.monotonic() + POLL_SECONDS
        while len(chunk) < CHUNK:
            try:
                answer = self.answers.get(timeout=max(0.0, wait_until - time.monotonic()))
            except queue.Empty:
                break
            if answer is None:
                self.busy -= 1
            else:
                chunk.append(answer)
                self.outstanding -= 1
            wait_until = min(wait_until, time.monotonic() + LINGER_SECONDS)
            if self.outstanding <= 0 and self.answers.empty():
                break
        return chunk
