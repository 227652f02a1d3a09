"""Credit memos: what a person learns of them at the ERP."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.wire import Body
from returns.api.shapes import CreditMemoShape, memo_shape
from returns.services.credit_memos import reverse_credit_memo


class ReversalBody(Body):
    """The ERP's document that reversed the memo."""

    external_reference: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="The ERP's own number of the reversing document."
    )


class RecordReversal(CommandEndpoint):
    """The ERP reversed a memo."""

    @operation(
        id="recordMemoReversal", summary="The ERP reversed a credit memo", tag="Refunds",
        permission=Permission.REFUNDS_OBSERVE, body=ReversalBody, answers={200: CreditMemoShape}, key="optional",
        problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ReversalBody) -> CreditMemoShape:
        """After a refund failed late or came back. 409 `memo-stands` while its money is out; again changes nothing."""
        return memo_shape(reverse_credit_memo(actor=self.actor, memo_id=id, external_reference=body.external_reference))
