"""Commands of cases and approvals."""

from retailops.cases.services.aging import escalate_by_age
from retailops.cases.services.approving import (
    approve,
    bind,
    consume_approval,
    expire_approvals,
    files_before,
    refuse,
    request_approval,
    void_approval,
)
from retailops.cases.services.case_endings import register_ending
from retailops.cases.services.group_endings import finish_endings, resolve_group, settle_groups, wake_groups
from retailops.cases.services.groups import (
    acknowledge_group,
    assign_group,
    ignore_group,
    note_group,
    tag_group,
    take_up_group,
)
from retailops.cases.services.opening import open_case
from retailops.cases.services.replays import ask_replay, replay_approved, replay_with_word
from retailops.cases.services.resolving import reopen_case, resolve_case, resolve_troubles
from retailops.cases.services.ruling import change_rule, make_rule, raise_rule, remove_rule
from retailops.cases.services.subject_locks import register_subject_lock
from retailops.cases.services.taking_back import may_take_back, take_back_case_note, take_back_group_note
from retailops.cases.services.views import remove_view, save_view, views_for
from retailops.cases.services.working import assign_case, escalate_case, note_case, set_due, snooze_case, wake_case

__all__ = [
    "acknowledge_group",
    "approve",
    "ask_replay",
    "assign_case",
    "assign_group",
    "bind",
    "change_rule",
    "consume_approval",
    "escalate_by_age",
    "escalate_case",
    "expire_approvals",
    "files_before",
    "finish_endings",
    "ignore_group",
    "make_rule",
    "may_take_back",
    "note_case",
    "note_group",
    "open_case",
    "raise_rule",
    "refuse",
    "register_ending",
    "register_subject_lock",
    "remove_rule",
    "remove_view",
    "reopen_case",
    "replay_approved",
    "replay_with_word",
    "request_approval",
    "resolve_case",
    "resolve_group",
    "resolve_troubles",
    "save_view",
    "set_due",
    "settle_groups",
    "snooze_case",
    "tag_group",
    "take_back_case_note",
    "take_back_group_note",
    "take_up_group",
    "views_for",
    "void_approval",
    "wake_case",
    "wake_groups",
]
