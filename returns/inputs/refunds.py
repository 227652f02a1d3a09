"""Refunds as people shape them."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool
from pydantic import model_validator as validator

from returns.enums import Destination
from returns.inputs.base import MAX_AMOUNT, Code, Input, Text, Units


class RefundLineIn(Input):
    """Units of one return line to be paid."""

    line_no: Annotated[int, Field(gt=0, strict=True)]
    quantity: Units


class RefundProposalIn(Input):
    """A refund that a person shapes; what is left out follows policy.

    `amount` is the whole refund in minor units; above what policy permits it needs a second person's approval.
    `payment_id` chooses another tender than policy would, `destination` another way than the lines were promised,
    `waive_fees` leaves fees out; each needs a reason.
    """

    lines: list[RefundLineIn] = Field(default_factory=list, max_length=2000)
    amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT, strict=True)] | None = None
    refund_shipping: StrictBool | None = None
    waive_fees: StrictBool = False
    payment_id: UUID | None = None
    destination: Destination | None = None
    reason: Text = ""
    # A term of `refund_reason` or `override_reason`.
    reason_code: Code = ""
    evidence: list[str] = Field(default_factory=list, max_length=50)

    @validator(mode="after")
    def _explained(self) -> Self:
        special = self.amount is not None or self.payment_id is not None or self.waive_fees
        special = special or self.destination is not None
        if (special or self.refund_shipping is not None) and not self.reason:
            raise ValueError("a refund that departs from policy needs a reason")
        return self


RefundOutcome = Literal["pending", "succeeded", "failed", "requires_action", "unknown", "canceled", "reversed"]
