"""Commands of bulk operations."""

from retailops.replays.services.doing import AT_ONCE, Look, SelectionChanged, do_to_many, look_at_many
from retailops.replays.services.editing import (
    EDIT_KIND,
    LANE_KIND,
    ask_edit,
    edit_approved,
    lane_approved,
    money_in_lane,
    move_lane_on,
)
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
    "AT_ONCE",
    "EDIT_KIND",
    "LANE_KIND",
    "PLAN_KIND",
    "Look",
    "PlanChanged",
    "SelectionChanged",
    "approved_money",
    "ask_edit",
    "ask_plan_approval",
    "cancel_operation",
    "change_rules",
    "do_to_many",
    "edit_approved",
    "execute_plan",
    "lane_approved",
    "leave_out_above_limit",
    "look_at_many",
    "money_in_lane",
    "move_lane_on",
    "payload_of",
    "plan_again",
    "plan_replay",
    "resume_operation",
    "word_on_plan",
]
