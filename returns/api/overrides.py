"""Overrides of refunds, canceling at the gateway, and the limits of approval."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.wire import Body, MoneyIn, MoneyShape, Shape, in_minor_units
from returns import selectors
from returns.api.bodies import Reason
from returns.api.refunds import RefundList
from returns.api.shapes import RefundShape, refund_shape
from returns.inputs.refunds import RefundOverrideIn
from returns.limits import PolicyLimits, limit_matrix
from returns.models import RefundOverride
from returns.services.canceling import request_cancel
from returns.services.overriding import override_refund


class RefundOverrideBody(RefundOverrideIn):
    """A change of a refund that waits. What is left out follows policy; units stay as they are."""

    amount: MoneyIn | None = Field(None, description="The whole refund.")  # type: ignore[assignment]  # money on the wire, minor units inside
    expected_amount: MoneyIn | None = Field(  # type: ignore[assignment]  # as above
        None, description="The amount that the change was made upon; another one is 409 with the difference."
    )


class OverrideShape(Shape):
    """What was asked for beyond policy, and why. Amounts are of the whole proposal."""

    id: UUID
    refund_id: UUID
    replaces: UUID | None
    rules: dict[str, Any] = Field(description="Each rule that is broken, with what it permits and what is asked for.")
    permitted: MoneyShape
    requested: MoneyShape
    reason_code: str = Field(description="A term of the vocabulary `override_reason`.")
    reason: str
    evidence: dict[str, Any]
    policy_version: str
    requested_by: str
    at: datetime


class OverrideList(Shape):
    """The overrides of a refund and of those that it took the place of, oldest first."""

    results: list[OverrideShape]


class RefundOverrides(CommandEndpoint):
    """Changes of one refund beyond policy."""

    @operation(
        id="overrideRefund", summary="Change a refund that waits", tag="Refunds", permission=Permission.REFUNDS_PROPOSE,
        body=RefundOverrideBody, answers={201: RefundList}, key="required",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: RefundOverrideBody) -> RefundList:
        """Another refund of the same units takes its place: what was agreed for the former one is void. What goes
        beyond policy waits for a second person, within their limit; the rest goes at once."""
        refund = selectors.refund_detail(self.actor, id)
        given = in_minor_units(body.model_dump(mode="json", exclude_none=True), refund.currency)
        override = RefundOverrideIn.model_validate(given)
        made = override_refund(actor=self.actor, refund_id=id, override=override)
        return RefundList.build(results=[refund_shape(each) for each in made])

    @operation(
        id="listRefundOverrides", summary="What was asked for beyond policy", tag="Refunds",
        permission=Permission.REFUNDS_VIEW, answers={200: OverrideList},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> OverrideList:
        """Rule, amounts, reason, evidence and requester of each request, of the refund's whole proposal."""
        refund = selectors.refund_detail(self.actor, id)
        rows = RefundOverride.objects.filter(refund__proposal=refund.proposal).order_by("id")
        return OverrideList.build(results=[_override(row, refund.currency) for row in rows])


def _override(row: RefundOverride, currency: str) -> OverrideShape:
    return OverrideShape.build(
        id=row.id, refund_id=row.refund_id, replaces=row.replaces_id, rules=row.rules,
        permitted=MoneyShape.of(row.permitted, currency), requested=MoneyShape.of(row.requested, currency),
        reason_code=row.reason_code, reason=row.reason, evidence=row.evidence, policy_version=row.policy_version,
        requested_by=row.requested_by, at=row.at,
    )  # fmt: skip


class CancelBody(Body):
    """Why the refund is to be canceled."""

    reason: Reason


class RefundCancel(CommandEndpoint):
    """Canceling at the gateway."""

    @operation(
        id="cancelRefund", summary="Ask the gateway to cancel a refund", tag="Refunds",
        permission=Permission.REFUNDS_PROPOSE, body=CancelBody, answers={202: RefundShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: CancelBody) -> RefundShape:
        """Only while it waits for the customer (`requires_action`). Its money stays reserved meanwhile."""
        request_cancel(actor=self.actor, refund_id=id, reason=body.reason)
        return refund_shape(selectors.refund_detail(self.actor, id))


class RoleLimitShape(Shape):
    """What holders of a role may approve, in minor units by currency; null is no limit, `*` every other currency."""

    role: str
    limits: dict[str, int | None]
    people: int = Field(description="How many people hold the role there.")


class PolicyLimitsShape(Shape):
    """The limits of one active policy and where it applies; an empty scope field means any."""

    policy: str
    region: str
    brand: str
    channel: str
    by_itself: dict[str, int | None] = Field(description="What goes without a second person.")
    roles: list[RoleLimitShape]


class LimitMatrix(Shape):
    """Role × amount × region, the least specific policy first: the most specific one that fits an order applies."""

    results: list[PolicyLimitsShape]


class ApprovalLimits(Endpoint):
    """Who may approve what, where."""

    @operation(
        id="listApprovalLimits", summary="Who may approve what, where", tag="Approvals",
        permission=Permission.APPROVALS_DECIDE, answers={200: LimitMatrix},
    )  # fmt: skip
    def get(self, request: Request) -> LimitMatrix:
        """Limits of every active policy, by role and currency."""
        return LimitMatrix.build(results=[_policy_limits(row) for row in limit_matrix(self.actor)])


def _policy_limits(row: PolicyLimits) -> PolicyLimitsShape:
    scope = row.policy.scope
    return PolicyLimitsShape.build(
        policy=row.policy.label, region=scope.region, brand=scope.brand, channel=scope.channel, by_itself=row.by_itself,
        roles=[
            RoleLimitShape.build(role=each.role, limits=each.limits, people=len(each.people)) for each in row.roles
        ],
    )  # fmt: skip
