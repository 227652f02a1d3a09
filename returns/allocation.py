"""Units of a line and what each of them is worth.

A line's amount over n units is frozen by largest remainder, ties to the earlier unit (1000 over 3: 334, 333, 333), so
the worth of the first k units has a closed form and every set of units one exact value. Sets of ordinals are half-open
ranges in order, disjoint and merged: [[0, 2], [5, 6]] is units 0, 1 and 5. Invariants 2 and 9 are sums over these.
"""

from collections.abc import Iterable, Sequence

Ranges = list[list[int]]


def cumulative(total: int, units: int, first: int) -> int:
    """Return what the first `first` of `units` units are worth, in minor units."""
    share, extra = divmod(total, units)
    return first * share + min(first, extra)


def value(total: int, units: int, ranges: Iterable[Sequence[int]]) -> int:
    """Return what the given units are worth of the line's total, in minor units."""
    return sum(cumulative(total, units, end) - cumulative(total, units, start) for start, end in ranges)


def count(ranges: Iterable[Sequence[int]]) -> int:
    """Return how many units the ranges hold."""
    return sum(end - start for start, end in ranges)


def merge(*sets: Iterable[Sequence[int]]) -> Ranges:
    """Return the union, in order, with adjoining ranges joined."""
    merged: Ranges = []
    for start, end in sorted([start, end] for ranges in sets for start, end in ranges):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        elif start < end:
            merged.append([start, end])
    return merged


def subtract(whole: Iterable[Sequence[int]], taken: Iterable[Sequence[int]]) -> Ranges:
    """Return the units of `whole` that are not in `taken`."""
    left: Ranges = []
    gone = merge(taken)
    for start, end in merge(whole):
        for gap_start, gap_end in gone:
            if gap_end <= start or gap_start >= end:
                continue
            if gap_start > start:
                left.append([start, gap_start])
            start = gap_end
            if start >= end:
                break
        if start < end:
            left.append([start, end])
    return left


def first(ranges: Iterable[Sequence[int]], units: int) -> Ranges:
    """Return the first `units` units. Raises ValueError when there are fewer."""
    taken: Ranges = []
    for start, end in ranges:
        if units <= 0:
            break
        stop = min(end, start + units)
        taken.append([start, stop])
        units -= stop - start
    if units > 0:
        raise ValueError(f"{units} units too few")
    return taken


def overlap(one: Iterable[Sequence[int]], other: Iterable[Sequence[int]]) -> bool:
    """Tell whether a unit is in both."""
    one, other = list(one), list(other)
    return count(merge(one, other)) < count(merge(one)) + count(merge(other))
