"""What another system says of a return: compared, and told where it differs."""

from pydantic import Field
from rest_framework.request import Request

from reconciliation.api.discrepancies import DiscrepancyShape, shape_of
from reconciliation.return_truth import ReturnTellingIn
from reconciliation.services import tell_return
from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from retailops.lib.wire import Shape
from returns.api.addresses import ReturnCommand


class TellingShape(Shape):
    """What came of it. Nothing of the return itself has changed."""

    return_number: str
    late: bool = Field(description="Its state was told as of before our last decision, and was not compared.")
    discrepancies: list[DiscrepancyShape] = Field(description="Open ones, one for each field that differs.")


class Tellings(ReturnCommand):
    """Tellings of one return."""

    @operation(
        id="tellReturn", summary="Say how a return stands in another system", tag="Reconciliation",
        permission=Permission.RETURNS_REQUEST, body=ReturnTellingIn, answers={200: TellingShape}, key="optional",
        problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: ReturnTellingIn) -> TellingShape:
        """Its state, tracking number, or where its units went. A field that differs is a discrepancy with a case and a
        proposal for its repair, by which system owns the field; one that agrees ends it."""
        told = tell_return(actor=self.actor, return_id=self.return_id(id), told=body)
        return TellingShape.build(
            return_number=told.rma.number, late=told.late, discrepancies=[shape_of(found) for found in told.open]
        )
