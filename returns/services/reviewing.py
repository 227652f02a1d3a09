"""Decide fraud reviews, by a person or a screening provider: what was held goes on where it stopped, or ends."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, hidden
from retailops.lib.fsm import fire
from returns.enums import RefundStatus, ReturnStatus, ReviewStatus
from returns.events import RefundDenied
from returns.events.fraud import FraudReviewBlocked, FraudReviewCleared
from returns.models import FraudReview, Refund
from returns.services.closing import finish
from returns.services.decisions import go_ahead, turn_down
from returns.services.holding import end_review_troubles, held_refunds, tell, trouble_subject
from returns.services.locking import lock_return
from returns.services.proposing import tell as tell_refunds
from returns.services.refunded_units import count_refunded
from returns.services.refunds import check_still_earned, go_on, say_balance_is_owed
from returns.troubles import fraud as troubles

DECIDE = Permission.FRAUD_DECIDE
DECLINE_CODE = "fraud_review"
SWEEP = Actor.system("sweep")


@dataclass(frozen=True)
class Word:
    """A verdict's reason, and where it is a screening provider's: its name, its reference and its score."""

    reason: str = ""
    provider: str = ""
    provider_reference: str = ""
    score: str = ""


def access_review(actor: Actor, review_id: UUID, permission: Permission = Permission.FRAUD_VIEW) -> FraudReview:
    """Return the review with its return. Raises NotFound, Denied."""
    review = (
        FraudReview.objects.select_related("rma__order", "rma__policy", "rma__customer").filter(pk=review_id).first()
    )
    if review is None:
        raise hidden()
    require(actor, permission, region=review.rma.region, brand=review.rma.brand, view=Permission.FRAUD_VIEW)
    return review


@transaction.atomic
def clear_review(*, actor: Actor, review_id: UUID, word: Word) -> FraudReview:
    """Let go what the review holds: the return is authorized, where policy wants no person besides; refunds are paid,
    or wait for a second person as they would have. Cleared already: nothing changes.

    Raises Denied (who asked for it; no permission), Conflict (`decided` otherwise; units that earn no refund any more),
    Invalid without a reason, NotFound.
    """
    review = _locked(actor, review_id, word)
    if review.status == ReviewStatus.CLEARED:
        return review
    if actor.key == review.requested_by:
        where = {"region": review.rma.region, "brand": review.rma.brand}
        raise Denied("Who asked for it cannot clear it: somebody else must.", code="same-person", **where)
    _check_open(review)
    fire(review.clear)
    refunds = _decided(actor, review, word, FraudReviewCleared)
    if refunds:
        _go_on(actor, review, refunds)
    elif not review.held.get("review") and review.rma.status == ReturnStatus.IN_REVIEW:
        go_ahead(actor, review.rma, "cleared by fraud review")
    return review


@transaction.atomic
def block_review(*, actor: Actor, review_id: UUID, word: Word) -> FraudReview:
    """Refuse what the review holds: the return is declined with the reason code `fraud_review`, refunds are denied.
    Blocked already: nothing changes. Raises as clear_review, save that whoever asked may block it.
    """
    review = _locked(actor, review_id, word)
    if review.status == ReviewStatus.BLOCKED:
        return review
    _check_open(review)
    fire(review.block)
    refunds = _decided(actor, review, word, FraudReviewBlocked)
    if refunds:
        _deny(actor, review, refunds, word.reason)
    elif review.rma.status in (ReturnStatus.REQUESTED, ReturnStatus.IN_REVIEW):
        turn_down(actor, review.rma, DECLINE_CODE)
    return review


def _locked(actor: Actor, review_id: UUID, word: Word) -> FraudReview:
    """Return the review, its payments, return and itself locked."""
    found = access_review(actor, review_id, DECIDE)
    if not word.reason.strip() and not word.provider:
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    rma = lock_return(actor, found.rma_id, DECIDE, with_payments=True)
    review = FraudReview.objects.select_for_update(no_key=True).get(pk=review_id)
    review.rma = rma
    return review


def _check_open(review: FraudReview) -> None:
    if review.status != ReviewStatus.PENDING:
        raise Conflict(f"The review is {review.status} already.", code="decided", present=str(review.status))


def _decided(
    actor: Actor, review: FraudReview, word: Word, kind: type[FraudReviewCleared | FraudReviewBlocked]
) -> list[Refund]:
    """Keep and tell the verdict, and end the review's cases; return the refunds that it held."""
    review.decided_by, review.reason = actor.key, word.reason[:200]
    review.provider, review.provider_reference, review.score = word.provider, word.provider_reference, word.score
    review.save()
    refunds = held_refunds(review)
    tell(actor, kind, review, refunds, reason=word.reason[:200])
    end_review_troubles(actor, review, word.reason or f"decided by {word.provider}")
    return [refund for refund in refunds if refund.status == RefundStatus.PROPOSED]


def _go_on(actor: Actor, review: FraudReview, refunds: list[Refund]) -> None:
    for refund in refunds:
        refund.rma = review.rma
        # What waited may have been judged otherwise meanwhile.
        check_still_earned(refund)
    go_on(actor, review.rma, refunds, review.held.get("reasons", []))
    finish(actor, review.rma)


def _deny(actor: Actor, review: FraudReview, refunds: list[Refund], reason: str) -> None:
    for refund in refunds:
        refund.rma = review.rma
        fire(refund.deny)
        refund.failure_code, refund.failure_message = DECLINE_CODE, reason[:300]
    Refund.objects.bulk_update(refunds, ["status", "failure_code", "failure_message"])
    count_refunded(review.rma)
    tell_refunds(actor, RefundDenied, refunds)
    say_balance_is_owed(actor, refunds)
    finish(actor, review.rma)


@transaction.atomic
def chase_review(review_id: UUID) -> None:
    """Open a case for a review that nobody decided in time; once. What it holds goes on waiting."""
    found = access_review(SWEEP, review_id)
    rma = lock_return(SWEEP, found.rma_id, Permission.FRAUD_DECIDE)
    review = FraudReview.objects.select_for_update(no_key=True).get(pk=review_id)
    review.rma = rma
    if review.status != ReviewStatus.PENDING or review.overdue_at or review.expires_at > now():
        return
    review.overdue_at = now()
    review.save(update_fields=["overdue_at"])
    troubles.review_overdue(SWEEP, review, trouble_subject(review, held_refunds(review)))
