"""The last hour as a row of small bars: how much of each five minutes got there. Drawn by the server as SVG."""

from collections.abc import Mapping
from dataclasses import dataclass

BUCKETS = 12
WIDTH, GAP, HEIGHT = 6, 2, 20
# A bar of which a single attempt failed must show it.
LEAST = 3


@dataclass(frozen=True)
class Bar:
    """One span of time: where it stands, and how high its two parts are (in units of the picture)."""

    x: int
    good_y: int
    good_height: int
    bad_height: int
    attempts: int
    failed: int


def bars(buckets: Mapping[int, tuple[int, int]]) -> list[Bar]:
    """Return one bar for each span, the oldest first; `buckets`: place → (attempts, failed)."""
    return [_bar(place, *buckets.get(place, (0, 0))) for place in range(BUCKETS)]


def _bar(place: int, attempts: int, failed: int) -> Bar:
    bad = max(LEAST, round(HEIGHT * failed / attempts)) if failed else 0
    bad = min(bad, HEIGHT if failed == attempts else HEIGHT - LEAST)
    good = HEIGHT - bad if attempts else 0
    return Bar(place * (WIDTH + GAP), bad, good, bad, attempts, failed)
