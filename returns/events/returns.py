"""Events of returns: the decision."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@dataclass(frozen=True)
class LineFact:
    """A return line as it stands. `quantity` counts the units that the customer keeps (`kept`) and those that have
    arrived (`arrived`) as well."""

    line_no: int
    sku: str
    quantity: int
    order_line_external_id: str = ""
    kept: int = 0
    arrived: int = 0


@dataclass(frozen=True)
class ReturnFact:
    """What every return event tells. `order_external_id` and `external_id` are the channel's ids."""

    return_id: str
    number: str
    kind: str
    channel: str
    currency: str
    order_id: str = ""
    order_external_id: str = ""
    order_number: str = ""
    source: str = ""
    external_id: str = ""
    lines: list[LineFact] = field(default_factory=list)


@event("return.requested")
@dataclass(frozen=True)
class ReturnRequested(ReturnFact):
    """A return was asked for."""


@event("return.review_required")
@dataclass(frozen=True)
class ReturnReviewRequired(ReturnFact):
    """A person must decide."""


@event("return.authorized")
@dataclass(frozen=True)
class ReturnAuthorized(ReturnFact):
    """Goods may come back; the warehouse is told to expect them."""

    location: str = ""


@event("return.declined")
@dataclass(frozen=True)
class ReturnDeclined(ReturnFact):
    """Refused."""


@event("return.canceled")
@dataclass(frozen=True)
class ReturnCanceled(ReturnFact):
    """Given up."""


@event("return.expired")
@dataclass(frozen=True)
class ReturnExpired(ReturnFact):
    """Nothing came in time."""


@event("return.reinstated")
@dataclass(frozen=True)
class ReturnReinstated(ReturnFact):
    """Alive again: the warehouse is told anew to expect what has not arrived."""

    location: str = ""


@event("return.closed")
@dataclass(frozen=True)
class ReturnClosed(ReturnFact):
    """Nothing is left to do."""


@event("return.reopened")
@dataclass(frozen=True)
class ReturnReopened(ReturnFact):
    """Something came up after all."""
