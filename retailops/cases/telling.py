"""How case and approval events are published: about what, with which facts."""

from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.cases.events import ApprovalFact, CaseFact, GroupFact
from retailops.cases.models import Approval, Case, CaseGroup, CaseNote, GroupNote
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.events.publish import publish


def subject_of(thing: Case | Approval) -> Subject:
    """Return what the case or approval is about, as the subject of its events."""
    return Subject(
        thing.subject_type,
        thing.subject_id,
        thing.correlation_id,
        str(thing.subject_id),
        thing.region,
        thing.brand,
        thing.channel,
    )


def tell_case(
    shape: type[CaseFact], case: Case, actor: Actor, *, cause: UUID | None = None, reason: str = "", **more: Any
) -> Event:
    """Publish one case event. A reason is what somebody wrote: it stands beside the event."""
    fact = shape(
        case_id=str(case.id),
        group_id=str(case.group_id),
        kind=case.kind,
        queue=case.queue,
        title=case.title,
        delivery_id=str(case.delivery_id or ""),
        amount=case.amount,
        currency=case.currency,
        connection=case.connection,
        trouble=case.dedupe_key,
        **more,
    )
    return publish(fact, subject=subject_of(case), actor=actor, cause=cause, words=reason)


def tell_group(
    shape: type[GroupFact], group: CaseGroup, actor: Actor, *, cause: UUID | None = None, reason: str = "", **more: Any
) -> Event:
    """Publish one event of a group; its subject is the group itself."""
    fact = shape(
        group_id=str(group.id), kind=group.kind, queue=group.queue, title=group.title, state=group.state, **more
    )
    return publish(fact, subject=subject_of_group(group), actor=actor, cause=cause, words=reason)


def subject_of_group(group: CaseGroup) -> Subject:
    """Return the group as a subject: of no region, for its cases may be of any."""
    return Subject("case_group", group.id, group.id, str(group.id))


def note_group_change(group: CaseGroup, actor: Actor, kind: str, text: str) -> GroupNote:
    """Append a line to the group's history."""
    return GroupNote.objects.create(group=group, actor=actor.key, actor_label=actor.label, kind=kind, text=text)


def tell_approval(shape: type[ApprovalFact], approval: Approval, actor: Actor) -> Event:
    """Publish one approval event."""
    fact = shape(
        approval_id=str(approval.id),
        kind=approval.kind,
        subject_type=approval.subject_type,
        subject_id=str(approval.subject_id),
        requested_by=approval.requested_by,
        decided_by=approval.decided_by,
        amount=approval.amount,
        currency=approval.currency,
    )
    return publish(fact, subject=subject_of(approval), actor=actor)


def write_note(case: Case, actor: Actor, kind: str, text: str) -> CaseNote:
    """Append a line to the case's history."""
    return CaseNote.objects.create(case=case, actor=actor.key, actor_label=actor.label, kind=kind, text=text)
