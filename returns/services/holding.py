"""Hold what looks like fraud: a return before it is authorized, refunds before they go. Who decides: `reviewing`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.catalog import Subject
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from retailops.lib.fsm import fire
from returns.enums import RefundStatus, ReviewStatus
from returns.events.fraud import FraudReviewFact, FraudReviewOpened, FraudReviewWithdrawn
from returns.fraud_screening import Finding
from returns.models import FraudReview, Refund, Return
from returns.policy import rules_of
from returns.refund_terms import Terms
from returns.services.closing import end_trouble
from returns.troubles import fraud as troubles

POLICY = Actor.system("policy")
Fact = TypeVar("Fact", bound=FraudReviewFact)


def hold_return(rma: Return, findings: Sequence[Finding], value: int, *, review: str) -> FraudReview:
    """Open the review of a return that is in review, with its case.

    `review` is why policy has a person look besides; without it the return is authorized once cleared. The return is
    read anew: its case was counted.
    """
    made = _open(rma, findings, value, rma.requested_by, {"review": review}, [])
    rma.refresh_from_db()
    return made


def hold_refunds(
    terms: Terms, refunds: Sequence[Refund], findings: Sequence[Finding], total: int, reasons: Sequence[str]
) -> FraudReview:
    """Open the review of a proposal's refunds; `reasons` are why a second person must agree once it is cleared."""
    requester = refunds[0].requested_by
    held = {
        "reasons": list(reasons),
        "refunds": [str(refund.id) for refund in refunds],
        "credited": sum(refund.credited for refund in refunds),
    }
    return _open(terms.rma, findings, total, requester, held, refunds)


def _open(
    rma: Return,
    findings: Sequence[Finding],
    amount: int,
    requester: str,
    held: dict[str, Any],
    refunds: Sequence[Refund],
) -> FraudReview:
    rules = rules_of(rma.policy).fraud
    review = FraudReview.objects.create(
        rma=rma,
        proposal=refunds[0].proposal if refunds else None,
        findings=[finding.as_dict() for finding in findings],
        held=held,
        amount=amount,
        currency=rma.currency,
        policy_version=rma.policy.label if rma.policy else "",
        requested_by=requester,
        expires_at=now() + timedelta(hours=rules.review_hours),
    )
    tell(POLICY, FraudReviewOpened, review, refunds)
    troubles.looks_like_fraud(POLICY, review, trouble_subject(review, refunds), [each.text for each in findings])
    return review


def trouble_subject(review: FraudReview, refunds: Sequence[Refund]) -> Subject:
    """Return whose case it is: the first refund's that waits, or the return's."""
    return refunds[0].as_subject() if refunds else review.rma.as_subject()


def held_refunds(review: FraudReview) -> list[Refund]:
    """Return the refunds that the review holds, in order; none for a review of a return."""
    if review.proposal is None:
        return []
    rows = Refund.objects.filter(proposal=review.proposal).select_related("rma__order", "rma__policy", "payment")
    # Others of the proposal may have gone before, or failed and been replaced by these.
    return list((rows.filter(pk__in=review.held["refunds"]) if "refunds" in review.held else rows).order_by("id"))


def tell(actor: Actor, kind: type[Fact], review: FraudReview, refunds: Sequence[Refund], *, reason: str = "") -> None:
    """Publish what became of the review."""
    rma = review.rma
    fact = kind(
        review_id=str(review.id),
        return_id=str(rma.id),
        number=rma.number,
        status=str(review.status),
        holds="refund" if review.proposal else "return",
        amount=review.amount,
        currency=review.currency,
        order_external_id=rma.order.external_id if rma.order else "",
        channel=rma.channel,
        refund_ids=[str(refund.id) for refund in refunds],
        rules=[finding["rule"] for finding in review.findings],
        provider=review.provider,
        provider_reference=review.provider_reference,
        score=review.score,
    )
    publish(fact, subject=review.as_subject(), actor=actor, words=reason, policy_version=review.policy_version)


def refuse_held(rma: Return) -> None:
    """Raise Conflict while a fraud review holds the locked return."""
    if pending(rma):
        raise Conflict("A fraud review holds this return: clear or block it.", code="fraud-review")


def pending(rma: Return) -> FraudReview | None:
    """Return the review that holds the return itself, if there is one."""
    return FraudReview.objects.filter(rma=rma, proposal=None, status=ReviewStatus.PENDING).first()


def withdraw_review(actor: Actor, rma: Return, reason: str) -> None:
    """End the review of a locked return that ends by itself: there is nothing left to decide."""
    review = pending(rma)
    if review is None:
        return
    review.rma = rma
    _withdraw(actor, review, reason)


def _withdraw(actor: Actor, review: FraudReview, reason: str) -> None:
    fire(review.withdraw)
    review.decided_by, review.reason = actor.key, reason[:200]
    review.save()
    tell(actor, FraudReviewWithdrawn, review, held_refunds(review), reason=reason[:200])
    end_review_troubles(actor, review, reason or "the return ended")


def end_review_troubles(actor: Actor, review: FraudReview, reason: str) -> None:
    """Resolve the review's cases; its locked return is saved and read anew."""
    for kind in ("fraud_review", "fraud_overdue"):
        end_trouble(actor, review.rma, f"{kind}:{review.id}", reason, {"review": str(review.status)})


def blocked(rma: Return) -> bool:
    """Tell whether the return was declined as fraud."""
    return FraudReview.objects.filter(rma=rma, proposal=None, status=ReviewStatus.BLOCKED).exists()


def refuse_blocked(actor: Actor, rma: Return) -> None:
    """Raise Denied where a return was declined as fraud and the actor may not decide such."""
    if blocked(rma):
        require(actor, Permission.FRAUD_DECIDE, region=rma.region, brand=rma.brand)


def cleared_before(rma: Return, proposal: object, total: int, credited: int) -> bool:
    """Tell whether a review has let refunds of so much in all, or so much (`credited`) of this proposal, pass."""
    passed = FraudReview.objects.filter(rma=rma, proposal__isnull=False, status=ReviewStatus.CLEARED)
    return any(
        review.amount >= total
        or (review.proposal == proposal and credited <= review.held.get("credited", review.amount))
        for review in passed
    )


def refuse_held_refund(refund: Refund) -> None:
    """Raise Conflict while a fraud review holds the refund of a locked return: nobody changes it past that."""
    if FraudReview.objects.filter(proposal=refund.proposal, status=ReviewStatus.PENDING).exists():
        raise Conflict("A fraud review holds this refund: clear or block it first.", code="fraud-review")


def withdraw_empty_reviews(actor: Actor, rma: Return, reason: str) -> None:
    """End the reviews of the locked return whose refunds all ended by something else: nothing is left to decide."""
    waiting = FraudReview.objects.filter(rma=rma, proposal__isnull=False, status=ReviewStatus.PENDING)
    for review in waiting.order_by("id"):
        review.rma = rma
        if all(refund.status != RefundStatus.PROPOSED for refund in held_refunds(review)):
            _withdraw(actor, review, reason)
