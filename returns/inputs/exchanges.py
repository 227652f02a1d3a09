"""Exchanges as people and systems ask for them."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, StrictBool, StringConstraints
from pydantic import model_validator as validator

from returns.enums import Resolution
from returns.inputs.base import Amount, Currency, Input, Slug, Text, Units
from returns.inputs.orders import TaxIn

Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Place = Annotated[str, StringConstraints(max_length=40)]


class ExchangeLineIn(Input):
    """Units of one return line and the goods wanted for them.

    `unit_price` is what one new unit costs, included taxes included; `taxes` are of all of them, each on top of the
    price unless it is included. A replacement names neither, and its sku is the line's own.
    """

    line_no: Annotated[int, Field(gt=0, strict=True)]
    quantity: Units
    wanted_sku: Slug = ""
    wanted_title: Text = ""
    wanted_quantity: Units | None = None
    unit_price: Amount | None = None
    taxes: list[TaxIn] = Field(default_factory=list, max_length=20)


class ExchangeIn(Input):
    """An exchange, or a replacement (the same goods once more, without a charge). `reserve` holds its goods at once.

    `reason` is needed where policy does not offer it.
    """

    resolution: Literal[Resolution.EXCHANGE, Resolution.REPLACEMENT] = Resolution.EXCHANGE
    lines: list[ExchangeLineIn] = Field(min_length=1, max_length=200)
    reserve: StrictBool = False
    location: Place = ""
    reason: Text = ""

    @validator(mode="after")
    def _priced(self) -> Self:
        for line in self.lines:
            priced = line.unit_price is not None or line.taxes
            if self.resolution == Resolution.REPLACEMENT and priced:
                raise ValueError("a replacement has no price")
            if self.resolution == Resolution.EXCHANGE and (line.unit_price is None or not line.wanted_sku):
                raise ValueError("each line of an exchange names the wanted sku and its price")
            if line.unit_price is not None and included_taxes(line) > line.unit_price * units_wanted(line):
                raise ValueError("the taxes included are more than the price")
        return self


def units_wanted(line: ExchangeLineIn) -> int:
    """Return how many new units a line wants: as many as come back unless it says otherwise."""
    return line.wanted_quantity or line.quantity


def included_taxes(line: ExchangeLineIn) -> int:
    """Return the taxes that the price includes, in minor units."""
    return sum(tax.amount for tax in line.taxes if tax.included)


class ExchangePaymentIn(Input):
    """Money that the customer paid for a balance; the gateway's reference makes it count once."""

    gateway: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    external_reference: Reference
    amount: Annotated[int, Field(gt=0, le=10**15, strict=True)]
    currency: Currency


class ShipmentOut(Input):
    """That the new goods went: the warehouse's own reference, and the parcel's."""

    external_reference: Annotated[str, StringConstraints(max_length=200)] = ""
    carrier: Annotated[str, StringConstraints(max_length=80)] = ""
    tracking: Annotated[str, StringConstraints(max_length=80)] = ""
    shipped_at: AwareDatetime | None = None


ConvertTo = Literal["refund", "store_credit", "gift_card"]
