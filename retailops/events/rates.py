"""Back-pressure: a token bucket per destination, and the ramp after its circuit closed. Pure; seconds and tokens."""

from datetime import datetime

RAMP_SECONDS = 60.0
RAMP_START = 0.1


def ramp(moment: datetime, closed_at: datetime | None) -> float:
    """Return the share of the rate that is allowed: 10 % when the circuit closes, all of it 60 s later."""
    if closed_at is None:
        return 1.0
    elapsed = (moment - closed_at).total_seconds()
    return min(1.0, RAMP_START + (1.0 - RAMP_START) * max(0.0, elapsed) / RAMP_SECONDS)


def refill(
    *, tokens: float, tokens_at: datetime, moment: datetime, rate: float, burst: int, closed_at: datetime | None = None
) -> float:
    """Return the tokens in the bucket at `moment`: at most the burst, and never less than one's worth of room."""
    share = ramp(moment, closed_at)
    capacity = max(1.0, burst * share)
    gained = max(0.0, (moment - tokens_at).total_seconds()) * rate * share
    return min(capacity, tokens + gained)


def seconds_until(tokens: float, rate: float, share: float = 1.0) -> float:
    """Return the seconds until the bucket holds one token; an hour when the rate is nothing."""
    if tokens >= 1.0:
        return 0.0
    return min(3600.0, (1.0 - tokens) / (rate * share)) if rate * share > 0 else 3600.0
