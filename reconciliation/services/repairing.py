"""A person settles a discrepancy: takes their value, tells them ours, or leaves it and says why."""

from typing import Any
from uuid import UUID

from django.db import transaction

from reconciliation.access import access_discrepancy
from reconciliation.events import DiscrepancyRepairAsked
from reconciliation.models import Discrepancy, DiscrepancyType, Resolution
from reconciliation.repairs import why_not_theirs, why_not_told
from reconciliation.return_repairs import take_of_return
from reconciliation.services.settling import fact_of, open_ones, settle
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, FieldError, Invalid
from returns.models import Return
from returns.services.correcting_orders import correct_order

RESOLVE = Permission.DISCREPANCIES_RESOLVE


@transaction.atomic
def take_theirs(*, actor: Actor, discrepancy_id: UUID, reason: str, expected: str | None = None) -> Discrepancy:
    """Take the other system's value over, where nothing relies on ours. Publishes `order.corrected`.

    `expected` is the value that the person saw. Raises NotFound, Denied, Invalid without a reason, and Conflict: it is
    settled, it was told anew since, or a return or refund relies on what is here.
    """
    found = access_discrepancy(actor, discrepancy_id, RESOLVE)
    _require(reason)
    if found.type == DiscrepancyType.RETURN_DRIFT:
        return _take_of_return(actor, found, reason, expected)
    if found.order_id is None:
        raise Conflict(why_not_theirs(found), code="not-taken")
    correct_order(
        actor=actor,
        order_id=found.order_id,
        kind=found.object,
        object_id=found.object_id,
        name=found.field,
        value=found.theirs,
        system=found.system,
    )
    locked = access_discrepancy(actor, discrepancy_id, RESOLVE, lock=True)
    if locked.theirs != found.theirs or (expected is not None and expected != locked.theirs):
        raise Conflict("It was told anew in the meantime; look again.", code="stale", present=locked.theirs)
    return settle(actor, locked, Resolution.TOOK_THEIRS, reason, _values(locked))


def _take_of_return(actor: Actor, found: Discrepancy, reason: str, expected: str | None) -> Discrepancy:
    """Settle it first, under the return's lock: the command's own event would end it as agreed."""
    list(Return.objects.select_for_update(no_key=True).filter(pk=str(found.object_id)).values_list("pk"))
    locked = access_discrepancy(actor, found.id, RESOLVE, lock=True)
    if expected is not None and expected != locked.theirs:
        raise Conflict("It was told anew in the meantime; look again.", code="stale", present=locked.theirs)
    settled = settle(actor, locked, Resolution.TOOK_THEIRS, reason, _values(locked))
    take_of_return(actor, settled, reason)
    return settled


@transaction.atomic
def tell_ours(*, actor: Actor, discrepancy_id: UUID, reason: str) -> Discrepancy:
    """Ask whoever keeps the other system to set it to ours. Publishes `discrepancy.repair_asked`.

    Raises NotFound, Denied, Invalid, and Conflict when it is settled, or nobody takes the message.
    """
    found = access_discrepancy(actor, discrepancy_id, RESOLVE, lock=True)
    _require(reason)
    if why := why_not_told(found):
        raise Conflict(why, code="not-taken")
    fact = fact_of(DiscrepancyRepairAsked, found, value=found.ours)
    publish(fact, subject=found.as_subject(), actor=actor)
    return settle(actor, found, Resolution.TOLD_OURS, reason, _values(found))


@transaction.atomic
def leave_discrepancy(
    *, actor: Actor, discrepancy_id: UUID, reason: str, evidence: dict[str, Any] | None = None
) -> Discrepancy:
    """Let both stand and say why. Raises NotFound, Denied, Invalid, and Conflict when it is settled."""
    found = access_discrepancy(actor, discrepancy_id, RESOLVE, lock=True)
    _require(reason)
    return settle(actor, found, Resolution.LEFT, reason, _values(found) | (evidence or {}))


def end_with_case(actor: Actor, case_id: UUID, reason: str) -> None:
    """End the open discrepancy whose case somebody resolved."""
    for found in open_ones(case_id=case_id):
        settle(actor, found, Resolution.CASE, reason or "Its case was resolved.", {"case": str(case_id)})


def _require(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why.", errors=[FieldError("/reason", "must not be empty")])


def _values(found: Discrepancy) -> dict[str, Any]:
    return {"ours": found.ours, "theirs": found.theirs}
