"""What gateways say of refunds. Each message is kept as an attempt; it moves the refund forward or not at all.

A stale or repeated message changes nothing (invariant 15). A message that contradicts a finished refund opens a case:
it may mean that money moved.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django_fsm import can_proceed

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.fsm import fire
from returns import troubles
from returns.access import access_refund
from returns.enums import ComponentKind, RefundStatus, ReturnStatus
from returns.events import (
    RefundActionRequired,
    RefundCanceled,
    RefundFact,
    RefundFailed,
    RefundOutcomeUnknown,
    RefundPending,
    RefundReversed,
)
from returns.facts import refund_fact, refund_succeeded_fact
from returns.models import Refund, RefundAttempt, RefundLine
from returns.services.closing import end_trouble, finish
from returns.services.credit_memos import queue_credit_memo
from returns.services.decisions import lines_of, open_again
from returns.services.refunded_units import count_refunded

R = RefundStatus
# What a later message of the same story may still say without contradicting: everything that came before it.
BEFORE = {
    R.PENDING: {R.REQUIRES_ACTION, R.SUCCEEDED, R.FAILED, R.CANCELED, R.REVERSED, R.SUPERSEDED},
    R.REQUIRES_ACTION: {R.SUCCEEDED, R.FAILED, R.CANCELED, R.REVERSED, R.SUPERSEDED},
    R.UNKNOWN: {R.PENDING, R.REQUIRES_ACTION, R.SUCCEEDED, R.FAILED, R.CANCELED, R.REVERSED, R.SUPERSEDED},
    R.SUCCEEDED: {R.REVERSED},
    R.FAILED: {R.SUPERSEDED},
    R.CANCELED: {R.SUPERSEDED},
    R.REVERSED: {R.SUPERSEDED},
}


@dataclass(frozen=True)
class Said:
    """What a gateway said of a refund."""

    outcome: RefundStatus
    external_reference: str
    code: str
    message: str
    evidence: dict[str, Any] | None


def _command(
    outcome: RefundStatus, transition: str, then: Callable[[Actor, Refund, Said, str], None], promise: str
) -> Callable[..., Refund]:
    @transaction.atomic
    def command(
        *,
        actor: Actor,
        refund_id: UUID,
        external_reference: str = "",
        code: str = "",
        message: str = "",
        evidence: dict[str, Any] | None = None,
    ) -> Refund:
        refund = access_refund(actor, refund_id, Permission.REFUNDS_SETTLE, lock=True)
        said = Said(outcome, external_reference, code, message, evidence)
        return _record(actor, refund, said, transition, then)

    command.__doc__ = f"{promise} Idempotent; never moves a refund backwards. Raises NotFound, Denied."
    return command


def _record(
    actor: Actor, refund: Refund, said: Said, transition: str, then: Callable[[Actor, Refund, Said, str], None]
) -> Refund:
    _keep_attempt(actor, refund, said)
    move = getattr(refund, transition)
    former = str(refund.status)
    if refund.status == said.outcome:
        _learn_reference(refund, said)
    elif can_proceed(move):
        fire(move)
        refund.external_reference = said.external_reference or refund.external_reference
        refund.save()
        then(actor, refund, said, former)
        finish(actor, refund.rma)
    elif refund.status not in BEFORE[said.outcome]:
        troubles.refund_contradicted(actor, refund, said.outcome)
        finish(actor, refund.rma)
    return refund


def observe_success(actor: Actor, refund: Refund, reference: str, evidence: dict[str, Any]) -> None:
    """Record that a proposed refund was paid by somebody else already, under that reference: nothing is sent.

    For commands that hold the payments and the return.
    """
    said = Said(R.SUCCEEDED, reference, "observed", "paid elsewhere", evidence)
    _keep_attempt(actor, refund, said)
    fire(refund.observe)
    refund.external_reference = reference
    refund.save()
    _settled(actor, refund, said, R.PROPOSED)


def _keep_attempt(actor: Actor, refund: Refund, said: Said) -> None:
    RefundAttempt.objects.create(
        refund=refund,
        leg=refund.leg,
        outcome=said.outcome,
        external_reference=said.external_reference,
        code=said.code[:120],
        message=said.message[:300],
        actor=actor.key,
    )


def _learn_reference(refund: Refund, said: Said) -> None:
    if said.external_reference and not refund.external_reference:
        refund.external_reference = said.external_reference
        refund.save(update_fields=["external_reference"])


def _tell(actor: Actor, refund: Refund, kind: type[RefundFact], reason: str = "") -> None:
    publish(refund_fact(kind, refund), subject=refund.as_subject(), actor=actor, reason_code=reason[:80])


def _pending(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    _tell(actor, refund, RefundPending)


def _requires_action(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    _tell(actor, refund, RefundActionRequired)
    troubles.refund_needs_customer(actor, refund)


def _unknown(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    _tell(actor, refund, RefundOutcomeUnknown, said.code)


def _settled(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    lines = list(RefundLine.objects.filter(refund=refund).select_related("line__order_line"))
    shipping = refund.components.filter(kind__in=[ComponentKind.SHIPPING, ComponentKind.SHIPPING_TAX])
    count_refunded(refund.rma)
    fact = refund_succeeded_fact(refund, lines, sum(shipping.values_list("amount", flat=True)))
    publish(fact, subject=refund.as_subject(), actor=actor)
    if refund.rma.memo_required:
        queue_credit_memo(actor, refund, lines)
    for trouble in ("refund_requires_action", "refund_unrouted"):
        evidence = {"reference": said.external_reference}
        end_trouble(actor, refund.rma, f"{trouble}:{refund.id}", "The refund succeeded", evidence)


def _failed(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    late = former == R.SUCCEEDED
    refund.failure_code, refund.failure_message = said.code[:120], said.message[:300]
    refund.save(update_fields=["failure_code", "failure_message"])
    _tell(actor, refund, RefundFailed, said.code)
    if late:
        _undo_success(actor, refund, "a refund failed late")
    troubles.refund_failed(actor, refund, late=late)


def _canceled(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    refund.failure_code, refund.failure_message = said.code[:120], said.message[:300]
    refund.save(update_fields=["failure_code", "failure_message"])
    _tell(actor, refund, RefundCanceled, said.code)
    troubles.refund_failed(actor, refund, late=False)


def _reversed(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    _tell(actor, refund, RefundReversed, said.code)
    _undo_success(actor, refund, "a refund came back")
    troubles.refund_reversed(actor, refund)


def _undo_success(actor: Actor, refund: Refund, reason: str) -> None:
    """Its units are not paid any more; a return that was closed on it is open again."""
    count_refunded(refund.rma)
    if refund.rma.status == ReturnStatus.CLOSED:
        open_again(actor, refund.rma, lines_of(refund.rma), reason)


record_refund_pending = _command(
    R.PENDING, "accept", _pending, "The gateway took the refund and will tell its outcome."
)
require_refund_action = _command(
    R.REQUIRES_ACTION, "require_action", _requires_action, "The gateway waits for the customer."
)
settle_refund = _command(
    R.SUCCEEDED,
    "succeed",
    _settled,
    "The money is on its way; queues the credit memo where the legal entity requires it.",
)
fail_refund = _command(
    R.FAILED, "fail", _failed, "The gateway definitively refused, or a success failed late; opens a case."
)
mark_refund_unknown = _command(
    R.UNKNOWN, "lose_sight", _unknown, "It was sent and its outcome is unknown: its money stays reserved."
)
cancel_refund = _command(R.CANCELED, "cancel", _canceled, "The gateway canceled the refund; opens a case.")
reverse_refund = _command(R.REVERSED, "reverse", _reversed, "Money that was refunded came back; opens a case.")
