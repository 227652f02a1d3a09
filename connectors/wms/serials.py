"""Serial numbers that go to and come from the warehouse: what was sold, what was judged, and what it placed instead."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from connectors.protocol import ConnectionContext
from connectors.wms.mapping import Placed
from retailops.cases.inputs import CaseIn
from retailops.cases.models import CaseQueue
from retailops.cases.services import open_case
from retailops.lib.ids import parse_uuid
from returns.models import DispositionSlice, ReturnLine
from returns.models.serials import SliceSerial, SoldSerial

KIND = "serial_placed"
Numbers = Mapping[int, list[str]]


def sold(fact: Mapping[str, Any]) -> Numbers:
    """Return by line the numbers that the order of an authorized return was sold with, read when the notice is made."""
    lines = ReturnLine.objects.filter(rma_id=parse_uuid(str(fact.get("return_id", ""))), order_line__isnull=False)
    by_order_line = {line.order_line_id: line.line_no for line in lines}
    found: dict[int, list[str]] = defaultdict(list)
    rows = SoldSerial.objects.filter(order_line__in=by_order_line).order_by("serial")
    for order_line, serial in rows.values_list("order_line_id", "serial"):
        found[by_order_line[order_line]].append(serial)
    return found


def judged(fact: Mapping[str, Any]) -> Numbers:
    """Return the numbers of the units of a decided disposition that the inspection read."""
    rows = SliceSerial.objects.filter(part_id=parse_uuid(str(fact.get("slice_id", ""))), unit__isnull=False)
    serials = list(rows.order_by("serial").values_list("serial", flat=True))
    return {int(fact["line_no"]): serials} if serials else {}


def note_placed(conn: ConnectionContext, placed: Placed) -> list[str]:
    """Open a case where the warehouse placed units with other numbers than those of the disposition; return them.

    The goods are placed all the same: that is a fact. Which unit it is, a person finds out. Where no number was read
    before, the warehouse's are new and not held against anything.
    """
    mine = set(SliceSerial.objects.filter(part=placed.slice_id).values_list("serial", flat=True))
    strange = [serial for serial in placed.serials if serial not in mine] if mine else []
    if strange:
        open_case(conn.actor, _case(conn, placed, strange, sorted(mine)))
    return strange


def _case(conn: ConnectionContext, placed: Placed, strange: list[str], mine: list[str]) -> CaseIn:
    part = DispositionSlice.objects.select_related("line__rma").get(pk=placed.slice_id)
    rma = part.line.rma
    return CaseIn(
        kind=KIND,
        queue=CaseQueue.BUSINESS,
        title=f"{rma.number}: {conn.label} placed other units of {part.line.sku} than were judged",
        dedupe_key=f"{KIND}:{placed.slice_id}",
        subject=rma.as_subject(),
        detail=f"Placed: {', '.join(placed.serials)}. Judged: {', '.join(mine)}."[:300],
        next_action="Have the units looked at where they were placed, and move those that do not belong there",
        group_title="The warehouse placed other units than were judged",
        system=conn.name[:40],
        evidence={"slice": str(placed.slice_id), "placed": list(placed.serials), "strange": strange},
    )
