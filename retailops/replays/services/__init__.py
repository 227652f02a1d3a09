"""Commands of bulk operations."""

from retailops.replays.services.executing import (
    PlanChanged,
    approved_money,
    ask_plan_approval,
    cancel_operation,
    execute_plan,
    payload_of,
    resume_operation,
    word_on_plan,
)
from retailops.replays.services.planning import (
    AGAIN,
    PLAN_KIND,
    change_rules,
    leave_out_above_limit,
    plan_again,
    plan_replay,
)

__all__ = [
    "AGAIN",
    "PLAN_KIND",
    "PlanChanged",
    "approved_money",
    "ask_plan_approval",
    "cancel_operation",
    "change_rules",
    "execute_plan",
    "leave_out_above_limit",
    "payload_of",
    "plan_again",
    "plan_replay",
    "resume_operation",
    "word_on_plan",
]
