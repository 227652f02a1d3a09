"""End a case with an actor, a reason and evidence; or open it again."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.access import access_case
from retailops.cases.events import CaseReopened, CaseResolved
from retailops.cases.group_states import STATE_FIELDS, enter
from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupState
from retailops.cases.services.group_memory import came_back, settle
from retailops.cases.services.working import require_reason
from retailops.cases.telling import tell_case, write_note
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid


@transaction.atomic
def resolve_case(actor: Actor, case_id: UUID, reason: str, evidence: dict[str, Any]) -> Case:
    """Resolve an open case. Raises Invalid without reason or evidence, Conflict when it is resolved already."""
    case = access_case(actor, case_id, Permission.CASES_WORK, lock=True)
    require_reason(reason)
    if not evidence:
        raise Invalid("Say what shows it: evidence is required.", errors=[FieldError("/evidence", "must not be empty")])
    if case.status != CaseStatus.OPEN:
        raise Conflict("The case is resolved already.", present=case.status)
    return end_case(actor, case, reason, evidence, None)


def resolve_troubles(
    actor: Actor, dedupe_key: str, reason: str, evidence: dict[str, Any], *, cause: UUID | None = None
) -> Case | None:
    """Resolve the open case of a trouble that is over, if there is one. Needs an open transaction."""
    case = Case.objects.select_for_update().filter(dedupe_key=dedupe_key, status=CaseStatus.OPEN).first()
    return end_case(actor, case, reason, evidence, cause) if case else None


def end_case(actor: Actor, case: Case, reason: str, evidence: dict[str, Any], cause: UUID | None) -> Case:
    """End a locked open case; with the last one its group is resolved."""
    case.status, case.resolved_at, case.resolved_by = CaseStatus.RESOLVED, now(), actor.key
    case.resolution_reason, case.resolution_evidence = reason[:300], evidence
    case.snoozed_until = None
    case.save(
        update_fields=[
            "status",
            "resolved_at",
            "resolved_by",
            "resolution_reason",
            "resolution_evidence",
            "snoozed_until",
        ]
    )
    write_note(case, actor, "resolved", reason)
    tell_case(CaseResolved, case, actor, cause=cause, reason=reason)
    _close_group(actor, case)
    return case


def _close_group(actor: Actor, case: Case) -> None:
    """A group without open cases is resolved; seen again, it has regressed. An ignored one stays ignored."""
    rest = Case.objects.filter(group_id=case.group_id, status=CaseStatus.OPEN)
    if rest.exists():
        return
    # A case that is being opened holds this lock until it has committed: then look again.
    group = CaseGroup.objects.select_for_update().get(pk=case.group_id)
    if group.state not in (GroupState.IGNORED, GroupState.RESOLVED) and not rest.exists():
        settle(group, actor, case.resolution_reason, case.resolution_evidence)


@transaction.atomic
def reopen_case(actor: Actor, case_id: UUID, reason: str) -> Case:
    """Open a resolved case again. Raises Conflict when it is open, or when the same trouble has a newer open case."""
    case = access_case(actor, case_id, Permission.CASES_WORK, lock=True)
    require_reason(reason)
    if case.status == CaseStatus.OPEN:
        raise Conflict("The case is open.", present=case.status)
    case.status, case.resolved_at, case.resolved_by = CaseStatus.OPEN, None, ""
    case.resolution_reason, case.resolution_evidence = "", {}
    try:
        with transaction.atomic():
            case.save()
    except IntegrityError as twin:
        raise Conflict("The same trouble has a newer open case: work that one.") from twin
    _reopen_group(actor, case, reason)
    write_note(case, actor, "reopened", reason)
    tell_case(CaseReopened, case, actor, reason=reason)
    return case


def _reopen_group(actor: Actor, case: Case, reason: str) -> None:
    group = CaseGroup.objects.select_for_update().get(pk=case.group_id)
    if group.state == GroupState.RESOLVED:
        enter(group, GroupState.ONGOING, actor.key, reason)
        group.save(update_fields=STATE_FIELDS)
        came_back(group)
