"""Refunds as people shape them."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints
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
    # Rules that the return itself breaks, said by whoever asks: no proof of purchase, past the window.
    no_receipt: StrictBool = False
    out_of_window: StrictBool = False
    reason: Text = ""
    # A term of `refund_reason` or `override_reason`.
    reason_code: Code = ""
    evidence: list[str] = Field(default_factory=list, max_length=50)
    # Evidence files that were uploaded before, by id.
    files: list[UUID] = Field(default_factory=list, max_length=50)

    @validator(mode="after")
    def _explained(self) -> Self:
        special = self.amount is not None or self.payment_id is not None or self.waive_fees
        special = special or self.destination is not None
        special = special or self.no_receipt or self.out_of_window
        if (special or self.refund_shipping is not None) and not self.reason:
            raise ValueError("a refund that departs from policy needs a reason")
        return self


class RefundOverrideIn(Input):
    """A change of a refund that waits; what is left out follows policy, with the same units.

    `expected_amount` is the amount that the person saw, in minor units; another one is refused.
    """

    amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT, strict=True)] | None = None
    refund_shipping: StrictBool | None = None
    waive_fees: StrictBool = False
    payment_id: UUID | None = None
    no_receipt: StrictBool = False
    out_of_window: StrictBool = False
    # A term of `override_reason`.
    reason_code: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    evidence: list[str] = Field(default_factory=list, max_length=50)
    files: list[UUID] = Field(default_factory=list, max_length=50)
    expected_amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT, strict=True)] | None = None

    def as_proposal(self) -> RefundProposalIn:
        """Return it as the shape of a refund."""
        return RefundProposalIn.model_validate(self.model_dump(exclude={"expected_amount"}))


RefundOutcome = Literal["pending", "succeeded", "failed", "requires_action", "unknown", "canceled", "reversed"]
