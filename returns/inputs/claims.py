"""Suppliers, and claims on them."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints
from pydantic import model_validator as validator

from inventory.enums import Disposition
from returns.inputs.base import Amount, Currency, Input, Name, Text, Units

Days = Annotated[int, Field(ge=0, le=3650, strict=True)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=120)]
LocationCode = Annotated[str, StringConstraints(max_length=40)]


class SupplierIn(Input):
    """A supplier's terms.

    `restocking_basis_points` is what it keeps of goods that come back, in hundredths of a percent. `approval_above` is
    in minor units by currency, `*` for every other one.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=150)]
    takes_back: StrictBool = True
    restocking_basis_points: Annotated[int, Field(ge=0, le=10_000, strict=True)] = 0
    claim_window_days: Days = 0
    credit_days: Days = 30
    approval_above: dict[Annotated[str, StringConstraints(pattern=r"^([A-Z]{3}|\*)$")], Amount] = Field(
        default_factory=dict
    )


class SupplierSkuIn(Input):
    """Which supplier a sku comes from, and what one unit costs in minor units."""

    sku: Name
    supplier_sku: Annotated[str, StringConstraints(max_length=64)] = ""
    unit_cost: Amount
    currency: Currency


class ClaimLineIn(Input):
    """Units to claim: of a verdict (`slice_id`), or of stock (`sku`, `location`, `disposition`).

    Without `quantity` all that is left of the verdict; `unit_cost`, in `currency`, replaces the supplier's own.
    """

    slice_id: UUID | None = None
    sku: Annotated[str, StringConstraints(max_length=64)] = ""
    location: LocationCode = ""
    disposition: Disposition | None = None
    quantity: Units | None = None
    unit_cost: Amount | None = None
    currency: Currency | None = None

    @validator(mode="after")
    def _named(self) -> Self:
        of_stock = bool(self.sku and self.location and self.disposition)
        if bool(self.slice_id) == of_stock:
            raise ValueError("name a verdict by slice_id, or stock by sku, location and disposition")
        if of_stock and self.quantity is None:
            raise ValueError("say how many units of the stock")
        return self


class ClaimIn(Input):
    """A claim to draft. `reference` makes it happen once; without `send_back` the supplier's terms decide."""

    reference: Annotated[str, StringConstraints(max_length=160)] = ""
    supplier: Annotated[str, StringConstraints(max_length=64)] = ""
    send_back: StrictBool | None = None
    reason: Text = ""
    lines: list[ClaimLineIn] = Field(min_length=1, max_length=500)


class ClaimCreditIn(Input):
    """A credit note: `reference` is the supplier's number of it; `final` says that nothing more will come."""

    reference: Reference
    amount: Annotated[int, Field(gt=0, le=10**15, strict=True)]
    currency: Currency
    final: StrictBool = False
    explanation: Text = ""


class GoodsBackIn(Input):
    """Goods of a claim that came back from the supplier; `scan_id` makes it happen once."""

    scan_id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    location: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    lines: list["GoodsBackLineIn"] = Field(min_length=1, max_length=500)


class GoodsBackLineIn(Input):
    """Units of one line of the claim."""

    line_no: Annotated[int, Field(gt=0, strict=True)]
    quantity: Units
