"""Approvals: what waits for a second person, and their word."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django_filters import rest_framework as filters
from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.actor import Actor
from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.access import access_approval
from retailops.cases.models import Approval, ApprovalStatus
from retailops.cases.selectors import approvals_visible_to
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, MoneyShape, Shape
from returns.services.refunds import approve_refund, deny_refund
from returns.services.submitting import APPROVAL_KIND

DECIDE = Permission.APPROVALS_DECIDE


class ApprovalDecisionBody(Body):
    """A second person's word, with its reason."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
    evidence_seen: Annotated[str, StringConstraints(max_length=64)] = Field(
        "", description="The `hash` of the evidence that it was made upon; other evidence is 409."
    )


class ApprovalShape(Shape):
    """A request for a second person's word on one exact thing; a change of what was asked voids it."""

    id: UUID
    kind: str
    subject: str
    correlation_id: UUID
    region: str
    brand: str
    channel: str
    amount: MoneyShape | None
    asked: dict[str, Any]
    reason: str
    evidence: dict[str, Any]
    policy_version: str
    status: ApprovalStatus
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision_reason: str
    seen: dict[str, Any] = Field(description="The files that lay before whoever decided, by SHA-256.")


class ApprovalList(Shape):
    """One page of approvals."""

    results: list[ApprovalShape]
    next_cursor: str


class ApprovalFilter(filters.FilterSet):
    """Filters of approvals."""

    status = filters.MultipleChoiceFilter(choices=ApprovalStatus.choices)
    kind = filters.CharFilter()
    region = filters.CharFilter()
    subject_id = filters.UUIDFilter()
    correlation_id = filters.UUIDFilter()

    class Meta:
        model = Approval
        fields: ClassVar[list[str]] = []


def approval_shape(approval: Approval) -> ApprovalShape:
    """Return one approval."""
    return ApprovalShape.build(
        id=approval.id, kind=approval.kind, subject=f"{approval.subject_type}/{approval.subject_id}",
        correlation_id=approval.correlation_id, region=approval.region, brand=approval.brand,
        channel=approval.channel, amount=MoneyShape.maybe(approval.amount, approval.currency), asked=approval.asked,
        reason=approval.reason, evidence=approval.evidence, policy_version=approval.policy_version,
        status=approval.status, requested_by=approval.requested_by, requested_at=approval.requested_at,
        expires_at=approval.expires_at, decided_by=approval.decided_by, decided_at=approval.decided_at,
        decision_reason=approval.decision_reason, seen=approval.seen,
    )  # fmt: skip


class Approvals(ListEndpoint):
    """Approvals of the caller's regions and brands."""

    queryset = Approval.objects.none()
    filterset_class = ApprovalFilter

    @operation(
        id="listApprovals", summary="Approvals", tag="Approvals", permission=DECIDE, query=PageQuery,
        orderings=("-id", "id", "expires_at", "-expires_at"), answers={200: ApprovalList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> ApprovalList:
        """`status=requested` are those that wait."""
        page = self.page(approvals_visible_to(self.actor), query)
        return ApprovalList.build(
            results=[approval_shape(approval) for approval in page.rows], next_cursor=page.next_cursor
        )


class Approve(CommandEndpoint):
    """Agreeing."""

    @operation(
        id="approve", summary="Approve", tag="Approvals", permission=DECIDE, body=ApprovalDecisionBody,
        answers={200: ApprovalShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ApprovalDecisionBody) -> ApprovalShape:
        """What was asked is done in the same transaction. 403 to who asked, and above the limit of the role."""
        return approval_shape(_approve(self.actor, id, body))


class Refuse(CommandEndpoint):
    """Refusing."""

    @operation(
        id="refuse", summary="Refuse", tag="Approvals", permission=DECIDE, body=ApprovalDecisionBody,
        answers={200: ApprovalShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ApprovalDecisionBody) -> ApprovalShape:
        """Money that was reserved for it is free again."""
        return approval_shape(_refuse(self.actor, id, body))


def _approve(actor: Actor, approval_id: UUID, word: ApprovalDecisionBody) -> Approval:
    approval = access_approval(actor, approval_id, DECIDE)
    if approval.kind != APPROVAL_KIND:
        return cases.approve(actor, approval_id, word.reason, seen=word.evidence_seen)
    approve_refund(actor=actor, refund_id=approval.subject_id, reason=word.reason, seen=word.evidence_seen)
    return access_approval(actor, approval_id, DECIDE)


def _refuse(actor: Actor, approval_id: UUID, word: ApprovalDecisionBody) -> Approval:
    approval = access_approval(actor, approval_id, DECIDE)
    if approval.kind != APPROVAL_KIND:
        return cases.refuse(actor, approval_id, word.reason, seen=word.evidence_seen)
    deny_refund(actor=actor, refund_id=approval.subject_id, reason=word.reason, seen=word.evidence_seen)
    return access_approval(actor, approval_id, DECIDE)
