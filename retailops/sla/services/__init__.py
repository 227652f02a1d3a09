"""Commands of promises and calendars."""

from retailops.sla.services.calendars import revise_calendar
from retailops.sla.services.drafting import discard_draft, draft_policy, edit_draft
from retailops.sla.services.enforcing import activate_policy, retire_policy

__all__ = [
    "activate_policy",
    "discard_draft",
    "draft_policy",
    "edit_draft",
    "retire_policy",
    "revise_calendar",
]
