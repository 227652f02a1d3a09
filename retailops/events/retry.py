"""When a failed delivery is tried again."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

LONGEST_RETRY_AFTER = 6 * 3600.0
FLOOR_SECONDS = 60.0
# Part of the codes by which transports name a timeout: "timeout", "network.ReadTimeout", "network.TimeoutError".
TIMEOUT = "timeout"
TOO_MANY_REQUESTS = 429


def delay(
    schedule: Sequence[int],
    retry_no: int,
    *,
    retry_after: float | None = None,
    careful: bool = False,
    jitter: float = 1.0,
) -> float:
    """Return seconds until the next try: max(Retry-After ≤ 6 h, step * jitter), at least 60 s when `careful`.

    `retry_no` counts from 0; past the schedule's end its last step repeats (the deadline ends it). `jitter` is drawn
    from [0.8, 1.2] by the caller. Careful after 429 or a timeout: the remote asked for peace, or is drowning.
    """
    step = schedule[min(retry_no, len(schedule) - 1)] if schedule else FLOOR_SECONDS
    wait = max(min(retry_after or 0.0, LONGEST_RETRY_AFTER), step * jitter)
    return max(wait, FLOOR_SECONDS) if careful else wait


def is_careful(code: str, http_status: int | None) -> bool:
    """Tell whether the 60 s floor applies to a transient outcome."""
    return TIMEOUT in code.lower() or http_status == TOO_MANY_REQUESTS


def next_try(
    moment: datetime,
    deadline: datetime,
    schedule: Sequence[int],
    retry_no: int,
    *,
    retry_after: float | None = None,
    careful: bool = False,
) -> datetime | None:
    """Return when to try again, or None when that would be past the deadline."""
    jitter = random.uniform(0.8, 1.2)  # noqa: S311  # spreads load; no secret depends on it
    at = moment + timedelta(seconds=delay(schedule, retry_no, retry_after=retry_after, careful=careful, jitter=jitter))
    return at if at <= deadline else None
