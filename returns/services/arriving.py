"""Compare what arrived with what was expected."""

from collections.abc import Sequence
from dataclasses import dataclass

from retailops.lib.errors import FieldError, Invalid
from returns.enums import ReceiptMatch
from returns.inputs import ReceiptLineIn
from returns.models import ReturnLine


@dataclass(frozen=True)
class Arrival:
    """A quantity that arrived: of a line, or of none. `found` units of it had been declared missing."""

    line: ReturnLine | None
    sku: str
    quantity: int
    match: ReceiptMatch
    found: int = 0


def awaited(line: ReturnLine) -> int:
    """Return how many authorized units have neither arrived nor been given up."""
    return line.authorized + line.over_approved - line.received - line.missing - line.kept - line.canceled


def compare(lines: Sequence[ReturnLine], told: Sequence[ReceiptLineIn], *, expecting: bool) -> list[Arrival]:
    """Return what arrived, split into expected, beyond what was authorized, and items that are not on the return.

    Units that were declared missing and came after all count as expected. When nothing is expected of the return,
    everything is beyond. Nothing is changed. Raises Invalid for a line
    number that the return does not have.
    """
    left = {line.line_no: awaited(line) * expecting for line in lines}
    missing = {line.line_no: line.missing * expecting for line in lines}
    arrivals: list[Arrival] = []
    for index, each in enumerate(told):
        candidates = _candidates(lines, each, index)
        if not candidates:
            arrivals.append(Arrival(None, each.sku, each.quantity, ReceiptMatch.WRONG_ITEM))
            continue
        rest = each.quantity
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
    return arrivals


def _candidates(lines: Sequence[ReturnLine], told: ReceiptLineIn, index: int) -> list[ReturnLine]:
    if told.line_no is None:
        return [line for line in lines if line.sku == told.sku]
    named = [line for line in lines if line.line_no == told.line_no]
    if not named:
        raise Invalid("The return has no such line.", errors=[FieldError(f"/lines/{index}/line_no", "no such line")])
    return named if told.sku in ("", named[0].sku) else []
