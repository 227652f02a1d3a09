"""What the owner of the stock answers about dispositions, and decisions that are taken back."""

from uuid import UUID

from django.db import transaction

from inventory.enums import DECIDABLE, Disposition
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, Invalid
from retailops.lib.fsm import fire
from returns.access import access_slice
from returns.enums import DispositionStatus
from returns.events import DispositionPostFailed, DispositionReversed
from returns.models import DispositionSlice
from returns.services.bound_slices import refuse_bound
from returns.services.closing import finish, refuse_closed
from returns.services.decisions import save_lines
from returns.services.exchange_progress import follow_exchanges
from returns.services.exposure import recover_what_was_overpaid
from returns.services.locking import lock_return
from returns.services.posting import hand_over, post, tell
from returns.services.refunds import refund_by_policy
from returns.services.stock import take_back

D = DispositionStatus


@transaction.atomic
def record_disposition_posted(*, actor: Actor, slice_id: UUID, external_reference: str) -> DispositionSlice:
    """The owner of the stock has placed the units: stock moves now. Idempotent.

    Raises Conflict when the disposition was taken back, NotFound, Denied.
    """
    part = access_slice(actor, slice_id, Permission.RETURNS_INSPECT, lock=True)
    if part.status == D.POSTED:
        return part
    post(actor, part.line.rma, [part], external_reference)
    finish(actor, part.line.rma)
    return part


@transaction.atomic
def record_disposition_failed(*, actor: Actor, slice_id: UUID, failure: str) -> DispositionSlice:
    """The owner of the stock refused; stock stays where it is. A refusal after a posting changes nothing."""
    part = access_slice(actor, slice_id, Permission.RETURNS_INSPECT, lock=True)
    if part.status not in (D.DECIDED, D.POSTING):
        return part
    fire(part.fail_posting)
    part.failure = failure[:300]
    part.save(update_fields=["status", "failure"])
    tell(actor, DispositionPostFailed, part.line.rma, [part], part.inspection.location.code)
    finish(actor, part.line.rma)
    return part


@transaction.atomic
def redecide_disposition(
    *, actor: Actor, slice_id: UUID, disposition: str, reason: str, accepted: bool | None = None
) -> DispositionSlice:
    """Replace a disposition: the former is reversed (stock by a compensating move), a new one decided and handed over.

    Raises Invalid (no reason, not decidable, rejected goods as sellable), Conflict while it is being posted
    or when the return is closed, Denied.
    """
    found = access_slice(actor, slice_id, Permission.RETURNS_INSPECT)
    verdict = _verdict(found, disposition, reason, accepted)
    part = _reversed(actor, slice_id, reason)
    rma, line = part.line.rma, part.line
    _count(part, -part.quantity)
    new = DispositionSlice.objects.create(
        inspection=part.inspection,
        line=line,
        quantity=part.quantity,
        accepted=verdict,
        condition=part.condition,
        grade=part.grade,
        disposition=disposition,
        reason=reason[:120],
        evidence=part.evidence,
        replaces=part,
    )
    _count(new, new.quantity)
    save_lines([line], "accepted", "rejected")
    hand_over(actor, rma, [new], part.inspection.location)
    recover_what_was_overpaid(actor, rma, [line])
    follow_exchanges(rma)
    refund_by_policy(rma)
    finish(actor, rma)
    return new


@transaction.atomic
def reverse_disposition(*, actor: Actor, slice_id: UUID, reason: str) -> DispositionSlice:
    """Take a verdict back: its units wait for inspection again. Raises Invalid without a reason, Conflict, Denied."""
    access_slice(actor, slice_id, Permission.RETURNS_INSPECT)
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    part = _reversed(actor, slice_id, reason)
    _count(part, -part.quantity)
    save_lines([part.line], "accepted", "rejected")
    recover_what_was_overpaid(actor, part.line.rma, [part.line])
    follow_exchanges(part.line.rma)
    finish(actor, part.line.rma)
    return part


def _verdict(part: DispositionSlice, disposition: str, reason: str, accepted: bool | None) -> bool:
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    if disposition not in DECIDABLE:
        raise Invalid(f"An inspection cannot decide {disposition}.", code="not-decidable")
    verdict = part.accepted if accepted is None else accepted
    if not verdict and disposition == Disposition.SELLABLE:
        raise Invalid("Rejected goods cannot become sellable.", code="rejected-sellable")
    return verdict


def _reversed(actor: Actor, slice_id: UUID, reason: str) -> DispositionSlice:
    found = access_slice(actor, slice_id, Permission.RETURNS_INSPECT)
    rma = lock_return(actor, found.line.rma_id, Permission.RETURNS_INSPECT, with_payments=True)
    part = access_slice(actor, slice_id, Permission.RETURNS_INSPECT)
    part.line.rma = rma
    refuse_closed(rma)
    if part.status == D.POSTING:
        raise Conflict("The warehouse is about to answer; wait for it.", code="posting")
    refuse_bound(part)
    was_posted = part.status == D.POSTED
    fire(part.reverse)
    part.save(update_fields=["status"])
    if was_posted:
        take_back(actor, rma, part)
    tell(actor, DispositionReversed, rma, [part], part.inspection.location.code)
    return part


def _count(part: DispositionSlice, quantity: int) -> None:
    if part.accepted:
        part.line.accepted += quantity
    else:
        part.line.rejected += quantity
