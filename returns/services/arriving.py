"""Compare what arrived with what was expected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from retailops.lib.errors import FieldError, Invalid
from returns.enums import ReceiptMatch
from returns.inputs import ReceiptLineIn
from returns.models import ReturnLine, SerialFinding
from returns.services.serials import Read, moves_unit, read_serials


@dataclass(frozen=True)
class Arrival:
    """A quantity that arrived: of a line, or of none. `found` units of it had been declared missing.

    `read` are the numbers that were read on its units, with what is to be said of each.
    """

    line: ReturnLine | None
    sku: str
    quantity: int
    match: ReceiptMatch
    found: int = 0
    read: tuple[Read, ...] = ()
    lot: str = ""
    expires_on: date | None = None

    @property
    def serials(self) -> tuple[str, ...]:
        """Return the numbers whose units come with it; another unit bears the rest already."""
        return tuple(serial for serial, finding in self.read if moves_unit(finding, self.sku, serial))


def awaited(line: ReturnLine) -> int:
    """Return how many authorized units have neither arrived nor been given up."""
    return line.authorized + line.over_approved - line.received - line.missing - line.kept - line.canceled


def compare(lines: Sequence[ReturnLine], told: Sequence[ReceiptLineIn], *, expecting: bool) -> list[Arrival]:
    """Return what arrived, split into expected, beyond what was authorized, and items that are not on the return.

    Units that were declared missing and came after all count as expected. When nothing is expected of the return,
    everything is beyond. A unit whose number does not fit is not the one that was sold: it counts as another item.
    Nothing is changed. Raises Invalid for a line number that the return does not have.
    """
    left = {line.line_no: awaited(line) * expecting for line in lines}
    missing = {line.line_no: line.missing * expecting for line in lines}
    numbers = read_serials(lines, told)
    arrivals: list[Arrival] = []
    for index, each in enumerate(told):
        candidates = _candidates(lines, each, index)
        begun, read = len(arrivals), numbers.get(index, [])
        if not candidates:
            arrivals.append(Arrival(None, each.sku, each.quantity, ReceiptMatch.WRONG_ITEM))
            arrivals[begun:] = _described(arrivals[begun:], each, read)
            continue
        swapped = [one for one in read if one[1] != SerialFinding.FITS]
        rest = each.quantity - len(swapped)
        for line in candidates:
            expected = min(rest, left[line.line_no])
            left[line.line_no] -= expected
            found = min(rest - expected, missing[line.line_no])
            missing[line.line_no] -= found
            rest -= expected + found
            if expected + found:
                arrivals.append(Arrival(line, line.sku, expected + found, ReceiptMatch.EXPECTED, found))
        if rest:
            arrivals.append(Arrival(candidates[-1], candidates[-1].sku, rest, ReceiptMatch.OVER))
        arrivals[begun:] = _described(arrivals[begun:], each, [one for one in read if one not in swapped])
        if swapped:
            other = Arrival(candidates[-1], candidates[-1].sku, len(swapped), ReceiptMatch.WRONG_ITEM)
            arrivals += _described([other], each, swapped)
    return arrivals


def unannounced(lines: Sequence[ReturnLine], told: Sequence[ReceiptLineIn]) -> list[Arrival]:
    """Return what arrived where nothing was expected: each told line has a line of its own."""
    numbers = read_serials(lines, told)
    found = []
    for index, (line, each) in enumerate(zip(lines, told, strict=True)):
        arrival = Arrival(line, line.sku, each.quantity, ReceiptMatch.EXPECTED)
        found += _described([arrival], each, numbers.get(index, []))
    return found


def _described(arrivals: Sequence[Arrival], told: ReceiptLineIn, read: Sequence[Read]) -> list[Arrival]:
    """Give the arrivals of one told line its lot, and its numbers in order."""
    described, left = [], list(read)
    for each in arrivals:
        mine, left = left[: each.quantity], left[each.quantity :]
        described.append(replace(each, read=tuple(mine), lot=told.lot, expires_on=told.expires_on))
    return described


def _candidates(lines: Sequence[ReturnLine], told: ReceiptLineIn, index: int) -> list[ReturnLine]:
    if told.line_no is None:
        return [line for line in lines if line.sku == told.sku]
    named = [line for line in lines if line.line_no == told.line_no]
    if not named:
        raise Invalid("The return has no such line.", errors=[FieldError(f"/lines/{index}/line_no", "no such line")])
    return named if told.sku in ("", named[0].sku) else []
