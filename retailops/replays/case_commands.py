"""What is done to many cases at once: each by the single case's own command."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases import services
from retailops.cases.access import access_case
from retailops.cases.models import Case, CaseStatus, GroupEnding, GroupState
from retailops.lib.errors import Conflict
from retailops.lib.ids import parse_uuid
from retailops.replays.commands import Command, register_command

ASSIGN, ACKNOWLEDGE, IGNORE = "assign_cases", "acknowledge_causes", "ignore_cases"
RESOLVE, NOTE, END = "resolve_cases", "note_cases", "end_cases_of_cause"


def _cases(actor: Actor, permission: str) -> QuerySet[Case]:
    return Case.objects.filter(scope_q(actor, permission))


def _assign(actor: Actor, case_id: UUID, given: Mapping[str, Any]) -> str:
    case = services.assign_case(actor, case_id, parse_uuid(given["owner"]))
    return f"Assigned to {case.owner}." if case.owner else "Nobody owns it now."


def _acknowledge(actor: Actor, case_id: UUID, given: Mapping[str, Any]) -> str:
    group = access_case(actor, case_id, Permission.CASES_WORK).group
    if group.state != GroupState.ACKNOWLEDGED:  # else by the item before, of the same cause
        services.acknowledge_group(actor, group.id, given["reason"])
    return "Its cause is acknowledged."


def _ignore(actor: Actor, case_id: UUID, given: Mapping[str, Any]) -> str:
    services.snooze_case(actor, case_id, datetime.fromisoformat(given["until"]), given["reason"])
    return "Out of sight until then."


def _resolve(actor: Actor, case_id: UUID, given: Mapping[str, Any]) -> str:
    evidence = given["evidence"]
    shown = evidence if isinstance(evidence, dict) else {"reference": evidence}
    services.resolve_case(actor, case_id, given["reason"], shown)
    return "Resolved."


def _end(actor: Actor, case_id: UUID, given: Mapping[str, Any]) -> str:
    """End a case with its mended cause; not one that was seen again since, nor any once the cause is back."""
    case = access_case(actor, case_id, Permission.CASES_WORK, lock=True)
    if case.status != CaseStatus.OPEN:
        return "It had ended by itself."
    if case.last_seen_at > datetime.fromisoformat(given["at"]):
        raise Conflict("It was seen again since the cause was mended: it stays open.")
    if GroupEnding.objects.filter(pk=given["ending"], came_back_at__isnull=False).exists():
        raise Conflict("The cause is back: its case stays open.")
    return _resolve(actor, case_id, given)


def _note(actor: Actor, case_id: UUID, given: Mapping[str, Any]) -> str:
    services.note_case(actor, case_id, given["text"])
    return "Noted."


RUNS: Mapping[str, Callable[[Actor, UUID, Mapping[str, Any]], str]] = {
    ASSIGN: _assign, ACKNOWLEDGE: _acknowledge, IGNORE: _ignore, RESOLVE: _resolve, NOTE: _note,
    END: _end,
}  # fmt: skip


def register() -> None:
    """Register what may be done to many cases, and that a mended cause ends its cases so."""
    for kind, run in RUNS.items():
        register_command(kind, Command(Permission.CASES_WORK, Permission.CASES_VIEW, _cases, run))
