"""What happens at a till: returns of goods on the counter, and what an offline till hands in later."""

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, StrictBool, StringConstraints
from pydantic import model_validator as validator

from inventory.enums import DECIDABLE, Disposition
from retailops.lib.clock import now
from returns.inputs.base import MAX_AMOUNT, Currency, ExternalId, Input, Slug, Text
from returns.inputs.goods import SliceIn
from returns.inputs.orders import OrderRef
from returns.inputs.requests import ReturnLineIn

StoreCode = Annotated[str, StringConstraints(min_length=1, max_length=40)]
StoreKind = Literal["boris", "store"]


class StoreLineIn(ReturnLineIn):
    """Units on the counter with the verdict on them. Rejected units stay with us or go back to the customer."""

    accepted: StrictBool = True
    disposition: Disposition = Disposition.SELLABLE
    condition: Annotated[str, StringConstraints(max_length=40)] = ""

    @validator(mode="after")
    def _sound(self) -> Self:
        if self.disposition not in DECIDABLE:
            raise ValueError(f"a till cannot decide {self.disposition}")
        if not self.accepted and self.disposition == Disposition.SELLABLE:
            raise ValueError("rejected goods cannot become sellable")
        return self

    def asked(self) -> ReturnLineIn:
        """Return the units as a request names them."""
        return ReturnLineIn(**self.model_dump(include=set(ReturnLineIn.model_fields)))

    def judged(self, line_no: int, quantity: int) -> SliceIn:
        """Return the verdict on units of a return line."""
        return SliceIn(
            line_no=line_no, quantity=quantity, accepted=self.accepted, disposition=self.disposition,
            condition=self.condition, reason="judged at the till",
        )  # fmt: skip


class StoreReturnIn(Input):
    """A return at a till. `receipt_number` is the till's own and makes it happen once; `store` is a location's code."""

    order: OrderRef
    store: StoreCode
    receipt_number: ExternalId
    kind: StoreKind = "boris"
    happened_at: AwareDatetime = Field(default_factory=now)
    reason: Text = ""
    override_reason: Text = ""
    lines: list[StoreLineIn] = Field(min_length=1, max_length=500)


class TillRefundIn(Input):
    """Money that the till has paid out, in minor units. `reference` is the till's own; `payment` names the order's
    payment that it went back to, as its system calls it."""

    reference: ExternalId
    tender: Annotated[str, StringConstraints(min_length=1, max_length=32)] = "cash"
    payment: Annotated[str, StringConstraints(max_length=120)] = ""
    amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT, strict=True)]
    paid_at: AwareDatetime


class StoreItemIn(Input):
    """One return that an offline till took: what was on the counter, the verdict, and what it paid out."""

    id: ExternalId
    kind: StoreKind = "store"
    happened_at: AwareDatetime
    order: OrderRef | None = None
    order_number: Annotated[str, StringConstraints(max_length=120)] = ""
    reason: Text = ""
    lines: list[StoreLineIn] = Field(min_length=1, max_length=500)
    refunds: list[TillRefundIn] = Field(default_factory=list, max_length=20)

    @validator(mode="after")
    def _distinct(self) -> Self:
        references = [refund.reference for refund in self.refunds]
        if len(references) != len(set(references)):
            raise ValueError("two refunds have the same reference")
        return self


class StoreBatchIn(Input):
    """What a till did while it was offline. Items are taken in by their instants, whatever their order; each stays as
    told until it is read."""

    store: StoreCode
    reference: ExternalId
    region: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    brand: Slug = ""
    currency: Currency
    items: list[dict[str, Any]] = Field(min_length=1, max_length=500)
