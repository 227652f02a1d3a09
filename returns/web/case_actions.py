"""What the case of a refund that ended without paying offers: propose it anew, on the sheet of its return."""

from typing import Any

from retailops.accounts.permissions import Permission
from retailops.cases.actions import Action, register_actions
from retailops.cases.models import Case
from returns.models import Refund
from returns.web.corrections import why_not_again

KINDS = ("refund_failed", "refund_reversed")


def register() -> None:
    """Offer the step on the cases that wait for it."""
    step = Action("Propose it anew", "returns:refund_again", Permission.REFUNDS_PROPOSE, _where, _why_not)
    for kind in KINDS:
        register_actions(kind, step)


def _refund(case: Case) -> Refund:
    return Refund.objects.select_related("rma").get(pk=case.subject_id)


def _where(case: Case) -> dict[str, Any]:
    refund = _refund(case)
    return {"number": refund.rma.number, "refund_id": refund.id}


def _why_not(case: Case) -> str:
    return why_not_again(_refund(case))
