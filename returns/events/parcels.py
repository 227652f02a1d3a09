"""Events of parcels and of goods that nobody expected."""

from dataclasses import dataclass

from retailops.events.catalog import event
from returns.events.lines import ReturnLineFact


@dataclass(frozen=True)
class ParcelFact:
    """A parcel of a return. `cost` in minor units."""

    return_id: str
    number: str
    tracking: str
    carrier: str = ""
    currency: str = ""


@event("parcel.labeled")
@dataclass(frozen=True)
class ParcelLabeled(ParcelFact):
    """The way back has a label."""

    cost: int | None = None


@event("parcel.scanned")
@dataclass(frozen=True)
class ParcelScanned(ParcelFact):
    """A carrier or partner has seen the parcel."""

    what: str = ""
    place: str = ""


@event("return_line.sent_back")
@dataclass(frozen=True)
class LineSentBack(ReturnLineFact):
    """Units that nobody had expected go back to the customer (line_no 0: none of the return's lines)."""
