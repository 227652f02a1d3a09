"""The picture of a trace: one lane per system, time from left to right, idle time folded. Drawn on the server as SVG,
so that it prints, copies and is there at once. All figures are SVG user units."""

from collections.abc import Sequence
from dataclasses import dataclass

from retailops.workbench.templatetags.workbench import span
from retailops.workbench.trace.entries import OURS, Entry

LABEL, TOP, LANE, FOLD, WIDTH = 132, 30, 46, 44, 1040
LEAST_STEP, MOST_STEP = 26, 64
IDLE_SECONDS = 30
MARKS_LIMIT = 160


@dataclass(frozen=True)
class Mark:
    """One entry in the picture: a dot on its lane; what crosses lanes has an arrow from `start` to `end`."""

    entry: Entry
    x: int
    y: int
    start: int
    end: int

    @property
    def arrow(self) -> str:
        """Return the path of the arrow head, pointing at `end`."""
        way = 1 if self.end > self.start else -1
        tip = self.end - way * (6 if self.entry.way == "out" else 7)
        return f"M{self.x - 4} {tip - way * 6}L{self.x} {tip}L{self.x + 4} {tip - way * 6}"


@dataclass(frozen=True)
class Fold:
    """Idle time that was folded away."""

    x: int
    text: str


@dataclass(frozen=True)
class Lane:
    """One system's line."""

    name: str
    y: int


@dataclass(frozen=True)
class Picture:
    """What the template draws."""

    width: int
    height: int
    lanes: list[Lane]
    marks: list[Mark]
    folds: list[Fold]
    left_out: int


def picture(found: Sequence[Entry]) -> Picture:
    """Lay the entries out; beyond MARKS_LIMIT the latest are left to the list below the picture."""
    shown = found[:MARKS_LIMIT]
    names = list(dict.fromkeys([OURS, *(entry.lane for entry in shown)]))
    height_of = {name: TOP + LANE * row + LANE // 2 for row, name in enumerate(names)}
    marks: list[Mark] = []
    folds: list[Fold] = []
    step = _step(shown)
    x = LABEL + step // 2
    for entry in shown:
        if entry.idle_seconds >= IDLE_SECONDS:
            folds.append(Fold(x - step // 2 + FOLD // 2, span(entry.idle_seconds)))
            x += FOLD
        marks.append(_mark(entry, x, height_of))
        x += step
    lanes = [Lane(name, y) for name, y in height_of.items()]
    return Picture(max(WIDTH, x), TOP + LANE * len(names) + 6, lanes, marks, folds, len(found) - len(shown))


def _step(shown: Sequence[Entry]) -> int:
    """Return how far apart entries stand, so that a short trace fills the width and a long one scrolls."""
    folded = FOLD * sum(entry.idle_seconds >= IDLE_SECONDS for entry in shown)
    return max(LEAST_STEP, min(MOST_STEP, (WIDTH - LABEL - folded) // max(1, len(shown))))


def _mark(entry: Entry, x: int, height_of: dict[str, int]) -> Mark:
    ours, theirs = height_of[OURS], height_of[entry.lane]
    if entry.way == "in":
        return Mark(entry, x, theirs, theirs, ours)
    return Mark(entry, x, theirs, ours, theirs)
