"""Refunds: what a return is owed, what was proposed, and how each fares."""

from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.wire import Body, Shape
from returns import selectors
from returns.api.addresses import ReturnCommand
from returns.api.bodies import Reason, RefundProposalBody, proposal_in
from returns.api.explanations import (
    ExplanationShape,
    RefundPreviewShape,
    explanation_shape,
    preview_shape,
)
from returns.api.shapes import RefundDetail, RefundShape, refund_detail, refund_shape
from returns.enums import Destination
from returns.refund_explanation import explanation_of
from returns.services import refunds
from returns.services.previewing import preview_refund


class RefundList(Shape):
    """All refunds of one return, oldest first."""

    results: list[RefundShape]


class ReturnRefunds(ReturnCommand):
    """Refunds of one return."""

    @operation(
        id="listReturnRefunds", summary="Refunds of a return", tag="Refunds", permission=Permission.REFUNDS_VIEW,
        answers={200: RefundList},
    )  # fmt: skip
    def get(self, request: Request, id: str) -> RefundList:
        """Every refund of the return, whatever became of it."""
        rma = selectors.return_detail(self.actor, id)
        return RefundList.build(results=[refund_shape(refund) for refund in rma.refunds.all()])

    @operation(
        id="proposeRefund", summary="Propose a refund", tag="Refunds", permission=Permission.REFUNDS_PROPOSE,
        body=RefundProposalBody, answers={201: RefundList}, key="required",
    )  # fmt: skip
    def post(self, request: Request, id: str, body: RefundProposalBody) -> RefundList:
        """By policy when the body is empty; one refund a payment. What policy permits is approved and submitted at
        once; more than that waits for a second person. 422 `nothing-due`: nothing is owed now."""
        rma = selectors.return_detail(self.actor, id)
        proposal = proposal_in(body, rma.currency)
        made = refunds.propose_refund(actor=self.actor, return_id=rma.id, proposal=proposal)
        return RefundList.build(results=[refund_shape(refund) for refund in made])


class RefundPreview(ReturnCommand):
    """What would be refunded."""

    @operation(
        id="previewRefund", summary="What policy would refund now", tag="Refunds", permission=Permission.REFUNDS_VIEW,
        answers={200: RefundPreviewShape}, problems=(422,),
    )  # fmt: skip
    def get(self, request: Request, id: str) -> RefundPreviewShape:
        """Amount, components and payments, why each is what it is, and whether a second person must agree."""
        return preview_shape(preview_refund(self.actor, self.return_id(id)))

    @operation(
        id="previewProposal", summary="What a proposal would refund", tag="Refunds",
        permission=Permission.REFUNDS_VIEW, body=RefundProposalBody, answers={200: RefundPreviewShape},
        problems=(422,),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: RefundProposalBody) -> RefundPreviewShape:
        """As `proposeRefund` would, without reserving or writing anything."""
        rma = selectors.return_detail(self.actor, id)
        return preview_shape(preview_refund(self.actor, rma.id, proposal_in(body, rma.currency)))


class RefundEndpoint(Endpoint):
    """One refund."""

    @operation(
        id="getRefund", summary="A refund with its attempts", tag="Refunds", permission=Permission.REFUNDS_VIEW,
        answers={200: RefundDetail},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> RefundDetail:
        """State, components, lines, and what the gateway said at each attempt."""
        return refund_detail(selectors.refund_detail(self.actor, id))


class RetryBody(Body):
    """Why it is tried again, and how: what is left out stays as it was."""

    reason: Reason
    payment_id: UUID | None = Field(None, description="Another payment of the order.")
    destination: Destination | None = Field(None, description="Another way: `store_credit` or `gift_card`.")


class RefundRetry(CommandEndpoint):
    """Another try of a refund that was not paid."""

    @operation(
        id="retryRefund", summary="Try a refund again that was not paid", tag="Refunds",
        permission=Permission.REFUNDS_PROPOSE, body=RetryBody, answers={201: RefundShape}, key="required",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: RetryBody) -> RefundShape:
        """A new refund of the same amount takes its place. By another payment, or in another way than was promised, it
        waits for a second person. Only a failed, canceled or reversed one is tried again; of an unknown one the outcome
        is looked up."""
        new = refunds.supersede_refund(
            actor=self.actor, refund_id=id, reason=body.reason, payment_id=body.payment_id, destination=body.destination
        )
        return refund_shape(selectors.refund_detail(self.actor, new.id))


class RefundReasons(Endpoint):
    """Why one refund is what it is."""

    @operation(
        id="explainRefund", summary="Why a refund is what it is", tag="Refunds", permission=Permission.REFUNDS_VIEW,
        answers={200: ExplanationShape},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> ExplanationShape:
        """Each line's units and parts, the rules that decided, what capped it, and what each payment bears."""
        return explanation_shape(explanation_of(selectors.refund_detail(self.actor, id)))
