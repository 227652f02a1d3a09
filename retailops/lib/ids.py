"""Identifiers: UUID version 7 (RFC 9562), which sort by the time of their making and keep index pages dense."""

import os
import threading
import time
from datetime import UTC, datetime
from uuid import UUID

_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62
_FRACTIONS = 1 << 12
_NOISE = (1 << 62) - 1

_lock = threading.Lock()
_last_tick = 0


def uuid7() -> UUID:
    """Return a new UUIDv7 that is greater than every one that this process made before."""
    tick = _next_tick()
    noise = int.from_bytes(os.urandom(8)) & _NOISE
    return UUID(int=(tick >> 12) << 80 | (tick & 0xFFF) << 64 | noise | _VERSION_AND_VARIANT)


def _next_tick() -> int:
    """Take the next tick of 1/4096 ms (RFC 9562, 6.2, method 3)."""
    global _last_tick
    with _lock:
        _last_tick = max(time.time_ns() * _FRACTIONS // 1_000_000, _last_tick + 1)
        return _last_tick


def parse_uuid(text: str) -> UUID | None:
    """Return the UUID that the text spells, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


def uuid7_at(moment: datetime) -> UUID:
    """Return the least UUIDv7 of that instant: rows made since then have an id that is not less."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=(milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | 0b10 << 62)


def uuid7_time(id: UUID) -> datetime:
    """Return the instant of a UUIDv7, to the millisecond."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)
