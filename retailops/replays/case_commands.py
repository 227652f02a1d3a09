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
from retailops.cases.models import Case, GroupState
from retailops.lib.ids import parse_uuid
from retailops.replays.commands import Command, register_command

ASSIGN, ACKNOWLEDGE, IGNORE = "assign_cases", "acknowledge_causes", "ignore_cases"
RESOLVE, NOTE = "resolve_cases", "note_cases"


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
    services.resolve_case(actor, case_id, given["reason"], {"reference": given["evidence"]})
    return "Resolved."


def _note(actor: Actor, case_id: UUID, given: Mapping[str, Any]) -> str:
    services.note_case(actor, case_id, given["text"])
    return "Noted."


RUNS: Mapping[str, Callable[[Actor, UUID, Mapping[str, Any]], str]] = {
    ASSIGN: _assign, ACKNOWLEDGE: _acknowledge, IGNORE: _ignore, RESOLVE: _resolve, NOTE: _note,
}  # fmt: skip


def register() -> None:
    """Register what may be done to many cases."""
    for kind, run in RUNS.items():
        register_command(kind, Command(Permission.CASES_WORK, Permission.CASES_VIEW, _cases, run))
