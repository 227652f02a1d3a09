"""Which units an inspection judges: where units came by their numbers, it says which, wherever that matters.

A slip of the scanner is refused. A unit that belongs to somebody else is no slip: it is here, so it is judged, in doubt
and with a case.
"""

from collections.abc import Mapping, Sequence

from inventory.enums import Disposition
from retailops.events.prepared import Prepared
from retailops.lib.errors import FieldError, Unprocessable
from returns.inputs import SliceIn
from returns.models import ReturnLine
from returns.models.serials import ReceiptSerial, SoldSerial

SHOWN = 20
_WAITING = Prepared(
    lambda lines: (
        ReceiptSerial.objects.filter(line__line__in=lines, unit__disposition=Disposition.PENDING_INSPECTION)
        .order_by("unit__last_move_id", "unit_id")
        .values_list("line__line__line_no", "serial")
    )
)


def waiting_numbers(lines: Sequence[ReturnLine]) -> dict[int, list[str]]:
    """Return by line number the numbers of the units that came and wait for a verdict, in the order in which they
    came; a line without any is left out."""
    found: dict[int, list[str]] = {}
    for line_no, serial in _WAITING.all([line.id for line in lines]) if lines else ():
        found.setdefault(line_no, []).append(serial)
    return {line_no: list(dict.fromkeys(serials)) for line_no, serials in found.items()}


def require_numbers(lines: Mapping[int, ReturnLine], slices: Sequence[SliceIn]) -> None:
    """Raise Unprocessable where it is not said which units are judged, or a number is none of theirs.

    One verdict on all that waits of a line needs no numbers: it is about each of them. Units that came without a number
    may be judged without one, or be read now.
    """
    judged = [lines[number] for number in sorted({each.line_no for each in slices})]
    for number, known in waiting_numbers(judged).items():
        mine = [(index, each) for index, each in enumerate(slices) if each.line_no == number]
        _refuse_slips(lines[number], known, mine)
        _refuse_unnamed(lines[number], known, mine)


def _refuse_slips(line: ReturnLine, known: Sequence[str], mine: Sequence[tuple[int, SliceIn]]) -> None:
    read_late = line.received - line.inspected > len(known)
    faults, seen = [], set()
    for index, each in mine:
        for place, serial in enumerate(each.serials):
            pointer = f"/slices/{index}/serials/{place}"
            if serial in seen:
                faults.append(FieldError(pointer, f"{serial} is named twice."))
            elif serial not in known and not read_late and not somebody_elses(line, serial):
                faults.append(FieldError(pointer, f"{serial} did not come with this return. {_shown(line, known)}"))
            seen.add(serial)
    if faults:
        raise Unprocessable("A number is none of the units that wait.", code="serial-not-received", errors=faults)


def _refuse_unnamed(line: ReturnLine, known: Sequence[str], mine: Sequence[tuple[int, SliceIn]]) -> None:
    waiting = line.received - line.inspected
    if len(mine) == 1 and mine[0][1].quantity == waiting:
        return
    unnamed = sum(each.quantity - len(each.serials) for _, each in mine)
    if unnamed <= waiting - len(known):
        return
    asked = f"Name the units of {line.sku} that this is about. {_shown(line, known)}"
    faults = [
        FieldError(f"/slices/{index}/serials", asked) for index, each in mine if len(each.serials) < each.quantity
    ]
    raise Unprocessable("Units that came by number are judged by number.", code="serials-needed", errors=faults)


def somebody_elses(line: ReturnLine, serial: str) -> bool:
    """Tell whether the number was sold on another order, or came with another return."""
    sold = SoldSerial.objects.filter(serial=serial, order_line__sku=line.sku).exclude(order_line=line.order_line_id)
    if sold.exists():
        return True
    came = ReceiptSerial.objects.filter(serial=serial, line__sku=line.sku).exclude(line__receipt__rma=line.rma_id)
    return came.exists()


def whose(sku: str, serial: str) -> str:
    """Return the number of the order that a unit was sold on last; "" where none is known."""
    rows = SoldSerial.objects.filter(serial=serial, order_line__sku=sku).order_by("-id")
    return rows.values_list("order_line__order__number", flat=True).first() or ""


def _shown(line: ReturnLine, known: Sequence[str]) -> str:
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"Waiting: {', '.join(known[:SHOWN])}{more}."
