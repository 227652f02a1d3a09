"""Fraud reviews: what is held, and the word of a person or a screening provider."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django_filters import rest_framework as filters
from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.actor import scope_q
from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, MoneyShape, Shape
from returns.enums import ReviewStatus
from returns.models import FraudReview
from returns.services import reviewing

VIEW, DECIDE = Permission.FRAUD_VIEW, Permission.FRAUD_DECIDE


class VerdictBody(Body):
    """A verdict: a person's has a reason, a provider's its name, its reference and its score."""

    reason: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    provider: Annotated[str, StringConstraints(max_length=64, strip_whitespace=True)] = ""
    provider_reference: Annotated[str, StringConstraints(max_length=160)] = ""
    score: Annotated[str, StringConstraints(max_length=20)] = Field("", description="In the provider's own scale.")


class FindingShape(Shape):
    """A rule that fired: its limit and what it saw."""

    rule: str
    limit: Any
    saw: Any
    text: str


class FraudReviewShape(Shape):
    """What is held, why, and what was decided. `holds` is `return` or `refund`."""

    id: UUID
    status: ReviewStatus
    holds: str
    return_id: UUID
    return_number: str
    amount: MoneyShape
    findings: list[FindingShape]
    policy_version: str
    requested_by: str
    opened_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    provider: str
    provider_reference: str
    score: str


class FraudReviewList(Shape):
    """One page of fraud reviews."""

    results: list[FraudReviewShape]
    next_cursor: str


class FraudReviewFilter(filters.FilterSet):
    """Filters of fraud reviews."""

    status = filters.MultipleChoiceFilter(choices=ReviewStatus.choices)
    return_id = filters.UUIDFilter(field_name="rma_id")
    region = filters.CharFilter(field_name="rma__region")
    correlation_id = filters.UUIDFilter(field_name="rma__correlation_id")

    class Meta:
        model = FraudReview
        fields: ClassVar[list[str]] = []


def review_shape(review: FraudReview) -> FraudReviewShape:
    """Return one review; its return is loaded with it."""
    return FraudReviewShape.build(
        id=review.id, status=review.status, holds="refund" if review.proposal else "return", return_id=review.rma_id,
        return_number=review.rma.number, amount=MoneyShape.of(review.amount, review.currency),
        findings=[FindingShape.build(**finding) for finding in review.findings], policy_version=review.policy_version,
        requested_by=review.requested_by, opened_at=review.opened_at, expires_at=review.expires_at,
        decided_by=review.decided_by, decided_at=review.decided_at, reason=review.reason, provider=review.provider,
        provider_reference=review.provider_reference, score=review.score,
    )  # fmt: skip


class FraudReviews(ListEndpoint):
    """Fraud reviews of the caller's regions and brands."""

    queryset = FraudReview.objects.none()
    filterset_class = FraudReviewFilter

    @operation(
        id="listFraudReviews", summary="Fraud reviews", tag="Fraud", permission=VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: FraudReviewList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> FraudReviewList:
        """`status=pending` are those that wait."""
        scope = scope_q(self.actor, VIEW, region="rma__region", brand="rma__brand")
        page = self.page(FraudReview.objects.filter(scope).select_related("rma"), query)
        return FraudReviewList.build(results=[review_shape(row) for row in page.rows], next_cursor=page.next_cursor)


class FraudReviewEndpoint(Endpoint):
    """One fraud review."""

    @operation(
        id="getFraudReview", summary="A fraud review", tag="Fraud", permission=VIEW, answers={200: FraudReviewShape},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> FraudReviewShape:
        """With each rule that fired and what it saw."""
        return review_shape(reviewing.access_review(self.actor, id))


class ClearReview(CommandEndpoint):
    """Clearing."""

    @operation(
        id="clearFraudReview", summary="Let it pass", tag="Fraud", permission=DECIDE, body=VerdictBody,
        answers={200: FraudReviewShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: VerdictBody) -> FraudReviewShape:
        """What it held goes on where it stopped. The same verdict again answers what is there; after another one it is
        409 `decided`, and nothing changes. 403 to who asked for the return or refund."""
        word = reviewing.Word(**body.model_dump())
        return review_shape(reviewing.clear_review(actor=self.actor, review_id=id, word=word))


class BlockReview(CommandEndpoint):
    """Blocking."""

    @operation(
        id="blockFraudReview", summary="Refuse it", tag="Fraud", permission=DECIDE, body=VerdictBody,
        answers={200: FraudReviewShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: VerdictBody) -> FraudReviewShape:
        """The return is declined with the code `fraud_review`, or the refund denied. Repeats as when clearing."""
        word = reviewing.Word(**body.model_dump())
        return review_shape(reviewing.block_review(actor=self.actor, review_id=id, word=word))
