"""Commands of cases and approvals."""

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
from retailops.cases.services.opening import open_case
from retailops.cases.services.replays import ask_replay, replay_approved, replay_with_word
from retailops.cases.services.resolving import reopen_case, resolve_case, resolve_troubles
from retailops.cases.services.working import assign_case, escalate_case, note_case, set_due, snooze_case

__all__ = [
    "approve",
    "ask_replay",
    "assign_case",
    "bind",
    "consume_approval",
    "escalate_case",
    "expire_approvals",
    "files_before",
    "note_case",
    "open_case",
    "refuse",
    "reopen_case",
    "replay_approved",
    "replay_with_word",
    "request_approval",
    "resolve_case",
    "resolve_troubles",
    "set_due",
    "snooze_case",
    "void_approval",
]
