"""What is remembered of a group: how it was mended, and whether that held."""

from typing import Any

from retailops.accounts.actor import Actor
from retailops.cases.events import GroupResolved
from retailops.cases.group_states import STATE_FIELDS, enter
from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupEnding, GroupState
from retailops.cases.telling import tell_group
from retailops.lib.clock import now


def remember(
    group: CaseGroup, actor: Actor, reason: str, evidence: dict[str, Any], *, end_cases: bool = False
) -> GroupEnding:
    """Keep how the group was mended, for whoever meets it again."""
    return GroupEnding.objects.create(
        group=group,
        by=actor.key,
        by_label=actor.label,
        reason=reason[:300],
        evidence=evidence,
        cases=Case.objects.filter(group=group, status=CaseStatus.OPEN).count(),
        end_cases=end_cases,
        config_version=group.resolved_config_version,
        mapping_version=group.resolved_mapping_version,
    )


def came_back(group: CaseGroup) -> None:
    """Note in the memory that the latest mending did not hold."""
    latest = group.endings.order_by("-at").first()
    if latest is not None and latest.came_back_at is None:
        latest.came_back_at = now()
        latest.save(update_fields=["came_back_at"])


def settle(group: CaseGroup, actor: Actor, reason: str, evidence: dict[str, Any]) -> None:
    """Resolve a locked group whose last case has ended, and remember how."""
    kept = (group.resolved_config_version, group.resolved_mapping_version)
    enter(group, GroupState.RESOLVED, actor.key, reason)
    group.resolved_config_version, group.resolved_mapping_version = kept
    group.save(update_fields=STATE_FIELDS)
    remember(group, actor, reason or "No case is open.", evidence)
    tell_group(GroupResolved, group, actor, reason=reason)
