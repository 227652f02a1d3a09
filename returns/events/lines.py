"""Events of return lines: goods."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class ReturnLineFact:
    """A change of one line: how many units, and where it matters the receipt or inspection."""

    return_id: str
    number: str
    line_no: int
    sku: str
    quantity: int
    receipt_id: str = ""
    inspection_id: str = ""
    location: str = ""
    parcel: str = ""
    reason: str = ""


@event("return_line.in_transit")
@dataclass(frozen=True)
class LineInTransit(ReturnLineFact):
    """The carrier scanned the parcel."""


@event("return_line.received")
@dataclass(frozen=True)
class LineReceived(ReturnLineFact):
    """Goods arrived."""


@event("return_line.over_received")
@dataclass(frozen=True)
class LineOverReceived(ReturnLineFact):
    """More arrived than was authorized."""


@event("return_line.item_mismatch")
@dataclass(frozen=True)
class LineItemMismatch(ReturnLineFact):
    """Another item arrived (line_no 0: none of the return's lines)."""


@dataclass(frozen=True)
class FewerExpected(ReturnLineFact):
    """Units that will not come. `expected` is how many of the line's units have come or still may, in all."""

    kind: str = ""
    expected: int = 0


@event("return_line.short")
@dataclass(frozen=True)
class LineShort(FewerExpected):
    """Declared missing."""


@event("return_line.inspected")
@dataclass(frozen=True)
class LineInspected(ReturnLineFact):
    """Units were judged."""

    accepted: int = 0
    rejected: int = 0


@event("return_line.accepted")
@dataclass(frozen=True)
class LineAccepted(ReturnLineFact):
    """Units passed inspection."""


@event("return_line.rejected")
@dataclass(frozen=True)
class LineRejected(ReturnLineFact):
    """Units did not pass inspection."""


@event("return_line.kept")
@dataclass(frozen=True)
class LineKept(FewerExpected):
    """The customer keeps the units."""


@event("return_line.remaining_canceled")
@dataclass(frozen=True)
class LineRemainingCanceled(FewerExpected):
    """What has not come is no longer expected."""


@event("return_line.receipt_reversed")
@dataclass(frozen=True)
class LineReceiptReversed(ReturnLineFact):
    """A receipt was a mistake."""
