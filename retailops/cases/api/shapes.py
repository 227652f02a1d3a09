"""What the API answers about cases."""

from datetime import datetime
from typing import Any
from uuid import UUID

from retailops.cases.models import Case, CaseNote, CaseQueue, CaseStatus, GroupNote
from retailops.lib.wire import MoneyShape, Shape


class CaseShape(Shape):
    """One exception that a person must resolve."""

    id: UUID
    kind: str
    queue: CaseQueue
    status: CaseStatus
    title: str
    detail: str
    next_action: str
    subject: str
    correlation_id: UUID
    delivery_id: UUID | None
    group_id: UUID
    region: str
    brand: str
    channel: str
    amount: MoneyShape | None
    occurrences: int
    owner_id: UUID | None
    opened_at: datetime
    last_seen_at: datetime
    due_at: datetime | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
    resolved_by: str
    resolution_reason: str


class NoteShape(Shape):
    """What a person wrote or did. Of a note that was taken back the text is empty."""

    id: int
    at: datetime
    actor: str
    kind: str
    text: str
    taken_back_at: datetime | None


class CaseDetail(CaseShape):
    """A case with its evidence and notes, oldest first."""

    evidence: dict[str, Any]
    resolution_evidence: dict[str, Any]
    notes: list[NoteShape]


class CaseList(Shape):
    """One page of cases."""

    results: list[CaseShape]
    next_cursor: str


def case_fields(case: Case) -> dict[str, Any]:
    """Return the members of CaseShape."""
    return {
        "id": case.id, "kind": case.kind, "queue": case.queue, "status": case.status, "title": case.title,
        "detail": case.detail, "next_action": case.next_action, "subject": f"{case.subject_type}/{case.subject_id}",
        "correlation_id": case.correlation_id, "delivery_id": case.delivery_id, "group_id": case.group_id,
        "region": case.region, "brand": case.brand, "channel": case.channel,
        "amount": MoneyShape.maybe(case.amount, case.currency), "occurrences": case.occurrences,
        "owner_id": case.owner_id, "opened_at": case.opened_at, "last_seen_at": case.last_seen_at,
        "due_at": case.due_at, "snoozed_until": case.snoozed_until, "resolved_at": case.resolved_at,
        "resolved_by": case.resolved_by, "resolution_reason": case.resolution_reason,
    }  # fmt: skip


def case_shape(case: Case) -> CaseShape:
    """Return one case without its notes."""
    return CaseShape.build(**case_fields(case))


def note_shape(note: CaseNote | GroupNote) -> NoteShape:
    """Return one note; without its words where it was taken back."""
    text = "" if note.taken_back_at else note.text
    return NoteShape.build(
        id=note.pk, at=note.at, actor=note.actor, kind=note.kind, text=text, taken_back_at=note.taken_back_at
    )


def case_detail(case: Case) -> CaseDetail:
    """Return one case with its notes."""
    notes = [note_shape(note) for note in case.notes.order_by("at", "id")]
    return CaseDetail.build(
        **case_fields(case), evidence=case.evidence, resolution_evidence=case.resolution_evidence, notes=notes
    )
