"""Orders as they come over the wire: money as `{"amount", "currency"}`, the rest as the command takes it."""

from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from retailops.lib.wire import Body, MoneyIn, in_minor_units
from returns.inputs import (
    Code,
    Count,
    Currency,
    CustomerIn,
    ExternalId,
    Name,
    OrderIn,
    ShipmentIn,
    Slug,
    Text,
    Units,
    read,
)
from returns.inputs.base import Serials


class OrderTaxBody(Body):
    """One tax on all units of a line. `included`: the price already contains it."""

    code: Code
    amount: MoneyIn
    included: bool = False


class OrderLineBody(Body):
    """A line as sold. `unit_price` is before discounts; `discount`, `taxes` and `duty` are for all its units."""

    external_id: ExternalId
    sku: Name
    title: Text = ""
    category: Slug = ""
    quantity: Units
    unit_price: MoneyIn
    discount: MoneyIn | None = None
    taxes: list[OrderTaxBody] = Field(default_factory=list, max_length=20)
    duty: MoneyIn | None = None
    shipped_quantity: Count | None = None
    shipped_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = Field(None, description="When the last of its units reached the customer.")
    final_sale: bool = False
    serials: Serials = Field(default_factory=list, description="Numbers of the units that were shipped.")


class OrderPaymentBody(Body):
    """A captured tender. `gateway` names the connection that refunds it; `references` are the gateway's own ids."""

    external_id: ExternalId
    gateway: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    tender: Annotated[str, StringConstraints(max_length=32)] = "card"
    captured: MoneyIn
    references: dict[str, str] = Field(default_factory=dict)
    captured_at: AwareDatetime | None = None


class OrderBody(Body):
    """An order as its channel tells it. `version` rises with every change there; all money is in `currency`."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    version: Annotated[int, Field(ge=0, le=2**63 - 1)] = 1
    region: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    brand: Slug = ""
    store: Slug = ""
    legal_entity: Slug = ""
    country: Annotated[str, StringConstraints(max_length=60)] = ""
    currency: Currency
    source: Slug = Field("", description="The system that tells it, where that is not the channel itself.")
    placed_at: AwareDatetime
    shipping_charged: MoneyIn | None = None
    shipping_tax: MoneyIn | None = None
    discount: MoneyIn | None = Field(None, description="Of the whole order; allocated over the lines at capture.")
    customer: CustomerIn | None = None
    lines: list[OrderLineBody] = Field(min_length=1, max_length=2000)
    payments: list[OrderPaymentBody] = Field(default_factory=list, max_length=50)
    shipments: list[ShipmentIn] = Field(default_factory=list, max_length=200)


class BatchOrderBody(OrderBody):
    """An order with the address that it would have as a single one."""

    channel: Name
    external_id: ExternalId


def order_in(body: OrderBody, channel: str, external_id: str) -> OrderIn:
    """Return the command's input. Raises Invalid with pointers into the body."""
    plain: dict[str, Any] = in_minor_units(body.model_dump(exclude_none=True), body.currency)
    return read(OrderIn, plain | {"channel": channel, "external_id": external_id})
