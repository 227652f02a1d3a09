"""Refunds: what a return is owed, what was proposed, and how each fares."""

from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.lib.wire import MoneyShape, Shape
from returns import selectors
from returns.api.addresses import ReturnCommand
from returns.api.bodies import RefundProposalBody, proposal_in
from returns.api.shapes import ComponentShape, RefundDetail, RefundShape, refund_detail, refund_shape
from returns.services import refunds


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


class TenderShare(Shape):
    """What one payment would bear."""

    payment_id: UUID
    amount: MoneyShape


class RefundPreviewShape(Shape):
    """What policy would refund now. Nothing is written or reserved."""

    total: MoneyShape
    components: list[ComponentShape]
    tenders: list[TenderShare]
    needs_approval: bool
    reasons: list[str] = Field(description="Why a second person must agree.")


class RefundPreview(ReturnCommand):
    """What would be refunded."""

    @operation(
        id="previewRefund", summary="What policy would refund now", tag="Refunds", permission=Permission.REFUNDS_VIEW,
        answers={200: RefundPreviewShape}, problems=(422,),
    )  # fmt: skip
    def get(self, request: Request, id: str) -> RefundPreviewShape:
        """Amount, components and payments, and whether a second person must agree."""
        found = refunds.preview_refund(self.actor, self.return_id(id))
        currency = found.total.currency
        return RefundPreviewShape.build(
            total=MoneyShape.from_money(found.total),
            components=[
                ComponentShape.build(kind=part.kind, code=part.code, amount=MoneyShape.of(part.amount, currency))
                for part in found.parts
            ],
            tenders=[
                TenderShare.build(payment_id=payment_id, amount=MoneyShape.from_money(money))
                for payment_id, money in found.tenders
            ],
            needs_approval=found.needs_approval,
            reasons=found.reasons,
        )


class RefundEndpoint(Endpoint):
    """One refund."""

    @operation(
        id="getRefund", summary="A refund with its attempts", tag="Refunds", permission=Permission.REFUNDS_VIEW,
        answers={200: RefundDetail},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> RefundDetail:
        """State, components, lines, and what the gateway said at each attempt."""
        return refund_detail(selectors.refund_detail(self.actor, id))
