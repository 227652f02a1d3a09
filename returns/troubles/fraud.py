"""Trouble with what looks like fraud."""

from collections.abc import Sequence

from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from retailops.lib.money import Money
from returns.models import FraudReview
from returns.troubles.opening import open_trouble


def looks_like_fraud(actor: Actor, review: FraudReview, subject: Subject, rules: Sequence[str]) -> None:
    """A return or its refund waits for a fraud review."""
    what = "its refund waits" if review.proposal else "the return waits"
    open_trouble(
        actor,
        "fraud_review",
        subject,
        f"{review.rma.number}: {what} for a fraud review of {Money(review.amount, review.currency)}",
        "Look at the review, and clear or block it",
        dedupe=str(review.id),
        detail="; ".join(rules),
        amount=review.amount,
        currency=review.currency,
        cause="A return or its refund waits for a fraud review",
    )


def review_overdue(actor: Actor, review: FraudReview, subject: Subject) -> None:
    """Nobody decided a fraud review in time; what it holds still waits."""
    open_trouble(
        actor,
        "fraud_overdue",
        subject,
        f"{review.rma.number}: nobody decided its fraud review in time, and the customer waits",
        "Decide the review now, or ask the screening provider",
        dedupe=str(review.id),
        amount=review.amount,
        currency=review.currency,
        cause="Nobody decided a fraud review in time",
    )
