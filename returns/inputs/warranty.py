"""Verdicts on units that came back under warranty."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints
from pydantic import model_validator as validator

from inventory.enums import Disposition
from returns.enums import Remedy
from returns.inputs.base import Input, Text, Units

D = Disposition
KEPT_BY_US = frozenset({
    D.DAMAGED, D.RETURN_TO_VENDOR, D.REFURBISH, D.QUARANTINE, D.LIQUIDATE, D.RECYCLE, D.DONATE, D.SCRAP,
})  # fmt: skip
REJECTED_TO = frozenset({D.RETURN_TO_CUSTOMER, D.SCRAP, D.RECYCLE})
Place = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class AssessmentIn(Input):
    """A verdict on units, or on some of them (`quantity`), at a location."""

    location: Place
    quantity: Units | None = None
    condition: Annotated[str, StringConstraints(max_length=40)] = ""
    reason: Text = ""
    evidence: list[str] = Field(default_factory=list, max_length=50)


class AcceptanceIn(AssessmentIn):
    """The fault is covered. `disposition` is where units go that the retailer keeps; those to repair go to repair."""

    remedy: Remedy
    disposition: Disposition = D.DAMAGED

    @validator(mode="after")
    def _kept(self) -> Self:
        if self.disposition not in KEPT_BY_US:
            raise ValueError(f"units that are replaced or refunded do not go to {self.disposition}")
        return self


class RejectionIn(AssessmentIn):
    """The fault is not covered; the units are the customer's, and by default go back to it."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    disposition: Disposition = D.RETURN_TO_CUSTOMER

    @validator(mode="after")
    def _the_customers(self) -> Self:
        if self.disposition not in REJECTED_TO:
            raise ValueError(f"the customer's own units do not go to {self.disposition}")
        return self
