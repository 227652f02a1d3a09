"""Arrivals and inspections."""

from datetime import date
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StrictBool, StringConstraints
from pydantic import model_validator as validator

from inventory.enums import DECIDABLE, Disposition
from retailops.lib.clock import now
from returns.inputs.base import Currency, ExternalId, Input, Name, Serials, Slug, Text, Units


class ReceiptLineIn(Input):
    """A quantity that arrived, of a return line (`line_no`) or of a sku, with the numbers read on its units."""

    line_no: Annotated[int, Field(gt=0, strict=True)] | None = None
    sku: Slug = ""
    quantity: Units
    serials: Serials = Field(default_factory=list)
    lot: Slug = ""
    expires_on: date | None = None

    @validator(mode="after")
    def _named(self) -> Self:
        if not (self.line_no or self.sku):
            raise ValueError("name the line by line_no or sku")
        if len(self.serials) > self.quantity:
            raise ValueError("more serials than units")
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
    serials: Serials = Field(default_factory=list)

    @validator(mode="after")
    def _decidable(self) -> Self:
        if self.disposition not in DECIDABLE:
            raise ValueError(f"an inspection cannot decide {self.disposition}")
        if not self.accepted and self.disposition == Disposition.SELLABLE:
            raise ValueError("rejected goods cannot become sellable")
        if len(self.serials) > self.quantity:
            raise ValueError("more serials than units")
        return self


class InspectionIn(Input):
    """One act of inspection; `reference` makes it happen once."""

    reference: Annotated[str, StringConstraints(min_length=1, max_length=160)]
    location: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    inspected_at: AwareDatetime = Field(default_factory=now)
    slices: list[SliceIn] = Field(min_length=1, max_length=2000)
