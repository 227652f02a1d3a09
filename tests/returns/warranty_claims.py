"""Units that come back under warranty, for tests."""

from typing import Any

from returns.inputs import read
from returns.inputs.warranty import AcceptanceIn, RejectionIn
from returns.models import Order, Return, WarrantyAssessment
from returns.services import warranty
from tests.factories import SYSTEM, make_location, make_order, make_receipt, make_return


def claimed(quantity: int = 2, order: Order | None = None, **fields: Any) -> Return:
    """Return a warranty return of so many units, not yet arrived."""
    line = {"line_no": 1, "quantity": quantity, "resolution": "repair", "reason": "broken", "evidence": ["photo"]}
    return make_return(order or make_order(), kind="warranty", **{"lines": [line], **fields})


def arrived(quantity: int = 2, order: Order | None = None) -> tuple[Return, WarrantyAssessment]:
    """Return a warranty return whose units arrived, and the assessment that waits."""
    rma = claimed(quantity, order)
    make_receipt(rma)
    return rma, rma.assessments.get()


def accept(assessment: WarrantyAssessment, remedy: str, *, actor: Any = SYSTEM, **fields: Any) -> WarrantyAssessment:
    """Accept it, or `quantity` of it."""
    verdict = {"location": _place(assessment), "remedy": remedy, **fields}
    return warranty.accept_assessment(actor=actor, assessment_id=assessment.id, verdict=read(AcceptanceIn, verdict))


def reject(assessment: WarrantyAssessment, *, actor: Any = SYSTEM, **fields: Any) -> WarrantyAssessment:
    """Reject it, or `quantity` of it."""
    verdict = {"location": _place(assessment), "reason": "dropped into water", **fields}
    return warranty.reject_assessment(actor=actor, assessment_id=assessment.id, verdict=read(RejectionIn, verdict))


def _place(assessment: WarrantyAssessment) -> str:
    receipt = assessment.rma.receipts.first()
    return receipt.location.code if receipt else make_location().code
