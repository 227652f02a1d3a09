"""POST /eligibility: may these units come back, until when, for how much? Nothing is written."""

from datetime import datetime
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.lib.wire import MoneyShape, Shape
from returns.enums import RefundTiming, Resolution
from returns.inputs import EligibilityIn
from returns.services.eligibility import Eligibility, LineVerdict, assess


class RuleBroken(Shape):
    """A rule that stands in the way. No override moves a `hard` one."""

    code: str
    detail: str
    hard: bool


class LineEligibility(Shape):
    """Policy's word on one line."""

    line_no: int
    external_id: str
    sku: str
    eligible: bool
    quantity: int = Field(description="Units asked for.")
    returnable: int = Field(description="Units that may still come back.")
    until: datetime = Field(description="End of the window.")
    amount: MoneyShape = Field(description="What was paid for these units, tax included, before fees.")
    resolutions: list[Resolution]
    policy_version: str
    reasons: list[RuleBroken]


class EligibilityShape(Shape):
    """Policy's word on lines of an order."""

    order_id: UUID
    eligible: bool = Field(description="Every line is.")
    policy_version: str
    refund_timing: RefundTiming
    amount: MoneyShape
    lines: list[LineEligibility]


class EligibilityEndpoint(Endpoint):
    """Asking before returning."""

    @operation(
        id="assessEligibility", summary="May these lines be returned?", tag="Returns",
        permission=Permission.ORDERS_VIEW, body=EligibilityIn, answers={200: EligibilityShape}, problems=(404, 422),
    )  # fmt: skip
    def post(self, request: Request, body: EligibilityIn) -> EligibilityShape:
        """How, until when, for how much, under which policy version, and what stands in the way. Writes nothing.
        Without lines: all that is left of every line."""
        return _shape(assess(actor=self.actor, request=body))


def _shape(found: Eligibility) -> EligibilityShape:
    return EligibilityShape.build(
        order_id=found.order.id,
        eligible=found.eligible,
        policy_version=found.policy.label,
        refund_timing=found.policy.rules.refund_timing,
        amount=MoneyShape.from_money(found.value),
        lines=[line_eligibility(line) for line in found.lines],
    )


def line_eligibility(line: LineVerdict) -> LineEligibility:
    """Return policy's word on one line on the wire."""
    return LineEligibility.build(
        line_no=line.line.line_no,
        external_id=line.line.external_id,
        sku=line.line.sku,
        eligible=line.eligible,
        quantity=line.asked.quantity,
        returnable=line.returnable,
        until=line.until,
        amount=MoneyShape.from_money(line.amount),
        resolutions=line.policy.rules.resolutions,
        policy_version=line.policy.label,
        reasons=[RuleBroken.build(code=reason.code, detail=reason.detail, hard=reason.hard) for reason in line.reasons],
    )
