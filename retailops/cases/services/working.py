"""Work an open case: own it, note, put it off, call for help."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission
from retailops.cases import mentions
from retailops.cases.access import access_case
from retailops.cases.events import CaseAssigned, CaseEscalated, CaseNoted, CaseSnoozed, CaseWoken
from retailops.cases.models import Case, CaseNote, CaseStatus
from retailops.cases.telling import tell_case, write_note
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid


@transaction.atomic
def assign_case(actor: Actor, case_id: UUID, owner_id: UUID | None) -> Case:
    """Give the case to a person, or to nobody (None). Raises Invalid for an unknown person, Conflict when resolved."""
    case = _workable(actor, case_id)
    owner = person_who_works(owner_id)
    case.owner = owner
    case.save(update_fields=["owner"])
    write_note(case, actor, "assigned", f"Assigned to {owner}" if owner else "Assigned to nobody")
    tell_case(CaseAssigned, case, actor, owner=str(owner.id) if owner else "")
    return case


def person_who_works(owner_id: UUID | None) -> User | None:
    """Return the active person, or None for nobody. Raises Invalid for an unknown one."""
    if owner_id is None:
        return None
    owner = User.objects.filter(pk=owner_id, is_active=True).first()
    if owner is None:
        raise Invalid("There is no such person.", errors=[FieldError("/owner", "name an active person")])
    return owner


@transaction.atomic
def note_case(actor: Actor, case_id: UUID, text: str) -> CaseNote:
    """Write a note; a resolved case takes notes too. Whom it names with @ finds it on Today.

    Raises Invalid for an empty one, and for one that names people who may not see the case.
    """
    case = access_case(actor, case_id, Permission.CASES_WORK, lock=True)
    if not text.strip():
        raise Invalid("Write something.", errors=[FieldError("/text", "must not be empty")])
    people = mentions.people_in(text)
    mentions.require_readers(people, case=case)
    note = write_note(case, actor, "note", text.strip())
    mentions.mention(people, case_note=note)
    tell_case(CaseNoted, case, actor)
    return note


@transaction.atomic
def snooze_case(actor: Actor, case_id: UUID, until: datetime, reason: str) -> Case:
    """Put the case out of sight until a time; a new occurrence brings it back. Raises Invalid for a past time."""
    case = _workable(actor, case_id)
    require_reason(reason)
    if until <= now():
        raise Invalid("The time is past.", errors=[FieldError("/until", "must lie in the future")])
    case.snoozed_until = until
    case.save(update_fields=["snoozed_until"])
    write_note(case, actor, "snoozed", f"Until {until:%Y-%m-%d %H:%M} UTC: {reason}")
    tell_case(CaseSnoozed, case, actor, reason=reason, until=until.isoformat())
    return case


@transaction.atomic
def wake_case(actor: Actor, case_id: UUID, reason: str) -> Case:
    """Bring a case back that was put off. Raises Conflict for one that is in sight."""
    case = _workable(actor, case_id)
    require_reason(reason)
    if case.snoozed_until is None or case.snoozed_until <= now():
        raise Conflict("The case is not put off.")
    case.snoozed_until = None
    case.save(update_fields=["snoozed_until"])
    write_note(case, actor, "woken", reason)
    tell_case(CaseWoken, case, actor, reason=reason)
    return case


@transaction.atomic
def escalate_case(actor: Actor, case_id: UUID, reason: str) -> Case:
    """Ask for somebody with more say; the case is free for them to take."""
    case = _workable(actor, case_id)
    require_reason(reason)
    case.escalated_at, case.owner, case.snoozed_until = now(), None, None
    case.save(update_fields=["escalated_at", "owner", "snoozed_until"])
    write_note(case, actor, "escalated", reason)
    tell_case(CaseEscalated, case, actor, reason=reason)
    return case


def set_due(due: Mapping[UUID, datetime | None]) -> None:
    """Write on cases when they are due by the promise about them; None: not known. For the clocks, in a transaction."""
    cases = list(Case.objects.filter(pk__in=due).only("id", "due_at"))
    for case in cases:
        case.due_at = due[case.pk]
    Case.objects.bulk_update(cases, ["due_at"])


def require_reason(reason: str) -> None:
    """Raise Invalid for an empty reason."""
    if not reason.strip():
        raise Invalid("Say why: a reason is required.", errors=[FieldError("/reason", "must not be empty")])


def _workable(actor: Actor, case_id: UUID) -> Case:
    case = access_case(actor, case_id, Permission.CASES_WORK, lock=True)
    if case.status != CaseStatus.OPEN:
        raise Conflict("The case is resolved: reopen it first.", present=case.status)
    return case
