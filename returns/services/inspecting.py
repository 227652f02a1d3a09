"""Inspection: verdicts on units that arrived, each slice with its disposition; by policy the refund follows at once."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from inventory.models import Location
from inventory.selectors import location_of
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.inserting import insert_rows
from retailops.events.prepared import Prepared
from retailops.events.publish import append, compose
from retailops.lib.errors import Conflict, FieldError, Invalid, Unprocessable
from returns import troubles
from returns.enums import ReturnKind, ReturnStatus
from returns.events import LineAccepted, LineInspected, LineRejected, ReturnLineFact
from returns.facts import line_fact
from returns.inputs import InspectionIn, SliceIn
from returns.models import DispositionSlice, Inspection, Return, ReturnLine
from returns.return_lines import lines_of
from returns.services.closing import finish
from returns.services.decisions import save_lines
from returns.services.exchange_progress import follow_exchanges
from returns.services.exposure import recover_what_was_overpaid
from returns.services.locking import lock_return
from returns.services.naming import require_numbers
from returns.services.posting import hand_over
from returns.services.refunds import refund_by_policy
from returns.services.serials import keep_judged
from returns.services.stock import gather

_BY_REFERENCE = Prepared(lambda reference: Inspection.objects.filter(reference=reference))


@transaction.atomic
def inspect_return(*, actor: Actor, return_id: UUID, inspection: InspectionIn, reported: bool = False) -> Inspection:
    """Record one act of inspection, once for each reference, and let policy propose the refund.

    Units that came by number are judged by number (`naming`), but for what a warehouse system has done already
    (`reported`): that is a fact, and what does not fit of it is a case.

    Raises Conflict (return not authorized, reference of another return), Unprocessable (more units than arrived and
    wait, numbers missing or wrong), Invalid (unknown line or location), Denied, NotFound.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_INSPECT, with_payments=True)
    known = _BY_REFERENCE.first(inspection.reference)
    if known is not None:
        if known.rma_id != rma.id:
            raise Conflict(f"Inspection {inspection.reference} is of another return.", code="reference-reused")
        return known
    if rma.kind == ReturnKind.WARRANTY:
        raise Conflict("Units under warranty get a warranty verdict: accept or reject them.", code="assess-instead")
    if rma.status != ReturnStatus.AUTHORIZED:
        raise Conflict(f"The return is {rma.status}: authorize or reinstate it first.", code="not-authorized")
    row = record_verdicts(actor, rma, inspection, location_of(inspection.location), reported=reported)
    follow_exchanges(rma)
    refund_by_policy(rma)
    finish(actor, rma)
    return row


def record_verdicts(
    actor: Actor, rma: Return, inspection: InspectionIn, location: Location, *, reported: bool = True
) -> Inspection:
    """Write the verdicts, count them, tell them and hand each slice to the owner of the stock. The return is locked."""
    lines = {line.line_no: line for line in lines_of(rma)}
    _check(lines, inspection.slices)
    if not reported:
        require_numbers(lines, inspection.slices)
    row = Inspection(
        rma=rma,
        reference=inspection.reference,
        location=location,
        inspected_at=inspection.inspected_at,
        actor=actor.key,
    )
    insert_rows([row])
    parts = [_slice(row, lines[each.line_no], each) for each in inspection.slices]
    gather(actor, rma, _by_sku(parts), _numbers(parts, inspection.slices), location, f"gather:{row.id}")
    touched = _count(lines, inspection.slices)
    insert_rows(parts)
    if doubts := keep_judged(parts, inspection.slices, location):
        troubles.serial_mismatch(actor, rma, row.reference, doubts)
    _tell(actor, rma, row, touched, inspection.slices)
    recover_what_was_overpaid(actor, rma, touched)
    hand_over(actor, rma, parts, location)
    return row


def _check(lines: dict[int, ReturnLine], slices: Sequence[SliceIn]) -> None:
    waiting = {number: line.received - line.inspected for number, line in lines.items()}
    faults: list[FieldError] = []
    for index, each in enumerate(slices):
        if each.line_no not in waiting:
            pointer = FieldError(f"/slices/{index}/line_no", "no such line")
            raise Invalid("The return has no such line.", errors=[pointer])
        waiting[each.line_no] -= each.quantity
        if waiting[each.line_no] < 0:
            left = lines[each.line_no].received - lines[each.line_no].inspected
            faults.append(FieldError(f"/slices/{index}/quantity", f"{left} units of this line wait for inspection"))
    if faults:
        raise Unprocessable("More units judged than arrived and wait.", code="more-than-received", errors=faults)


def _slice(row: Inspection, line: ReturnLine, told: SliceIn) -> DispositionSlice:
    return DispositionSlice(
        inspection=row,
        line=line,
        quantity=told.quantity,
        accepted=told.accepted,
        condition=told.condition,
        grade=told.grade,
        disposition=told.disposition,
        reason=told.reason,
        evidence=list(told.evidence),
    )


def _by_sku(parts: Sequence[DispositionSlice]) -> dict[str, int]:
    wanted: dict[str, int] = defaultdict(int)
    for part in parts:
        wanted[part.line.sku] += part.quantity
    return dict(wanted)


def _numbers(parts: Sequence[DispositionSlice], slices: Sequence[SliceIn]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = defaultdict(list)
    for part, told in zip(parts, slices, strict=True):
        named[part.line.sku] += told.serials
    return dict(named)


def _count(lines: dict[int, ReturnLine], slices: Sequence[SliceIn]) -> list[ReturnLine]:
    for each in slices:
        line = lines[each.line_no]
        if each.accepted:
            line.accepted += each.quantity
        else:
            line.rejected += each.quantity
    touched = [lines[number] for number in sorted({each.line_no for each in slices})]
    save_lines(touched, "accepted", "rejected")
    return touched


def _tell(actor: Actor, rma: Return, row: Inspection, touched: Sequence[ReturnLine], slices: Sequence[SliceIn]) -> None:
    subject = rma.as_subject()
    events = []
    for line in touched:
        accepted = sum(each.quantity for each in slices if each.line_no == line.line_no and each.accepted)
        rejected = sum(each.quantity for each in slices if each.line_no == line.line_no and not each.accepted)
        more = {"inspection_id": str(row.id), "location": row.location.code}
        both = {"accepted": accepted, "rejected": rejected}
        facts: list[ReturnLineFact] = [line_fact(LineInspected, rma, line, accepted + rejected, **more, **both)]
        facts += [line_fact(LineAccepted, rma, line, accepted, **more)] if accepted else []
        facts += [line_fact(LineRejected, rma, line, rejected, **more)] if rejected else []
        events += [compose(each, subject=subject, actor=actor, occurred_at=row.inspected_at) for each in facts]
    append(events, {event.id: subject.lane for event in events})
