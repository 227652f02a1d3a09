"""Requests per minute and client, counted in Redis; where Redis is away everybody may pass.

Headers: `RateLimit-Policy`, `RateLimit` (draft-ietf-httpapi-ratelimit-headers) and `Retry-After`.
"""

import threading
import time
from dataclasses import dataclass
from functools import cache

import redis
import structlog
from django.conf import settings

from retailops.lib.errors import DomainError

WINDOW = 60
# A process takes that share of a client's quota at once and deals it out: asking Redis for each request of a busy
# client costs a tenth of what the request costs. Nobody gets more than the quota; what is left of shares lapses.
SHARES = 600
# After Redis failed, requests do not even ask for so many seconds: a dead Redis must not slow each of them down.
AWAY_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Quota:
    """What a client may do in a window, and what is left of it. Times in seconds."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """Return the headers that tell the client."""
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW}',
            "RateLimit": f'"minute";r={self.remaining};t={self.reset}',
        }


class TooManyRequests(DomainError):
    """The client's quota of this minute is used up; `headers` say when it may come again."""

    code, status, title = "throttled", 429, "Too many requests"

    def __init__(self, quota: Quota) -> None:
        detail = f"This client may make {quota.limit} requests a minute; try again in {quota.reset} s."
        super().__init__(detail, retry_after=quota.reset)
        self.headers = quota.headers()


class _Absence:
    """When Redis was last found away, per process."""

    until = 0.0


@dataclass
class _Share:
    """Requests that this process may still deal out to a client: those counted from `used` on, `left` of them."""

    window: int
    used: int
    left: int


_shares: dict[str, _Share] = {}
_lock = threading.Lock()


def spend(client: str, limit: int, moment: float | None = None) -> Quota | None:
    """Count one request of the client in the present minute and return what is left; None when Redis is away.

    Raises TooManyRequests (HTTP 429, with `retry_after` seconds) past the limit. A `limit` of 0 means none.
    """
    if limit <= 0 or time.monotonic() < _Absence.until:
        return None
    instant = time.time() if moment is None else moment
    window = int(instant) // WINDOW
    used = _used(client, window, max(1, limit // SHARES))
    if used is None:
        return None
    reset = max(1, int((window + 1) * WINDOW - instant))
    if used > limit:
        raise TooManyRequests(Quota(limit, 0, reset))
    return Quota(limit, limit - used, reset)


def _used(client: str, window: int, size: int) -> int | None:
    """Return which request of the window this one is, the first being 1; None when Redis is away."""
    with _lock:
        share = _shares.get(client)
        if share is None or share.window != window or not share.left:
            # Whoever waited here while Redis was found away does not ask it again.
            away = time.monotonic() < _Absence.until
            counted = None if away else _count(f"{settings.REDIS_PREFIX}:rate:{client}:{window}", size)
            if counted is None:
                return None
            share = _shares[client] = _Share(window, counted - size, size)
        share.used += 1
        share.left -= 1
        return share.used


def _count(key: str, size: int) -> int | None:
    try:
        used = int(_redis().incrby(key, size))
        if used == size:
            _redis().expire(key, 2 * WINDOW)
    except redis.RedisError as error:
        _Absence.until = time.monotonic() + AWAY_SECONDS
        log.warning("throttle.redis_away", error=type(error).__name__)
        return None
    return used


@cache
def _redis() -> "redis.Redis":
    client: redis.Redis = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.25, socket_timeout=0.25)
    return client
