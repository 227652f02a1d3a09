"""The life of a group: new → ongoing → acknowledged | ignored until → resolved (in version) → regressed.

Pure moves on a locked row: they change fields and save nothing.
"""

from retailops.accounts.actor import Actor
from retailops.cases.events import GroupFact, GroupRegressed, GroupWoke
from retailops.cases.inputs import CaseIn, IgnoreIn
from retailops.cases.models import CaseGroup, GroupState
from retailops.lib.clock import now
from retailops.lib.fsm import TransitionRefused
from retailops.lib.money import Money

LIVE = frozenset({GroupState.NEW, GroupState.ONGOING, GroupState.REGRESSED})
MOVES: dict[str, tuple[frozenset[str], GroupState]] = {
    "acknowledge": (LIVE, GroupState.ACKNOWLEDGED),
    "ignore": (LIVE | {GroupState.ACKNOWLEDGED, GroupState.IGNORED}, GroupState.IGNORED),
    "take up": (frozenset({GroupState.ACKNOWLEDGED, GroupState.IGNORED}), GroupState.ONGOING),
    "resolve": (frozenset(GroupState) - {GroupState.RESOLVED}, GroupState.RESOLVED),
}
STATE_FIELDS = [
    "state",
    "state_reason",
    "state_by",
    "state_at",
    "ignored_until",
    "ignore_count_left",
    "ignore_amount_left",
    "ignore_currency",
    "resolved_config_version",
    "resolved_mapping_version",
]


def refusal(group: CaseGroup, verb: str) -> str:
    """Say why the move is not possible now; "" where it is."""
    return "" if group.state in MOVES[verb][0] else f"Cannot {verb}: the group is {group.state}."


def move(group: CaseGroup, verb: str, actor: Actor, reason: str, to: GroupState | None = None) -> None:
    """Move the group, to another state than the usual one where that is named. Raises TransitionRefused."""
    if why := refusal(group, verb):
        raise TransitionRefused(why, present=group.state)
    enter(group, to or MOVES[verb][1], actor.key, reason)


def enter(group: CaseGroup, state: GroupState, by: str, reason: str) -> None:
    """Put the group into a state; what an earlier one waited for is over."""
    group.state, group.state_by, group.state_at, group.state_reason = state, by, now(), reason[:300]
    group.ignored_until, group.ignore_count_left, group.ignore_amount_left = None, None, None
    group.ignore_currency = ""
    if state == GroupState.RESOLVED:
        group.resolved_config_version = group.resolved_mapping_version = None


def ignore_until(group: CaseGroup, until: IgnoreIn) -> None:
    """Set what an ignored group waits for."""
    group.ignored_until, group.ignore_count_left = until.until, until.count
    if until.money is not None:
        group.ignore_amount_left, group.ignore_currency = until.money.amount, until.money.currency


def see_again(group: CaseGroup, case: CaseIn, by: str) -> type[GroupFact] | None:
    """Let a known group be seen once more; return the event to tell, if it came back by that."""
    group.last_seen_at = now()
    if group.state == GroupState.NEW:
        enter(group, GroupState.ONGOING, by, "Seen again.")
    elif group.state == GroupState.IGNORED:
        return _countdown(group, case, by)
    elif group.state == GroupState.RESOLVED:
        return _after_mending(group, case, by)
    return None


def _countdown(group: CaseGroup, case: CaseIn, by: str) -> type[GroupFact] | None:
    if group.ignore_count_left is not None:
        group.ignore_count_left -= 1
    money = case.money
    if group.ignore_amount_left is not None and money is not None and money.currency == group.ignore_currency:
        group.ignore_amount_left -= money.amount
    if not ignored_enough(group):
        return None
    enter(group, GroupState.ONGOING, by, "What it was ignored until has come.")
    return GroupWoke


def ignored_enough(group: CaseGroup) -> bool:
    """Tell whether what an ignored group waits for has come."""
    return (
        (group.ignored_until is not None and group.ignored_until <= now())
        or (group.ignore_count_left is not None and group.ignore_count_left <= 0)
        or (group.ignore_amount_left is not None and group.ignore_amount_left <= 0)
    )


def _after_mending(group: CaseGroup, case: CaseIn, by: str) -> type[GroupFact] | None:
    if is_straggler(group, case):
        versions = (group.resolved_config_version, group.resolved_mapping_version)
        enter(group, GroupState.ONGOING, by, "Seen by an earlier version than the one that mended it.")
        group.resolved_config_version, group.resolved_mapping_version = versions
        return None
    enter(group, GroupState.REGRESSED, by, "Seen again after it was mended.")
    return GroupRegressed


def is_straggler(group: CaseGroup, case: CaseIn) -> bool:
    """Tell whether the case was seen by an earlier version than the one that mended the group."""
    mended = (group.resolved_config_version, group.resolved_mapping_version)
    if case.versions is None or mended[0] is None or mended[1] is None:
        return False
    return case.versions[0] < mended[0] or case.versions[1] < mended[1]


def waits_for(group: CaseGroup) -> str:
    """Say in words until when an ignored group stays out of sight."""
    told = []
    if group.ignored_until is not None:
        told.append(f"{group.ignored_until:%Y-%m-%d %H:%M} UTC")
    if group.ignore_count_left is not None:
        told.append(f"it is seen {group.ignore_count_left} more times")
    if group.ignore_amount_left is not None:
        told.append(f"cases worth {Money(group.ignore_amount_left, group.ignore_currency)} more come")
    return " or ".join(told)
