"""Serial numbers on what was sold, what comes and what is judged. A number that does not fit refuses nothing: the goods
are here. It is kept, told in a case, and its unit waits in quarantine for a person's word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Sum

from inventory.enums import Disposition
from inventory.models import Location, SerialUnit, StockMove
from inventory.services.units import add_step, register
from retailops.events.raw_sql import fetch_numbered
from returns.inputs import OrderIn, ReceiptLineIn, SliceIn
from returns.models import DispositionSlice, Order, OrderLine, ReceiptLine, ReturnLine
from returns.models.serials import ReceiptSerial, SerialFinding, SliceSerial, SoldSerial
from returns.services.naming import somebody_elses, whose

F_ = SerialFinding
# What was sold on this order may have stood here when it was sold: sales are not booked here.
SOLD_FROM = frozenset({Disposition.EXTERNAL, Disposition.SELLABLE, Disposition.MISSING, Disposition.RETURN_TO_CUSTOMER})
UNPOSTED = ("decided", "posting", "post_failed")
Read = tuple[str, SerialFinding]


@dataclass(frozen=True)
class Doubt:
    """A number that does not fit, and why."""

    sku: str
    serial: str
    finding: SerialFinding
    # The number of the other order that the unit was sold on, where one is known.
    sold_on: str = ""


def record_sold(captured: Sequence[tuple[Order, OrderIn]]) -> None:
    """Keep the serials that an order's lines were sold with; a newer version adds to them."""
    told = {
        (order.id, line.external_id): line.serials for order, data in captured for line in data.lines if line.serials
    }
    if not told:
        return
    lines = OrderLine.objects.filter(order__in={order for order, _ in told})
    SoldSerial.objects.bulk_create(
        [
            SoldSerial(order_line=line, serial=serial)
            for line in lines
            for serial in told.get((line.order_id, line.external_id), ())
        ],
        ignore_conflicts=True,
    )


def read_serials(lines: Sequence[ReturnLine], told: Sequence[ReceiptLineIn]) -> dict[int, list[Read]]:
    """Return what is to be said of each number, by the told line's index. Nothing is changed."""
    if not any(each.serials for each in told):
        return {}
    seen: set[tuple[str, str]] = set()
    found: dict[int, list[Read]] = {}
    for index, each in enumerate(told):
        mine = [line for line in lines if line.line_no == each.line_no or line.sku == each.sku]
        sku = each.sku or (mine[0].sku if mine else "")
        for serial in each.serials:
            twice = (sku, serial) in seen
            seen.add((sku, serial))
            finding = F_.TWICE if twice else judge(mine, sku, serial)
            found.setdefault(index, []).append((serial, finding))
    return found


def judge(lines: Sequence[ReturnLine], sku: str, serial: str) -> SerialFinding:
    """Say how a number fits: what was sold on the order, to whom it was sold else, and where its unit stands."""
    order_lines = [line.order_line_id for line in lines if line.order_line_id]
    sold_here = set(SoldSerial.objects.filter(order_line__in=order_lines).values_list("serial", flat=True))
    unit = SerialUnit.objects.filter(sku=sku, serial=serial).first()
    if serial in sold_here:
        return F_.FITS if unit is None or unit.disposition in SOLD_FROM else F_.ELSEWHERE
    if sold_here or SoldSerial.objects.filter(serial=serial, order_line__sku=sku).exists():
        return F_.NOT_SOLD
    return F_.FITS if unit is None or unit.disposition == Disposition.EXTERNAL else F_.ELSEWHERE


def moves_unit(finding: SerialFinding, sku: str, serial: str) -> bool:
    """Tell whether the unit of that number is the one in hand: not where its number stands somewhere else here."""
    if finding == F_.FITS:
        return True
    if finding != F_.NOT_SOLD:
        return False
    return not SerialUnit.objects.filter(sku=sku, serial=serial).exclude(disposition=Disposition.EXTERNAL).exists()


def keep_received(lines: Iterable[tuple[ReceiptLine, Sequence[Read], Sequence[str]]]) -> list[Doubt]:
    """Keep the numbers of receipt lines: (line, all that was read, whose units moved). Return what does not fit."""
    rows: list[ReceiptSerial] = []
    for line, read, moved in lines:
        units = _units(line.sku, moved)
        rows += [
            ReceiptSerial(line=line, serial=serial, finding=finding, unit=units.get(serial)) for serial, finding in read
        ]
    ReceiptSerial.objects.bulk_create(rows)
    return [_doubt(row.line.sku, row) for row in rows if row.finding != F_.FITS]


def _doubt(sku: str, row: ReceiptSerial | SliceSerial) -> Doubt:
    return Doubt(sku, row.serial, F_(row.finding), whose(sku, row.serial) if row.finding == F_.NOT_SOLD else "")


def _units(sku: str, serials: Sequence[str]) -> dict[str, SerialUnit]:
    if not serials:
        return {}
    return {unit.serial: unit for unit in SerialUnit.objects.filter(sku=sku, serial__in=serials)}


def came_with(move: StockMove) -> tuple[str, ...]:
    """Return the numbers of the units that a move brought and that stand where it brought them, to take them back."""
    rows = SerialUnit.objects.filter(last_move=move).order_by("serial")
    return tuple(rows.values_list("serial", flat=True))


def standing(line: ReturnLine, where: str, location: UUID | None = None) -> list[SerialUnit]:
    """Return the units that came for the line and stand in that disposition, in the order in which they came."""
    ids = ReceiptSerial.objects.filter(line__line=line, unit__isnull=False).values("unit")
    rows = SerialUnit.objects.filter(id__in=ids, disposition=where)
    return list((rows.filter(location=location) if location else rows).order_by("last_move_id", "id"))


def keep_judged(parts: Sequence[DispositionSlice], slices: Sequence[SliceIn], location: Location) -> list[Doubt]:
    """Keep the numbers of slices; one that was not read on arrival is read now. Return what does not fit."""
    rows: list[SliceSerial] = []
    taken: set[tuple[str, str]] = set()
    for part, told in zip(parts, slices, strict=True):
        for serial in told.serials:
            twice = (part.line.sku, serial) in taken
            taken.add((part.line.sku, serial))
            unit, finding = (None, F_.TWICE) if twice else _judged(part, parts, serial, location)
            rows.append(SliceSerial(part=part, serial=serial, finding=finding, unit=unit))
    SliceSerial.objects.bulk_create(rows)
    return [_doubt(row.part.line.sku, row) for row in rows if row.finding != F_.FITS]


def _judged(
    part: DispositionSlice, parts: Sequence[DispositionSlice], serial: str, location: Location
) -> tuple[SerialUnit | None, SerialFinding]:
    line, now = part.line, sum(each.quantity for each in parts if each.line_id == part.line_id)
    waiting = standing(part.line, Disposition.PENDING_INSPECTION)
    for unit in waiting:
        if unit.serial == serial:
            return unit, F_.FITS
    if len(waiting) >= line.received - line.inspected + now:
        # Each unit that came is known by another number.
        return None, F_.NOT_SOLD if somebody_elses(line, serial) else F_.NOT_RECEIVED
    finding = judge([part.line], part.line.sku, serial)
    if not moves_unit(finding, part.line.sku, serial):
        return None, finding
    return _read_late(part, serial, location), finding


def _read_late(part: DispositionSlice, serial: str, location: Location) -> SerialUnit | None:
    """Register a unit as one of those that a move of the return brought here without naming it."""
    moves = StockMove.objects.filter(
        subject_id=part.line.rma_id, sku=part.line.sku, target=Disposition.PENDING_INSPECTION, target_location=location
    )
    for move in moves.order_by("-id"):
        if move.steps.count() < move.quantity:
            unit = register([(part.line.sku, serial)])[part.line.sku, serial]
            return add_step(unit, move)
    return None


# Whether any number was ever read of a slice, or of a line on its arrival: of most goods there is none.
_ANY_NUMBER = """
SELECT EXISTS (SELECT FROM returns_sliceserial WHERE part_id = $1)
       OR EXISTS (SELECT FROM returns_receiptserial s JOIN returns_receiptline l ON l.id = s.line_id
                   WHERE l.line_id = $2)
"""


def going(part: DispositionSlice) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the numbers that go with a slice: those that are certain, and those that are presumed.

    Certain are those that the inspector read, and all that wait when no more units wait than go. Where units without a
    number wait as well, those go first: who had meant the others would have named them.
    """
    [(known,)] = fetch_numbered(_ANY_NUMBER, [part.id, part.line_id])
    if not known:
        return (), ()
    where = part.inspection.location_id
    named = SliceSerial.objects.filter(
        part=part, unit__disposition=Disposition.PENDING_INSPECTION, unit__location=where
    ).values_list("unit__serial", flat=True)
    certain = tuple(named.order_by("serial"))
    others = SliceSerial.objects.filter(part__line=part.line, part__status__in=UNPOSTED)
    claimed = set(others.values_list("serial", flat=True)) | set(certain)
    free = [unit.serial for unit in standing(part.line, Disposition.PENDING_INSPECTION, where)]
    free = [serial for serial in free if serial not in claimed]
    room = max(0, part.quantity - len(certain) - _without_number(part, len(free) + len(certain)))
    return (certain + tuple(free), ()) if len(free) <= room else (certain, tuple(free[:room]))


def _without_number(part: DispositionSlice, numbered: int) -> int:
    """Return how many units that bear no number wait for this slice or for none yet; `numbered`: those that do."""
    line = part.line
    others = DispositionSlice.objects.filter(line=line, status__in=(*UNPOSTED, "posted")).exclude(pk=part.pk)
    judged = others.aggregate(units=Sum("quantity"))["units"] or 0
    return max(0, line.received - judged - numbered)


def waiting_at(sku: str, serials: Sequence[str], place: UUID) -> list[str]:
    """Return those of the numbers whose units wait for inspection at a place."""
    rows = SerialUnit.objects.filter(
        sku=sku, serial__in=serials, location=place, disposition=Disposition.PENDING_INSPECTION
    )
    return list(rows.order_by("serial").values_list("serial", flat=True))
