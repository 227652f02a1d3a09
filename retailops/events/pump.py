"""The engine without Celery: all that workers and beat do, in this process; `manage.py pump` and tests use it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from retailops.events.lookup import look_up_due
from retailops.events.sending import drain
from retailops.events.sweeps import due_destinations, run_registered, take_back


@dataclass
class Pumped:
    """What one or more rounds did."""

    attempted: int = 0
    settled: int = 0
    expired: int = 0
    swept: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.attempted or self.settled or self.expired or any(self.swept.values()))

    def add(self, other: "Pumped") -> None:
        """Add the figures of another round."""
        self.attempted += other.attempted
        self.settled += other.settled
        self.expired += other.expired
        for name, count in other.swept.items():
            self.swept[name] = self.swept.get(name, 0) + count


def pump_once(*, senders: int = 0, seconds: float = 5.0) -> Pumped:
    """Do one round: expired leases, each destination's due deliveries, due look-ups, registered sweeps.

    With `senders=0` all of it happens in the calling thread, on its database connection.
    """
    round_ = Pumped(expired=take_back())
    for destination_id in due_destinations():
        round_.attempted += drain(destination_id, seconds=seconds, senders=senders).attempted
    round_.settled = look_up_due(threads=senders)
    round_.swept = run_registered(hurry=True)
    return round_


def pump_until_idle(*, seconds: float = 30.0, senders: int = 0, seen: Callable[[Pumped], None] | None = None) -> Pumped:
    """Do rounds until one finds nothing to do, or the time is up; return the sum. `seen` gets the sum after each."""
    total, until = Pumped(), time.monotonic() + seconds
    while time.monotonic() < until:
        round_ = pump_once(senders=senders)
        total.add(round_)
        if seen:
            seen(total)
        if not round_:
            break
    return total


def pump_for(seconds: float, *, senders: int = 0, seen: Callable[[Pumped], None] | None = None) -> Pumped:
    """Do rounds for that long, resting a moment after an empty one; return the sum."""
    total, until = Pumped(), time.monotonic() + seconds
    while time.monotonic() < until:
        round_ = pump_once(senders=senders)
        total.add(round_)
        if seen:
            seen(total)
        if not round_:
            time.sleep(min(0.2, max(0.0, until - time.monotonic())))
    return total
