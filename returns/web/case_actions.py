"""What the case of a refund that ended without paying offers: try it again, on the sheet of its return."""

from typing import Any

from retailops.accounts.permissions import Permission
from retailops.cases.actions import Action, register_actions
from retailops.cases.models import Case
from returns.models import Refund
from returns.web.corrections import why_not_again

KINDS = ("refund_failed", "refund_reversed")
REFUND = "refund_of_the_case"


def register() -> None:
    """Offer the step on the cases that wait for it."""
    step = Action("Try the refund again", "returns:refund_again", Permission.REFUNDS_PROPOSE, _where, _why_not)
    for kind in KINDS:
        register_actions(kind, step)


def _refund(case: Case) -> Refund | None:
    """Return the case's refund, read once for a case."""
    kept = case.__dict__
    if REFUND not in kept:
        kept[REFUND] = Refund.objects.select_related("rma").filter(pk=case.subject_id).first()
    found: Refund | None = kept[REFUND]
    return found


def _where(case: Case) -> dict[str, Any]:
    refund = _refund(case)
    return {"number": refund.rma.number if refund else "none", "refund_id": case.subject_id}


def _why_not(case: Case) -> str:
    refund = _refund(case)
    return why_not_again(refund) if refund else "Its refund is not here any more."
