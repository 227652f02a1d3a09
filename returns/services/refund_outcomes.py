"""What gateways say of refunds. Each message is kept as an attempt; it moves the refund forward or not at all.

A stale or repeated message changes nothing (invariant 15). A message that contradicts a finished refund opens a case:
it may mean that money moved.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django_fsm import can_proceed

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.inserting import insert_rows
from retailops.events.publish import publish
from retailops.events.updating import update_row
from retailops.lib.errors import Conflict
from retailops.lib.fsm import fire
from returns import troubles
from returns.access import access_refund
from returns.enums import RefundStatus, ReturnStatus
from returns.events import (
    RefundActionRequired,
    RefundCanceled,
    RefundFact,
    RefundFailed,
    RefundOutcomeUnknown,
    RefundPending,
    RefundReversed,
)
from returns.facts import refund_fact
from returns.models import Refund, RefundAttempt
from returns.money_paths import Path, path_of
from returns.return_lines import lines_of
from returns.services.closing import end_trouble, finish
from returns.services.crediting import take_back
from returns.services.decisions import open_again
from returns.services.refunded_units import count_refunded
from returns.services.settling import settled

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
# Sent, and no answer came: first heard of as canceled, it has failed. Nobody here asked for its end.
NEVER_TAKEN = (R.SUBMITTING, R.UNKNOWN)
# What may be said of a refund that no gateway pays: its success comes with the ledger's entry or an observation.
WITHOUT_GATEWAY = {
    Path.LEDGER: {R.REVERSED},
    Path.OBSERVED: {R.REVERSED, R.FAILED, R.CANCELED},
}


@dataclass(frozen=True)
class Said:
    """What a gateway said of a refund."""

    outcome: RefundStatus
    external_reference: str
    code: str
    message: str
    evidence: dict[str, Any] | None
    told_at: datetime | None = None


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
        told_at: datetime | None = None,
    ) -> Refund:
        refund = access_refund(actor, refund_id, Permission.REFUNDS_SETTLE, lock=True)
        said = Said(outcome, external_reference, code, message, evidence, told_at)
        if outcome == R.CANCELED and refund.status in NEVER_TAKEN:
            return fail_refund(
                actor=actor,
                refund_id=refund_id,
                external_reference=external_reference,
                code=code or "canceled",
                message=f"It was canceled there{f': {message}' if message else ''}",
                evidence=evidence,
                told_at=told_at,
            )
        return _record(actor, refund, said, transition, then)

    command.__doc__ = f"{promise} Idempotent; never moves a refund backwards. Raises NotFound, Denied."
    return command


def _record(
    actor: Actor, refund: Refund, said: Said, transition: str, then: Callable[[Actor, Refund, Said, str], None]
) -> Refund:
    if said.outcome not in WITHOUT_GATEWAY.get(path_of(refund), set(R)):
        raise Conflict("No gateway pays this refund.", code="no-gateway")
    resumed = said.outcome == R.PENDING and _customer_acted(refund, said)
    keep_attempt(actor, refund, said)
    move = refund.resume if resumed else getattr(refund, transition)
    former = str(refund.status)
    if refund.status == said.outcome:
        _learn_reference(refund, said)
    elif can_proceed(move):
        fire(move)
        refund.external_reference = said.external_reference or refund.external_reference
        update_row(refund)
        then(actor, refund, said, former)
        finish(actor, refund.rma)
    elif refund.status not in BEFORE[said.outcome]:
        troubles.refund_contradicted(actor, refund, said.outcome)
        finish(actor, refund.rma)
    return refund


def _customer_acted(refund: Refund, said: Said) -> bool:
    """Tell whether `pending` follows the wait for the customer, and is not an older message that came late.

    Only a message that says when it was told can be known to be the later one.
    """
    if refund.status != R.REQUIRES_ACTION or said.told_at is None:
        return False
    asked = refund.attempts.filter(outcome=R.REQUIRES_ACTION).order_by("-at").first()
    return asked is None or said.told_at > (asked.told_at or asked.at)


def observe_success(actor: Actor, refund: Refund, reference: str, evidence: dict[str, Any]) -> None:
    """Record that a proposed refund was paid by somebody else already, under that reference: nothing is sent.

    For commands that hold the payments and the return.
    """
    said = Said(R.SUCCEEDED, reference, "observed", "paid elsewhere", evidence)
    keep_attempt(actor, refund, said)
    fire(refund.observe)
    refund.external_reference = reference
    refund.save()
    _settled(actor, refund, said, R.PROPOSED)


def keep_attempt(actor: Actor, refund: Refund, said: Said) -> None:
    """Keep what was said, whatever it moves."""
    attempt = RefundAttempt(
        refund=refund,
        leg=refund.leg,
        outcome=said.outcome,
        external_reference=said.external_reference,
        code=said.code[:120],
        message=said.message[:300],
        told_at=said.told_at,
        actor=actor.key,
    )
    insert_rows([attempt])


def _learn_reference(refund: Refund, said: Said) -> None:
    if said.external_reference and not refund.external_reference:
        refund.external_reference = said.external_reference
        refund.save(update_fields=["external_reference"])


def _tell(actor: Actor, refund: Refund, kind: type[RefundFact], code: str = "") -> None:
    publish(refund_fact(kind, refund), subject=refund.as_subject(), actor=actor, reason_code=code[:80])


def _pending(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    _tell(actor, refund, RefundPending)
    if former == R.REQUIRES_ACTION:
        _customer_is_done(actor, refund, said, "The customer did what the gateway asked for.")


def _customer_is_done(actor: Actor, refund: Refund, said: Said, why: str) -> None:
    evidence = {"reference": said.external_reference or refund.external_reference, "outcome": str(said.outcome)}
    end_trouble(actor, refund.rma, f"refund_requires_action:{refund.id}", why, evidence)


def _requires_action(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    _tell(actor, refund, RefundActionRequired)
    troubles.refund_needs_customer(actor, refund)


def _unknown(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    _tell(actor, refund, RefundOutcomeUnknown, said.code)


def _settled(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    settled(actor, refund, said.external_reference)


def _failed(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    late = former == R.SUCCEEDED
    refund.failure_code, refund.failure_message = said.code[:120], said.message[:300]
    refund.save(update_fields=["failure_code", "failure_message"])
    _tell(actor, refund, RefundFailed, said.code)
    if late:
        _undo_success(actor, refund, "a refund failed late")
    troubles.refund_failed(actor, refund, late=late)
    _customer_is_done(actor, refund, said, "The refund failed; its own case goes on.")


def _canceled(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    refund.failure_code, refund.failure_message = said.code[:120], said.message[:300]
    refund.save(update_fields=["failure_code", "failure_message"])
    _tell(actor, refund, RefundCanceled, said.code)
    troubles.refund_canceled(actor, refund)
    _customer_is_done(actor, refund, said, "The refund was canceled; its own case goes on.")


def _reversed(actor: Actor, refund: Refund, said: Said, former: str) -> None:
    if path_of(refund) == Path.LEDGER:
        take_back(actor, refund)
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
