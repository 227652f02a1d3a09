"""What commands take: frozen, complete, checked. Unknown fields are refused; amounts are minor units, times aware.

`read(Model, data)` turns untrusted data into one of these and refuses with a JSON pointer for each fault.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StringConstraints, ValidationError
from pydantic import model_validator as validator

from inventory.enums import DECIDABLE, Disposition
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid
from returns.enums import Resolution, ReturnKind


class Input(BaseModel):
    """Base of all inputs."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


Model = TypeVar("Model", bound=BaseModel)
MAX_AMOUNT = 10**15
MAX_UNITS = 1_000_000

Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT, strict=True)]
Units = Annotated[int, Field(gt=0, le=MAX_UNITS, strict=True)]
Count = Annotated[int, Field(ge=0, le=MAX_UNITS, strict=True)]
Slug = Annotated[str, StringConstraints(max_length=64)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Code = Annotated[str, StringConstraints(max_length=64)]
Text = Annotated[str, StringConstraints(max_length=200)]


def read(model: type[Model], data: object) -> Model:
    """Return the input that the data spells. Raises Invalid with one pointer for each fault."""
    try:
        return model.model_validate(data)
    except ValidationError as refused:
        raise invalid(refused) from None


def read_json(model: type[Model], body: bytes | str) -> Model:
    """Return the input that the JSON text spells. Raises Invalid with one pointer for each fault."""
    try:
        return model.model_validate_json(body)
    except ValidationError as refused:
        raise invalid(refused) from None


def invalid(refused: ValidationError) -> Invalid:
    """Say pydantic's refusal as the domain error, with JSON pointers."""
    faults = [
        FieldError("".join(f"/{step}" for step in fault["loc"]) or "/", _plain(fault)) for fault in refused.errors()
    ]
    return Invalid("The input is not valid; see errors.", errors=faults)


def _plain(fault: Mapping[str, Any]) -> str:
    message = str(fault["msg"])
    return message.removeprefix("Value error, ")


class CustomerIn(Input):
    """Who bought, as one system knows them."""

    system: Name
    external_id: ExternalId
    name: Annotated[str, StringConstraints(max_length=150)] = ""
    email: Annotated[str, StringConstraints(max_length=254)] = ""
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
    final_sale: StrictBool = False

    @validator(mode="after")
    def _whole(self) -> Self:
        if self.discount > self.unit_price * self.quantity:
            raise ValueError("the discount is more than the price")
        if self.shipped_quantity is not None and self.shipped_quantity > self.quantity:
            raise ValueError("more was shipped than ordered")
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
    """An order as its channel tells it. `version` rises with every change there; `discount` is the whole order's."""

    channel: Name
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


class ReturnLineIn(Input):
    """Units of one order line, named by its external id, its number, or its sku where only one line has it."""

    external_id: Annotated[str, StringConstraints(max_length=120)] = ""
    line_no: Annotated[int, Field(gt=0, strict=True)] | None = None
    sku: Slug = ""
    quantity: Units
    resolution: Resolution = Resolution.REFUND
    reason: Code = ""

    @validator(mode="after")
    def _named(self) -> Self:
        if not (self.external_id or self.line_no or self.sku):
            raise ValueError("name the line by external_id, line_no or sku")
        return self


class EligibilityIn(Input):
    """May these units come back, and for how much? Without lines: every line of the order."""

    order: OrderRef
    kind: ReturnKind = ReturnKind.MAIL_IN
    lines: list[ReturnLineIn] = Field(default_factory=list, max_length=2000)
    at: AwareDatetime | None = None


class ReturnIn(Input):
    """A request to return. `external_id` is the id at `source` and makes the request happen once.

    `override_reason` lets staff go beyond policy; the rule broken is recorded with it.
    """

    order: OrderRef
    kind: ReturnKind = ReturnKind.MAIL_IN
    source: Name = "api"
    external_id: Annotated[str, StringConstraints(max_length=160)] = ""
    reason: Text = ""
    tracking: Annotated[str, StringConstraints(max_length=80)] = ""
    requested_at: AwareDatetime | None = None
    lines: list[ReturnLineIn] = Field(min_length=1, max_length=2000)
    override_reason: Text = ""

    @validator(mode="after")
    def _known_kind(self) -> Self:
        if self.kind == ReturnKind.BLIND:
            raise ValueError("a blind return has no order: record its receipt instead")
        return self


class ReceiptLineIn(Input):
    """A quantity that arrived, of a return line (`line_no`) or of a sku."""

    line_no: Annotated[int, Field(gt=0, strict=True)] | None = None
    sku: Slug = ""
    quantity: Units

    @validator(mode="after")
    def _named(self) -> Self:
        if not (self.line_no or self.sku):
            raise ValueError("name the line by line_no or sku")
        return self


class ReceiptIn(Input):
    """A parcel that arrived. `scan_id` makes it happen once; `location` is a location's code."""

    scan_id: ExternalId
    parcel: Annotated[str, StringConstraints(max_length=120)] = ""
    location: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    received_at: AwareDatetime = Field(default_factory=now)
    lines: list[ReceiptLineIn] = Field(min_length=1, max_length=2000)


class BlindReceiptIn(ReceiptIn):
    """A parcel that no order explains. Its lines are named by sku."""

    region: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    brand: Slug = ""
    channel: Slug = ""
    store: Slug = ""
    legal_entity: Slug = ""
    currency: Currency
    source: Name = "api"
    external_id: Annotated[str, StringConstraints(max_length=160)] = ""
    reason: Text = ""

    @validator(mode="after")
    def _by_sku(self) -> Self:
        if any(line.line_no is not None or not line.sku for line in self.lines):
            raise ValueError("a blind receipt names its lines by sku")
        return self


class SliceIn(Input):
    """A quantity of one return line with one verdict."""

    line_no: Annotated[int, Field(gt=0, strict=True)]
    quantity: Units
    accepted: StrictBool
    condition: Annotated[str, StringConstraints(max_length=40)] = ""
    grade: Annotated[str, StringConstraints(max_length=10)] = ""
    disposition: Disposition
    reason: Annotated[str, StringConstraints(max_length=120)] = ""
    evidence: list[str] = Field(default_factory=list, max_length=50)

    @validator(mode="after")
    def _decidable(self) -> Self:
        if self.disposition not in DECIDABLE:
            raise ValueError(f"an inspection cannot decide {self.disposition}")
        if not self.accepted and self.disposition == Disposition.SELLABLE:
            raise ValueError("rejected goods cannot become sellable")
        return self


class InspectionIn(Input):
    """One act of inspection; `reference` makes it happen once."""

    reference: Annotated[str, StringConstraints(min_length=1, max_length=160)]
    location: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    inspected_at: AwareDatetime = Field(default_factory=now)
    slices: list[SliceIn] = Field(min_length=1, max_length=2000)


class RefundLineIn(Input):
    """Units of one return line to be paid."""

    line_no: Annotated[int, Field(gt=0, strict=True)]
    quantity: Units


class RefundProposalIn(Input):
    """A refund that a person shapes; what is left out follows policy.

    `amount` is the whole refund in minor units; above what policy permits it needs a second person's approval.
    `payment_id` chooses another tender than policy would, `waive_fees` leaves fees out; both need a reason.
    """

    lines: list[RefundLineIn] = Field(default_factory=list, max_length=2000)
    amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT, strict=True)] | None = None
    refund_shipping: StrictBool | None = None
    waive_fees: StrictBool = False
    payment_id: UUID | None = None
    reason: Text = ""
    evidence: list[str] = Field(default_factory=list, max_length=50)

    @validator(mode="after")
    def _explained(self) -> Self:
        special = self.amount is not None or self.payment_id is not None or self.waive_fees
        if (special or self.refund_shipping is not None) and not self.reason:
            raise ValueError("a refund that departs from policy needs a reason")
        return self


Moment = datetime
RefundOutcome = Literal["pending", "succeeded", "failed", "requires_action", "unknown", "canceled", "reversed"]
