"""Parcels on their way back: labels, scans, drop-offs, and what carriers bring back undelivered."""

from typing import Annotated

from pydantic import AwareDatetime, Field, HttpUrl, StringConstraints

from retailops.lib.clock import now
from returns.inputs.base import Amount, Input, Name, Slug, Text
from returns.inputs.requests import ReturnLineIn

Tracking = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class LabelIn(Input):
    """A label for the way back. `cost` is what it costs us, in minor units of the return's currency."""

    tracking: Tracking
    carrier: Slug = ""
    cost: Amount | None = None
    url: Annotated[HttpUrl, Field(max_length=500)] | None = None


class ScanIn(Input):
    """What a carrier said of a parcel. Without a tracking number: of the return's only one."""

    tracking: Annotated[str, StringConstraints(max_length=80)] = ""
    what: Annotated[str, StringConstraints(min_length=1, max_length=80)] = "accepted by the carrier"
    place: Annotated[str, StringConstraints(max_length=120)] = ""
    scanned_at: AwareDatetime = Field(default_factory=now)


class DropOffIn(Input):
    """Goods handed over at a drop-off point against the customer's code."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    partner: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    tracking: Annotated[str, StringConstraints(max_length=80)] = ""
    place: Annotated[str, StringConstraints(max_length=120)] = ""
    scanned_at: AwareDatetime = Field(default_factory=now)


class ReturnToSenderIn(Input):
    """A parcel that was never delivered and comes back, named by the tracking number under which it went out.

    `lines` says what is in it; it may be left out where the whole order went in one parcel.
    """

    tracking: Tracking
    carrier: Slug = ""
    reason: Text = "undeliverable"
    source: Name = "carrier"
    external_id: Annotated[str, StringConstraints(max_length=120)] = ""
    told_at: AwareDatetime = Field(default_factory=now)
    lines: list[ReturnLineIn] = Field(default_factory=list, max_length=2000)

    @property
    def known_as(self) -> str:
        """The carrier's id of the notice, which makes it happen once; the parcel's number where there is none."""
        return self.external_id or self.tracking
