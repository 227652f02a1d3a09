"""POST /observed-refunds: what a marketplace refunded by itself."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.wire import Body, MoneyIn, MoneyShape, Shape
from returns.inputs import OrderRef, read
from returns.inputs.marketplaces import ObservedRefundIn
from returns.services.observing import observe_refund


class ObservedRefundBody(Body):
    """A refund that a marketplace made."""

    order: OrderRef
    payment: Annotated[str, StringConstraints(max_length=120)] = Field(
        "", description="The payment's external id, where several payments of the order are a marketplace's."
    )
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=160)] = Field(
        description="The refund's id there: it is recorded once for each."
    )
    amount: MoneyIn
    observed_at: AwareDatetime


class ObservedRefundShape(Shape):
    """A refund that was observed; `refund_id` is ours that it settled."""

    id: UUID
    payment_id: UUID
    external_id: str
    amount: MoneyShape
    observed_at: datetime
    refund_id: UUID | None


class ObservedRefunds(CommandEndpoint):
    """What marketplaces refund by themselves."""

    @operation(
        id="observeRefund", summary="Record what a marketplace refunded", tag="Refunds",
        permission=Permission.REFUNDS_OBSERVE, body=ObservedRefundBody, answers={200: ObservedRefundShape},
        key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: ObservedRefundBody) -> ObservedRefundShape:
        """Settles the refund that waits for it: of the same amount, else the oldest. Where none waits, or the amount is
        another than ours, a case opens. The same id again changes nothing."""
        given = body.model_dump() | {"amount": body.amount.amount, "currency": body.amount.currency}
        told = observe_refund(actor=self.actor, observed=read(ObservedRefundIn, given))
        return ObservedRefundShape.build(
            id=told.id, payment_id=told.payment_id, external_id=told.external_id,
            amount=MoneyShape.of(told.amount, told.currency), observed_at=told.observed_at, refund_id=told.refund_id,
        )  # fmt: skip
