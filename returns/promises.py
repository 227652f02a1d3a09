"""What units of a return line bring: the line's own resolution, or another one since their exchange was converted."""

from collections.abc import Sequence

from returns.allocation import Ranges, merge, subtract
from returns.enums import Resolution
from returns.models import ReturnLine


def promises_of(line: ReturnLine) -> list[tuple[Resolution, Ranges]]:
    """Return the units of the line by what they bring, the line's own resolution first."""
    others = [(Resolution(name), _within(line.units, units)) for name, units in sorted(line.instead.items())]
    own = subtract(line.units, merge(*(units for _, units in others)))
    return [(resolution, units) for resolution, units in [(Resolution(line.resolution), own), *others] if units]


def promised_otherwise(line: ReturnLine) -> Ranges:
    """Return the units of the line that bring something else than the line does."""
    return merge(*(_within(line.units, units) for units in line.instead.values()))


def promise(line: ReturnLine, units: Sequence[Sequence[int]], to: Resolution) -> None:
    """Have these units bring `to` from now on, in memory; where they are all that is left, the whole line does."""
    forget(line, units)
    if to == line.resolution:
        return
    moved = merge(line.instead.get(to, []), units)
    if subtract(subtract(line.units, promised_otherwise(line)), units):
        line.instead = line.instead | {str(to): moved}
        return
    line.resolution = to
    line.instead = {name: ranges for name, ranges in line.instead.items() if name != to}


def forget(line: ReturnLine, units: Sequence[Sequence[int]]) -> None:
    """These units bring what their line does again, or are the line's no longer, in memory."""
    left = {name: subtract(ranges, units) for name, ranges in line.instead.items()}
    line.instead = {name: ranges for name, ranges in left.items() if ranges}


def _within(whole: Ranges, units: Ranges) -> Ranges:
    return subtract(whole, subtract(whole, units))
