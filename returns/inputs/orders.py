"""Orders as their channels tell them."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictBool, StringConstraints
from pydantic import model_validator as validator

from returns.inputs.base import Amount, Count, Currency, ExternalId, Input, Name, Serials, Slug, Text, Units


class CustomerIn(Input):
    """Who bought, as one system knows them. `*_verified`: that system has proof that it is theirs."""

    system: Name
    external_id: ExternalId
    name: Annotated[str, StringConstraints(max_length=150)] = ""
    email: Annotated[str, StringConstraints(max_length=254)] = ""
    email_verified: StrictBool = False
    phone: Annotated[str, StringConstraints(max_length=40)] = ""
    phone_verified: StrictBool = False
    loyalty_id: Annotated[str, StringConstraints(max_length=120)] = ""
    group: Annotated[str, StringConstraints(max_length=40)] = ""


class TaxIn(Input):
    """One tax on all units of a line. `included`: the price already contains it."""

    code: Annotated[str, StringConstraints(max_length=40)]
    amount: Amount
    included: StrictBool = False


class OrderLineIn(Input):
    """A line as sold. `unit_price` before discounts; `discount` on all its units."""

    external_id: ExternalId
    sku: Name
    title: Text = ""
    category: Slug = ""
    quantity: Units
    unit_price: Amount
    discount: Amount = 0
    taxes: list[TaxIn] = Field(default_factory=list, max_length=20)
    duty: Amount = 0
    shipped_quantity: Count | None = None
    shipped_at: AwareDatetime | None = None
    # When the last of its units reached the customer.
    delivered_at: AwareDatetime | None = None
    final_sale: StrictBool = False
    # Numbers of the units that were shipped, where the channel or the warehouse knows them.
    serials: Serials = Field(default_factory=list)

    @validator(mode="after")
    def _whole(self) -> Self:
        if self.discount > self.unit_price * self.quantity:
            raise ValueError("the discount is more than the price")
        if self.shipped_quantity is not None and self.shipped_quantity > self.quantity:
            raise ValueError("more was shipped than ordered")
        if self.delivered_at and self.shipped_at and self.delivered_at < self.shipped_at:
            raise ValueError("it was delivered before it was shipped")
        if sum(tax.amount for tax in self.taxes if tax.included) > self.unit_price * self.quantity - self.discount:
            raise ValueError("the included taxes are more than the price")
        return self


class PaymentIn(Input):
    """A captured tender. `gateway` names the connection that refunds it; `references` are the gateway's own ids."""

    external_id: ExternalId
    gateway: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    tender: Annotated[str, StringConstraints(max_length=32)] = "card"
    captured: Amount
    references: dict[str, str] = Field(default_factory=dict)
    captured_at: AwareDatetime | None = None


class ShipmentIn(Input):
    """A parcel that went to the customer."""

    tracking: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    carrier: Slug = ""
    shipped_at: AwareDatetime


class OrderIn(Input):
    """An order as its channel tells it. `version` rises with every change there; `discount` is the whole order's.

    `source` is the system that tells it where that is not the channel; its word is compared, field by field.
    """

    channel: Name
    source: Slug = ""
    external_id: ExternalId
    number: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    version: Annotated[int, Field(ge=0, strict=True)] = 1
    region: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    brand: Slug = ""
    store: Slug = ""
    legal_entity: Slug = ""
    country: Annotated[str, StringConstraints(max_length=60)] = ""
    currency: Currency
    placed_at: AwareDatetime
    shipping_charged: Amount = 0
    shipping_tax: Amount = 0
    discount: Amount = 0
    customer: CustomerIn | None = None
    lines: list[OrderLineIn] = Field(min_length=1, max_length=2000)
    payments: list[PaymentIn] = Field(default_factory=list, max_length=50)
    shipments: list[ShipmentIn] = Field(default_factory=list, max_length=200)

    @validator(mode="after")
    def _consistent(self) -> Self:
        _distinct("lines", [line.external_id for line in self.lines])
        _distinct("payments", [payment.external_id for payment in self.payments])
        _distinct("shipments", [shipment.tracking for shipment in self.shipments])
        if self.discount > sum(line.unit_price * line.quantity - line.discount for line in self.lines):
            raise ValueError("the order's discount is more than its lines cost")
        return self


def _distinct(where: str, ids: list[str]) -> None:
    if len(ids) != len(set(ids)):
        raise ValueError(f"{where}: the same id is given twice")


class OrderRef(Input):
    """Names an order: by our id, or by its channel's."""

    channel: Annotated[str, StringConstraints(max_length=64)] = ""
    external_id: Annotated[str, StringConstraints(max_length=120)] = ""
    order_id: UUID | None = None

    @validator(mode="after")
    def _named(self) -> Self:
        if self.order_id is None and not (self.channel and self.external_id):
            raise ValueError("name the order by order_id, or by channel and external_id")
        return self
