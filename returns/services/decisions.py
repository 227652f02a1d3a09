"""Decide on a return: authorize, decline, cancel, expire, reinstate, reopen."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.events.updating import update_rows
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid
from retailops.lib.fsm import fire
from returns import facets, vocabulary
from returns.allocation import count, overlap
from returns.enums import CLAIMING_EXCHANGES, LIVE_REFUNDS, LIVE_STATUSES, ReturnKind
from returns.events import (
    ReturnAuthorized,
    ReturnCanceled,
    ReturnDeclined,
    ReturnExpired,
    ReturnFact,
    ReturnReinstated,
    ReturnReopened,
)
from returns.exchange_terms import SENT
from returns.facts import return_fact
from returns.line_policies import narrower_policies
from returns.models import Return, ReturnLine
from returns.policy import rules_of
from returns.return_lines import lines_of
from returns.services.authorizing import deadline_of, grant
from returns.services.building import give_drop_off_code
from returns.services.closing import close_return, finish
from returns.services.exchange_progress import of_return, stop_pending
from returns.services.holding import refuse_blocked, refuse_held, withdraw_review
from returns.services.locking import lock_return
from returns.services.marketplaces import answered
from returns.services.refunds import refund_by_policy
from returns.worth import line_worth

# Decisions whose reason may be a term of a vocabulary.
CODED = (ReturnDeclined, ReturnCanceled)

__all__ = [
    "authorize_return",
    "cancel_return",
    "close_return",
    "decline_return",
    "expire_return",
    "reinstate_return",
    "reopen_return",
]


@transaction.atomic
def authorize_return(*, actor: Actor, return_id: UUID, reason: str = "", expected_version: int | None = None) -> Return:
    """Authorize a requested or reviewed return. What goes beyond policy is decided by another person than asked for it.

    Raises TransitionRefused, Denied (same person), Conflict (stale version).
    """
    rma = lock_return(
        actor, return_id, Permission.RETURNS_DECIDE, with_payments=True, expected_version=expected_version
    )
    _other_person(actor, rma)
    refuse_held(rma)
    return go_ahead(actor, rma, reason)


def go_ahead(actor: Actor, rma: Return, reason: str) -> Return:
    """Authorize the return (payments and return locked) and tell it; what the customer keeps is refunded by policy."""
    lines = lines_of(rma)
    worth = {line.line_no: line_worth(line) for line in lines}
    grant(rma, lines, rules_of(rma.policy), worth, narrower_policies(rma, lines))
    save_lines(lines, "authorized", "kept")
    _decided(actor, rma, ReturnAuthorized, reason, lines, location=rules_of(rma.policy).default_location)
    give_drop_off_code(rma)
    if any(line.kept for line in lines):
        refund_by_policy(rma)
    return finish(actor, rma)


def _other_person(actor: Actor, rma: Return) -> None:
    if rma.policy_facts.get("override_reason") and actor.key == rma.requested_by:
        detail = "What goes beyond policy is decided by another person than asked for it."
        raise Denied(detail, code="same-person", region=rma.region, brand=rma.brand)


@transaction.atomic
def decline_return(
    *, actor: Actor, return_id: UUID, reason: str, code: str = "", expected_version: int | None = None
) -> Return:
    """Refuse a requested or reviewed return; the reason is told. `code` is a term of `decline_reason`.

    Raises Invalid (no reason, unknown code), TransitionRefused.
    """
    _explained(reason)
    vocabulary.check("decline_reason", code, "/reason_code")
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, expected_version=expected_version)
    withdraw_review(actor, rma, reason)
    return turn_down(actor, rma, reason, code)


def turn_down(actor: Actor, rma: Return, reason: str, code: str = "") -> Return:
    """Decline the locked return and tell it."""
    fire(rma.decline)
    rma.decision_code = code
    _decided(actor, rma, ReturnDeclined, reason, lines_of(rma))
    return finish(actor, rma)


@transaction.atomic
def cancel_return(
    *, actor: Actor, return_id: UUID, reason: str = "", code: str = "", expected_version: int | None = None
) -> Return:
    """Give a return up; its units are free again. `code` is a term of `cancel_reason`.

    Raises TransitionRefused, Invalid (unknown code), and Conflict after goods arrived or while a refund or an exchange
    lives (invariant 12: reverse instead).
    """
    vocabulary.check("cancel_reason", code, "/reason_code")
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, expected_version=expected_version)
    lines = lines_of(rma)
    if rma.receipts.filter(reversal__isnull=True, reverses__isnull=True).exists():
        raise Conflict("Goods have arrived: inspect them or reverse the receipt instead.", code="received")
    if rma.refunds.filter(status__in=LIVE_REFUNDS).exists():
        raise Conflict("A refund is on its way or paid: it must be settled first.", code="refund-live")
    if of_return(rma.id, *CLAIMING_EXCHANGES):
        raise Conflict("An exchange goes on: cancel or convert it first.", code="exchange-live")
    withdraw_review(actor, rma, reason or "canceled")
    fire(rma.cancel)
    rma.decision_code = code
    _decided(actor, rma, ReturnCanceled, reason, lines)
    return finish(actor, rma)


@transaction.atomic
def expire_return(*, actor: Actor, return_id: UUID, reason: str = "deadline passed", **_: object) -> Return:
    """Expire an authorized return whose deadline passed without a carrier scan, an arrival or a refund.

    Raises TransitionRefused, Conflict when one of those is there.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE)
    if not may_expire(rma):
        raise Conflict("Its deadline has not passed, or something came of it.", code="not-due")
    stop_pending(actor, rma)
    fire(rma.expire)
    _decided(actor, rma, ReturnExpired, reason, lines_of(rma))
    return finish(actor, rma)


def may_expire(rma: Return) -> bool:
    """Tell whether nothing came of the return in time."""
    overdue = rma.expires_at is not None and rma.expires_at <= now() and rma.in_transit_at is None
    if not overdue or rma.receipts.filter(reversal__isnull=True, reverses__isnull=True).exists():
        return False
    if of_return(rma.id, *SENT):
        return False
    return not rma.refunds.filter(status__in=LIVE_REFUNDS).exists() and not rma.lines.filter(kept__gt=0).exists()


@transaction.atomic
def reinstate_return(*, actor: Actor, return_id: UUID, reason: str, expected_version: int | None = None) -> Return:
    """Bring an expired or declined return back to authorized.

    Raises Invalid without a reason, TransitionRefused, and Conflict when another return has taken its units.
    """
    _explained(reason)
    rma = lock_return(actor, return_id, Permission.RETURNS_DECIDE, with_order=True, expected_version=expected_version)
    refuse_blocked(actor, rma)
    lines = lines_of(rma)
    if taken_meanwhile(lines):
        raise Conflict("Another return has taken some of its units.", code="units-taken")
    bring_back(rma, lines)
    tell_back(actor, rma, lines, reason)
    return finish(actor, rma)


def bring_back(rma: Return, lines: Sequence[ReturnLine]) -> None:
    """Reinstate the locked return (order locked, units still free), with a deadline of its own again.

    Whoever calls tells it (`tell_back`).
    """
    fire(rma.reinstate)
    for line in lines:
        line.authorized = line.requested
    save_lines(lines, "authorized")
    rma.expires_at = deadline_of(rma, rules_of(rma.policy))


def tell_back(
    actor: Actor, rma: Return, lines: Sequence[ReturnLine], reason: str, arriving: Mapping[int, int] | None = None
) -> None:
    """Tell that the return is alive again; `arriving` is what has just come of each line, by its number."""
    location = rules_of(rma.policy).default_location
    _decided(actor, rma, ReturnReinstated, reason, lines, arriving=arriving, location=location)


def taken_meanwhile(lines: Sequence[ReturnLine]) -> bool:
    """Tell whether units of these lines were taken by other live returns. The order must be locked."""
    for line in lines:
        others = ReturnLine.objects.filter(order_line_id=line.order_line_id, rma__status__in=LIVE_STATUSES)
        taken = others.exclude(rma_id=line.rma_id).values_list("units", flat=True)
        if line.order_line_id and any(overlap(line.units, units) for units in taken if count(units)):
            return True
    return False


@transaction.atomic
def reopen_return(*, actor: Actor, return_id: UUID, reason: str, expected_version: int | None = None) -> Return:
    """Open a closed return again; it stays open until somebody or something closes it anew.

    Raises Invalid without a reason, TransitionRefused.
    """
    _explained(reason)
    rma = lock_return(actor, return_id, Permission.RETURNS_REOPEN, expected_version=expected_version)
    open_again(actor, rma, lines_of(rma), reason)
    facets.keep(rma)
    return rma


def open_again(actor: Actor, rma: Return, lines: Sequence[ReturnLine], reason: str) -> None:
    """Reopen the locked, closed return and tell it. Its old deadline is long over: what is sent now has a new one."""
    fire(rma.reopen)
    rma.expires_at = deadline_of(rma, rules_of(rma.policy))
    _decided(actor, rma, ReturnReopened, reason, lines)


def save_lines(lines: Sequence[ReturnLine], *names: str) -> None:
    """Write these counters of the lines (one statement)."""
    update_rows(lines, ["order_line_id" if name == "order_line" else name for name in names])


def _explained(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")


def _decided(
    actor: Actor, rma: Return, kind: type[ReturnFact], reason: str, lines: Sequence[ReturnLine], **more: Any
) -> None:
    rma.decision_reason = reason[:200]
    publish(
        return_fact(kind, rma, lines, **more),
        subject=rma.as_subject(),
        actor=actor,
        reason_code=rma.decision_code if kind in CODED else "",
        words=reason,
        policy_version=rma.policy.label if rma.policy else "",
    )
    if rma.kind == ReturnKind.MARKETPLACE:
        answered(actor, rma, str(rma.status))
