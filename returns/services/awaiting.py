"""Refunds that a marketplace pays by itself: wait for its word, and settle by what it says."""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Sum

from retailops.accounts.actor import Actor
from retailops.cases.services import resolve_troubles
from retailops.events.publish import publish
from retailops.lib.fsm import fire
from returns.enums import LIVE_REFUNDS, ComponentKind
from returns.events import RefundPending
from returns.facts import refund_fact
from returns.models import ObservedRefund, Refund, RefundAttempt, RefundComponent
from returns.services.settling import settled
from returns.troubles import marketplace_differs

Row = TypeVar("Row", Refund, ObservedRefund)


def await_observation(actor: Actor, refund: Refund) -> None:
    """Reserve an approved refund until the marketplace tells of it; what it has told before settles it at once."""
    fire(refund.await_observation)
    refund.save()
    publish(refund_fact(RefundPending, refund), subject=refund.as_subject(), actor=actor)
    told = closest(refund.payment.observed_refunds.filter(refund=None).order_by("observed_at", "id"), refund.amount)
    if told is not None:
        settle_by_observation(actor, refund, told)


def closest(rows: Iterable[Row], amount: int) -> Row | None:
    """Return the first of exactly that amount, else the first of any."""
    found = list(rows)
    return next((row for row in found if row.amount == amount), found[0] if found else None)


def settle_by_observation(actor: Actor, refund: Refund, told: ObservedRefund) -> None:
    """Settle a waiting refund (payment and return locked) by what the marketplace moved: that is what counts.

    Another amount than ours is taken over as far as the payment goes, as a part of its own, and opens a case.
    """
    told.refund = refund
    told.save(update_fields=["refund"])
    ours = refund.amount
    if told.amount != ours:
        _take_over(refund, told)
    _keep_attempt(actor, refund, told)
    fire(refund.succeed)
    refund.external_reference = told.external_id
    refund.save()
    settled(actor, refund, told.external_id)
    if told.amount != ours:
        marketplace_differs(actor, refund, told, ours)
    evidence = {"refund": str(refund.id)}
    resolve_troubles(actor, f"marketplace_unexpected:{told.id}", "A refund of ours was settled by it", evidence)


def _take_over(refund: Refund, told: ObservedRefund) -> None:
    payment = refund.payment
    others = Refund.objects.filter(payment=payment, status__in=LIVE_REFUNDS).exclude(pk=refund.pk)
    held = int(others.aggregate(total=Sum("amount"))["total"] or 0)
    amount = min(told.amount, payment.captured - payment.charged_back - held)
    if amount != refund.amount:
        RefundComponent.objects.create(
            refund=refund, kind=ComponentKind.MANUAL, code="observed", amount=amount - refund.amount
        )
    refund.facts = {**refund.facts, "observed": told.amount, "decided": refund.amount}
    refund.amount = amount


def _keep_attempt(actor: Actor, refund: Refund, told: ObservedRefund) -> None:
    RefundAttempt.objects.create(
        refund=refund, leg=refund.leg, outcome="succeeded", external_reference=told.external_id, actor=actor.key
    )
