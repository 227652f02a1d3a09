"""End a group: its cause is mended, perhaps in a version of its connection. And the sweeps that follow its cases."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.access import access_group
from retailops.cases.events import GroupResolved, GroupWoke
from retailops.cases.group_states import STATE_FIELDS, enter, move
from retailops.cases.inputs import InVersion
from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupEnding, GroupState
from retailops.cases.services.case_endings import ends_cases
from retailops.cases.services.group_memory import remember, settle
from retailops.cases.services.resolving import end_case
from retailops.cases.services.working import require_reason
from retailops.cases.telling import note_group_change, tell_group
from retailops.events.models import Destination
from retailops.events.verdicts import present_versions
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.joining import joins

CASES = Actor.system("cases")
# Cases that one run of the sweep ends.
A_RUN = 200
_STEP = {InVersion.PRESENT: (0, 0), InVersion.NEXT_MAPPING: (0, 1), InVersion.NEXT_CONFIG: (1, 0)}


@joins
def resolve_group(
    actor: Actor,
    group_id: UUID,
    reason: str,
    evidence: dict[str, Any],
    *,
    in_version: str = InVersion.ANY,
    end_cases: bool = False,
) -> CaseGroup:
    """Say that the cause is mended, with a reason and evidence.

    Its open cases end each by itself as its delivery gets through; with `end_cases` those that are open now end with
    this reason, by a bulk operation that begins with it. Seen again in the version that mended it or a later one, it
    has regressed.
    Raises Invalid without reason or evidence, and for a version of a group that is of no connection.
    """
    group = access_group(actor, group_id, Permission.CASES_WORK, lock=True, whole=True)
    require_reason(reason)
    if not evidence:
        raise Invalid("Say what shows it: evidence is required.", errors=[FieldError("/evidence", "must not be empty")])
    versions = _versions(group, in_version)
    move(group, "resolve", actor, reason)
    group.resolved_config_version, group.resolved_mapping_version = versions or (None, None)
    group.save(update_fields=STATE_FIELDS)
    ending = remember(group, actor, reason, evidence, end_cases=end_cases)
    note_group_change(group, actor, "resolved", f"{reason}{_in_words(versions)}")
    tell_group(
        GroupResolved, group, actor, reason=reason, cases=ending.cases,
        config_version=group.resolved_config_version, mapping_version=group.resolved_mapping_version,
    )  # fmt: skip
    if end_cases and ending.cases:
        ending.operation_id = ends_cases(actor, ending)
        ending.save(update_fields=["operation_id"])
    return group


def _versions(group: CaseGroup, in_version: str) -> tuple[int, int] | None:
    if in_version == InVersion.ANY:
        return None
    destination = Destination.objects.filter(name=group.connection).first() if group.connection else None
    present = present_versions(destination) if destination else None
    if present is None or in_version not in _STEP:
        detail = "This group is of no connection with versions: resolve it in whatever version."
        raise Invalid(detail, errors=[FieldError("/in_version", detail)])
    config, mapping = _STEP[InVersion(in_version)]
    return present[0] + config, present[1] + mapping


def _in_words(versions: tuple[int, int] | None) -> str:
    return f" (configuration {versions[0]}, mapping {versions[1]})" if versions else ""


def _end_some(ending: GroupEnding, most: int) -> int:
    waiting = Case.objects.filter(group=ending.group_id, status=CaseStatus.OPEN, last_seen_at__lte=ending.at)
    cases = list(waiting.order_by("id").select_for_update()[:most])
    kind, _, id = ending.by.partition(":")
    for case in cases:
        end_case(Actor(kind, id, ending.by_label or ending.by), case, ending.reason, ending.evidence, None)
    return len(cases)


def finish_endings(limit: int = A_RUN) -> int:
    """End the cases of groups that were resolved before an operation did that; return how many. A sweep."""
    open_ones = Case.objects.filter(group=OuterRef("group"), status=CaseStatus.OPEN, last_seen_at__lte=OuterRef("at"))
    rows = GroupEnding.objects.filter(
        end_cases=True, operation_id=None, cases__gt=0, group__state=GroupState.RESOLVED, came_back_at__isnull=True
    )
    ending = rows.filter(Exists(open_ones)).order_by("at").first()
    if ending is None:
        return 0
    with transaction.atomic():
        return _end_some(ending, limit)


def wake_groups(limit: int = 200) -> int:
    """Bring back groups that were ignored until a time that has come; return how many. A sweep."""
    due = CaseGroup.objects.filter(state=GroupState.IGNORED, ignored_until__lte=now()).order_by("ignored_until")
    with transaction.atomic():
        groups = list(due.select_for_update(skip_locked=True)[:limit])
        for group in groups:
            enter(group, GroupState.ONGOING, CASES.key, "The time that it was ignored until has come.")
            group.save(update_fields=STATE_FIELDS)
            note_group_change(group, CASES, "woke", group.state_reason)
            tell_group(GroupWoke, group, CASES)
    return len(groups)


def settle_groups(limit: int = 200) -> int:
    """Resolve groups that are worked and have no open case left; return how many. A sweep.

    The last case of a group resolves it; where the last two ended in the same moment, this does.
    """
    open_ones = Case.objects.filter(group=OuterRef("pk"), status=CaseStatus.OPEN)
    done = (GroupState.RESOLVED, GroupState.IGNORED)
    with transaction.atomic():
        rows = CaseGroup.objects.exclude(state__in=done).filter(~Exists(open_ones), cases__isnull=False).distinct()
        found = list(rows.values_list("pk", flat=True)[:limit])
        locked = CaseGroup.objects.filter(pk__in=found).order_by("fingerprint").select_for_update(skip_locked=True)
        groups = [each for each in locked if not each.cases.filter(status=CaseStatus.OPEN).exists()]
        for group in groups:
            last = group.cases.order_by("-resolved_at").first()
            reason = last.resolution_reason if last else "No case is open."
            settle(group, CASES, reason, last.resolution_evidence if last else {})
    return len(groups)
