"""Drafts: a return that somebody is still putting together. A draft takes no units and is told to nobody outside."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Unprocessable
from retailops.lib.fsm import fire
from returns.enums import ReturnKind, ReturnStatus
from returns.events import ReturnDraftChanged, ReturnDraftDiscarded, ReturnDrafted
from returns.facts import return_fact
from returns.inputs import OrderRef, ReturnIn, ReturnLineIn
from returns.inputs.drafts import DraftIn
from returns.models import Return, ReturnLine
from returns.return_lines import lines_of
from returns.services.building import (
    facts_of,
    give_drop_off_code,
    new_lines,
    new_return,
    tell_return,
    write_return,
)
from returns.services.closing import finish
from returns.services.eligibility import Eligibility, judge
from returns.services.intake import decide, facts_told, hold_if_found, refuse_broken
from returns.services.locking import lock_return
from returns.services.order_reading import read_order, read_units
from returns.services.refunds import refund_by_policy


@transaction.atomic
def save_draft(*, actor: Actor, draft: DraftIn) -> Return:
    """Save a draft. What policy says of its lines is decided when it is submitted.

    Raises NotFound and Invalid (no such order or line), Denied.
    """
    order = read_order(draft.order, lock=False)
    require(actor, Permission.RETURNS_REQUEST, region=order.region, brand=order.brand, view=Permission.ORDERS_VIEW)
    verdict = judge(read_units(order), draft.lines, now(), draft.kind)
    request = ReturnIn.model_construct(
        order=draft.order, lines=draft.lines,
        kind=draft.kind, source="api", external_id="", reason=draft.reason, tracking="", requested_at=None,
        override_reason="", override_code="",
    )  # fmt: skip
    rma = new_return(actor, request, verdict)
    rma.decision_reason = draft.reason
    lines = _waiting(new_lines(rma, verdict))
    write_return(
        actor,
        rma,
        lines,
        lambda: [return_fact(ReturnDrafted, rma, lines)],
        reason=draft.reason,
        policy=verdict.policy.label,
    )
    return rma


@transaction.atomic
def change_draft(
    *,
    actor: Actor,
    return_id: UUID,
    lines: Sequence[ReturnLineIn],
    reason: str | None = None,
    expected_version: int | None = None,
) -> Return:
    """Replace the lines of a draft. Raises Conflict unless it is one (or is newer than the actor saw), Invalid,
    Denied, NotFound."""
    rma, verdict = _judged(actor, return_id, lines, expected_version)
    ReturnLine.objects.filter(rma=rma).delete()
    rows = ReturnLine.objects.bulk_create(_waiting(new_lines(rma, verdict)))
    if reason is not None:
        rma.decision_reason = reason
    rma.policy_facts = facts_of(rma.decision_reason, "", verdict)
    publish(return_fact(ReturnDraftChanged, rma, rows), subject=rma.as_subject(), actor=actor)
    return finish(actor, rma)


@transaction.atomic
def submit_draft(
    *, actor: Actor, return_id: UUID, override_reason: str = "", expected_version: int | None = None
) -> Return:
    """Ask for the return that the draft describes: policy judges it now, and its units are taken.

    Raises Unprocessable for a draft without lines and for what policy refuses, Conflict unless it is a draft, Denied,
    NotFound.
    """
    rma, verdict = _judged(actor, return_id, None, expected_version)
    if not verdict.lines:
        raise Unprocessable("The draft has no lines: add what is to come back.", code="no-lines")
    refuse_broken(actor, verdict, override_reason)
    lines = lines_of(rma)
    for line, found in zip(lines, verdict.lines, strict=True):
        line.units = found.units
    reason = rma.decision_reason
    rma.policy_id, rma.policy_facts = verdict.policy.id, facts_of(reason, override_reason, verdict)
    rma.memo_required = verdict.policy.rules.erp_memo_required
    rma.requested_by, rma.requested_at, rma.decision_reason = actor.key, now(), ""
    judged = decide(rma, lines, verdict)
    rma.save()
    ReturnLine.objects.bulk_update(lines, ["units", "authorized", "kept"])
    tell_return(actor, rma, facts_told(rma, lines, verdict), reason=reason, policy=verdict.policy.label)
    hold_if_found(rma, judged, verdict)
    give_drop_off_code(rma)
    refund_by_policy(rma)
    return finish(actor, rma)


@transaction.atomic
def discard_draft(*, actor: Actor, return_id: UUID, reason: str = "", expected_version: int | None = None) -> Return:
    """Give a draft up. It stays to be read. Raises Conflict unless it is one, Denied, NotFound."""
    rma = _draft(actor, return_id, expected_version)
    fire(rma.discard)
    told = return_fact(ReturnDraftDiscarded, rma, lines_of(rma))
    publish(told, subject=rma.as_subject(), actor=actor, words=reason)
    rma.decision_reason = reason or rma.decision_reason
    return finish(actor, rma)


def _draft(actor: Actor, return_id: UUID, expected_version: int | None) -> Return:
    rma = lock_return(
        actor,
        return_id,
        Permission.RETURNS_REQUEST,
        with_order=True,
        with_payments=True,
        expected_version=expected_version,
    )
    if rma.status != ReturnStatus.DRAFT:
        raise Conflict(
            f"The return is {rma.get_status_display().lower()}: it is no draft any more.", code="not-a-draft"
        )
    return rma


def _judged(
    actor: Actor, return_id: UUID, asked: Sequence[ReturnLineIn] | None, expected_version: int | None
) -> tuple[Return, Eligibility]:
    """Return the locked draft and policy's verdict on the lines: those given, or its own."""
    rma = _draft(actor, return_id, expected_version)
    snapshot = read_units(read_order(OrderRef(order_id=rma.order_id), lock=True))
    return rma, judge(snapshot, _own(rma) if asked is None else asked, now(), ReturnKind(rma.kind))


def _own(rma: Return) -> list[ReturnLineIn]:
    shown = {fact["line_no"]: fact.get("evidence", []) for fact in rma.policy_facts.get("lines", [])}
    return [
        ReturnLineIn(
            external_id=line.order_line.external_id,
            quantity=line.requested,
            resolution=line.resolution,
            reason=line.customer_reason,
            evidence=shown.get(line.order_line.line_no, []),
        )
        for line in lines_of(rma)
        if line.order_line is not None
    ]


def _waiting(lines: list[ReturnLine]) -> list[ReturnLine]:
    """Return the lines without units: those are taken when the draft is submitted."""
    for line in lines:
        line.units = []
    return lines
