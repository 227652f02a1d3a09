"""Commands on discrepancies."""

from reconciliation.services.detecting import agree_since, take_agreement, take_drift
from reconciliation.services.order_telling import tell_order
from reconciliation.services.repairing import end_with_case, leave_discrepancy, take_theirs, tell_ours
from reconciliation.services.return_telling import follow_return, tell_return

__all__ = [
    "agree_since",
    "end_with_case",
    "follow_return",
    "leave_discrepancy",
    "take_agreement",
    "take_drift",
    "take_theirs",
    "tell_order",
    "tell_ours",
    "tell_return",
]
