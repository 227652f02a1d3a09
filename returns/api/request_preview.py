"""POST /returns/preview: what would become of a request for a return. Nothing is written."""

from datetime import datetime
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.lib.wire import Shape
from returns.api.eligibility import LineEligibility, line_eligibility
from returns.api.explanations import RefundPreviewShape, preview_shape
from returns.enums import RefundTiming, Resolution, ReturnKind, ReturnStatus
from returns.inputs import ReturnIn
from returns.refund_terms import timing_of
from returns.services.request_preview import RequestPreview, preview_request


class PreviewedLine(LineEligibility):
    """A line as it would stand: policy's word on it, and what would become of its units."""

    resolution: Resolution
    authorized: int = Field(description="Units that would be authorized at once.")
    kept: int = Field(description="Units that the customer would keep.")


class RequestPreviewShape(Shape):
    """What the request would become. `refund` is what policy gives when everything comes and is accepted."""

    order_id: UUID
    kind: ReturnKind
    refused: bool = Field(description="The request would be answered 422, as it is.")
    overridable: bool = Field(description="It would not, with an `override_reason` of who may decide on returns.")
    status: ReturnStatus | None = Field(description="Where the return would stand; null where it is refused.")
    review: str = Field(description="Why a person must look first.")
    eligible: bool
    policy_version: str
    expires_at: datetime | None = Field(description="When it would expire, should nothing come.")
    refund_timing: RefundTiming
    timing: str = Field(description="When money would go, in words.")
    instead: str = Field(description="What the customer gets where it is no money, in words.")
    needs_approval: bool = Field(description="A second person would have to agree to the refund.")
    refund: RefundPreviewShape
    lines: list[PreviewedLine]


class RequestPreviewEndpoint(Endpoint):
    """Looking before asking."""

    @operation(
        id="previewReturn", summary="What would become of a return request", tag="Returns",
        permission=Permission.RETURNS_REQUEST, body=ReturnIn, answers={200: RequestPreviewShape}, problems=(404, 422),
    )  # fmt: skip
    def post(self, request: Request, body: ReturnIn) -> RequestPreviewShape:
        """Takes the body of `requestReturn`: eligibility of every line, policy's decision, and each component of the
        money for all lines at once, with why it is what it is. Writes and reserves nothing, and asks for no key."""
        return _shape(preview_request(actor=self.actor, request=body))


def _shape(found: RequestPreview) -> RequestPreviewShape:
    rules = found.verdict.policy.rules
    return RequestPreviewShape.build(
        order_id=found.verdict.order.id,
        kind=found.rma.kind,
        refused=found.refused,
        overridable=found.refused and not found.hard,
        status=None if found.refused else found.rma.status,
        review=found.review,
        eligible=found.verdict.eligible,
        policy_version=found.verdict.policy.label,
        expires_at=found.until,
        refund_timing=timing_of(found.rma, rules),
        timing=found.timing,
        instead=found.instead,
        needs_approval=found.second_person,
        refund=preview_shape(found.refunds),
        lines=_lines(found),
    )


def _lines(found: RequestPreview) -> list[PreviewedLine]:
    return [
        PreviewedLine.build(
            **dict(line_eligibility(verdict)),
            resolution=line.resolution,
            authorized=0 if found.refused else line.authorized,
            kept=0 if found.refused else line.kept,
        )
        for line, verdict in zip(found.lines, found.verdict.lines, strict=True)
    ]
