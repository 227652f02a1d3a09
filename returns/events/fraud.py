"""Events of fraud reviews."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@dataclass(frozen=True)
class FraudReviewFact:
    """What is held and why: `rules` are the names of those that fired. `amount` is at stake, in minor units."""

    review_id: str
    return_id: str
    number: str
    status: str
    holds: str
    amount: int
    currency: str
    order_external_id: str = ""
    channel: str = ""
    refund_ids: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    provider: str = ""
    provider_reference: str = ""
    score: str = ""
    reason: str = ""


@event("fraud_review.opened")
@dataclass(frozen=True)
class FraudReviewOpened(FraudReviewFact):
    """The return, or its refund, waits: a person or a screening provider decides."""


@event("fraud_review.cleared")
@dataclass(frozen=True)
class FraudReviewCleared(FraudReviewFact):
    """What waited goes on."""


@event("fraud_review.blocked")
@dataclass(frozen=True)
class FraudReviewBlocked(FraudReviewFact):
    """The return is declined, or its refund denied."""


@event("fraud_review.withdrawn")
@dataclass(frozen=True)
class FraudReviewWithdrawn(FraudReviewFact):
    """What it was about ended before anybody decided."""
