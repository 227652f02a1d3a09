"""Warranty: verdicts on units that came back, and what was promised."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.actor import Actor
from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.money import Money
from retailops.lib.wire import Body, MoneyIn, Shape
from returns import selectors
from returns.api.addresses import ReturnCommand
from returns.api.bodies import Reason
from returns.enums import AssessmentStatus, Remedy, RemedyStatus
from returns.inputs.warranty import AcceptanceIn, RejectionIn
from returns.models import WarrantyAssessment
from returns.services import warranty, warranty_remedies, warranty_replacing

VIEW, JUDGE = Permission.RETURNS_VIEW, Permission.RETURNS_INSPECT
Run = Callable[[Actor, UUID, Any], WarrantyAssessment]


class AssessmentShape(Shape):
    """Units of one line that came under warranty; `progress` follows what was promised."""

    id: UUID
    return_id: UUID
    line_no: int
    sku: str
    quantity: int
    status: AssessmentStatus
    remedy: Remedy | None
    progress: RemedyStatus
    slice_id: UUID | None
    reason: str
    evidence: list[str]
    assessed_by: str
    assessed_at: datetime | None
    tracking: str
    finished_at: datetime | None


class AssessmentList(Shape):
    """All assessments of one return."""

    results: list[AssessmentShape]


class RepairBody(Body):
    """What the repair of one unit cost: it is claimed from the supplier."""

    unit_cost: MoneyIn | None = None


class GiveUpBody(Body):
    """What the customer gets instead, and why."""

    remedy: Remedy = Field(description="`replace` or `refund`.")
    reason: Reason


class ParcelBody(Body):
    """The parcel that went to the customer."""

    tracking: Annotated[str, StringConstraints(max_length=80)] = ""


def assessment_shape(assessment: WarrantyAssessment) -> AssessmentShape:
    """Return one assessment; its line is loaded with it."""
    return AssessmentShape.build(
        id=assessment.id, return_id=assessment.rma_id, line_no=assessment.line.line_no, sku=assessment.line.sku,
        quantity=assessment.quantity, status=assessment.status, remedy=assessment.remedy or None,
        progress=assessment.progress, slice_id=assessment.slice_id, reason=assessment.reason,
        evidence=assessment.evidence, assessed_by=assessment.assessed_by, assessed_at=assessment.assessed_at,
        tracking=assessment.tracking, finished_at=assessment.finished_at,
    )  # fmt: skip


class Assessments(ReturnCommand):
    """Assessments of one return."""

    @operation(
        id="listAssessments", summary="Warranty verdicts of a return", tag="Warranty", permission=VIEW,
        answers={200: AssessmentList},
    )  # fmt: skip
    def get(self, request: Request, id: str) -> AssessmentList:
        """Units that wait for a verdict are `pending`: one assessment a line."""
        rma = selectors.return_detail(self.actor, id)
        rows = rma.assessments.select_related("line").order_by("line__line_no", "id")
        return AssessmentList.build(results=[assessment_shape(row) for row in rows])


def assessment_command(name: str, summary: str, text: str, body: type[Any], run: Run) -> type[CommandEndpoint]:
    """Return the endpoint of a command on one assessment."""

    class AssessmentCommand(CommandEndpoint):
        @operation(
            id=name, summary=summary, tag="Warranty", permission=JUDGE, body=body, answers={200: AssessmentShape},
            key="required", problems=(404, 409, 422), text=text,
        )  # fmt: skip
        def post(self, request: Request, id: UUID, body: Any) -> AssessmentShape:
            return assessment_shape(run(self.actor, id, body))

    AssessmentCommand.__name__ = name
    return AssessmentCommand


def _repaired(actor: Actor, id: UUID, body: RepairBody) -> WarrantyAssessment:
    cost = Money(body.unit_cost.amount, body.unit_cost.currency) if body.unit_cost else None
    return warranty_remedies.complete_repair(actor=actor, assessment_id=id, unit_cost=cost)


def _proposed(actor: Actor, id: UUID, body: Body) -> WarrantyAssessment:
    warranty_replacing.propose_replacement(actor=actor, assessment_id=id)
    return warranty.access_assessment(actor, id)


ASSESSMENT_COMMANDS: dict[str, type[CommandEndpoint]] = {
    "accept": assessment_command(
        "acceptWarranty", "The fault is covered",
        "All units that wait, or `quantity` of them: to repair, to replace, or to refund by policy.", AcceptanceIn,
        lambda actor, id, body: warranty.accept_assessment(actor=actor, assessment_id=id, verdict=body),
    ),
    "reject": assessment_command(
        "rejectWarranty", "The fault is not covered", "The units are the customer's and go back.", RejectionIn,
        lambda actor, id, body: warranty.reject_assessment(actor=actor, assessment_id=id, verdict=body),
    ),
    "complete-repair": assessment_command(
        "completeRepair", "Repaired", "The units wait to be sent to the customer; they are never refunded.", RepairBody,
        _repaired,
    ),
    "give-up-repair": assessment_command(
        "giveUpRepair", "Cannot be repaired", "The customer gets new units, or the money by policy.", GiveUpBody,
        lambda actor, id, body: warranty_remedies.give_up_repair(
            actor=actor, assessment_id=id, remedy=body.remedy, reason=body.reason
        ),
    ),
    "send-back": assessment_command(
        "sendBack", "Sent to the customer", "Repaired or rejected units are the customer's own again.", ParcelBody,
        lambda actor, id, body: warranty_remedies.send_back(actor=actor, assessment_id=id, tracking=body.tracking),
    ),
    "propose-replacement": assessment_command(
        "proposeReplacement", "Propose the same goods once more",
        "By itself when a replacement is promised; again where its exchange was given up.", Body, _proposed,
    ),
    "replacement-sent": assessment_command(
        "replacementSent", "New units went to the customer",
        "Sent by a person: the exchange that would have sent them is given up.",
        ParcelBody,
        lambda actor, id, body: warranty_replacing.record_replacement(
            actor=actor, assessment_id=id, tracking=body.tracking
        ),
    ),
}  # fmt: skip
