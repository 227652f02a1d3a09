"""Hold what another system tells of a return, or what we read there, against what is here: what differs is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from reconciliation.models import Discrepancy, DiscrepancyStatus, DiscrepancyType, Resolution
from reconciliation.return_truth import STATUS, Held, ReturnTellingIn, held_against, is_late, owner_of
from reconciliation.services.settling import open_discrepancy, open_ones, settle
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.models import Event
from retailops.events.prepared import Prepared
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from returns.models import Return, TruthObject
from returns.services.locking import lock_return

DETECTION = Actor.system("reconciliation")
DECISIONS = (
    "return.requested", "return.authorized", "return.declined", "return.canceled", "return.expired",
    "return.reinstated", "return.closed", "return.reopened",
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What came of a telling: the discrepancies that are open by it; `late`: its state was overtaken by a decision."""

    rma: Return
    open: list[Discrepancy]
    late: bool = False


@transaction.atomic
def tell_return(*, actor: Actor, return_id: UUID, told: ReturnTellingIn) -> Told:
    """Compare what a system tells of a return with what is here; nothing of the return changes.

    Each field that differs is one open discrepancy with a proposal for its repair, by who owns the field; one that
    agrees ends. Raises Conflict for a return without an order (nothing outside knows it), Denied, NotFound.
    """
    rma = lock_return(actor, return_id, Permission.RETURNS_REQUEST)
    if rma.order_id is None:
        raise Conflict("It has no order yet: no other system can know it. Match it first.", code="order-not-matched")
    late = told.status is not None and is_late(told.told_at, _decided_at(rma.id))
    held = [each for each in held_against(rma, told) if not (late and each.field == STATUS)]
    known = {row.anchor: row for row in _open_of(rma, system=told.system)}
    found = []
    for each in held:
        before = known.get(_anchor(rma, each, told.system))
        if each.ours == each.theirs:
            if before is not None:
                _agree(before)
            continue
        found.append(_renewed(before, each) if before else _opened(rma, each, told.system))
    return Told(rma, found, late)


def _decided_at(return_id: UUID) -> datetime | None:
    rows = Event.objects.filter(subject_id=return_id, type__in=DECISIONS)
    return rows.order_by("-position").values_list("occurred_at", flat=True).first()


def _open_of(rma: Return, **which: str) -> list[Discrepancy]:
    return open_ones(order=rma.order_id, object=TruthObject.RETURN, object_id=rma.id, **which)


def _anchor(rma: Return, held: Held, system: str) -> str:
    line = f"#{held.line_no}" if held.line_no else ""
    return ":".join([str(TruthObject.RETURN), str(rma.id), held.field + line, system])


def _opened(rma: Return, held: Held, system: str) -> Discrepancy:
    assert rma.order is not None  # noqa: S101  # tell_return looked
    owner = owner_of(rma, held.field)
    found = Discrepancy(
        type=DiscrepancyType.RETURN_DRIFT,
        anchor=_anchor(rma, held, system),
        order=rma.order,
        object=TruthObject.RETURN,
        object_id=rma.id,
        external_id=rma.number + (f" line {held.line_no}" if held.line_no else ""),
        field=held.field,
        ours=held.ours,
        theirs=held.theirs,
        owner=owner,
        system=system,
        order_version=rma.version,
        currency=rma.currency,
        region=rma.region,
        brand=rma.brand,
        channel=rma.channel,
        suggestion=Resolution.TOOK_THEIRS if owner == system else Resolution.TOLD_OURS,
    )
    open_discrepancy(DETECTION, found)
    return found


def _renewed(before: Discrepancy, held: Held) -> Discrepancy:
    before.ours, before.theirs = held.ours, held.theirs
    before.occurrences += 1
    before.last_seen_at = now()
    before.save()
    return before


def _agree(found: Discrepancy) -> None:
    settle(DETECTION, found, Resolution.AGREED, "They say the same now.", {"value": found.ours})


_ORDER_ID = Prepared(lambda id: Return.objects.filter(pk=id).values_list("order_id", flat=True))
_OPEN_IDS = Prepared(
    lambda order, id: Discrepancy.objects.filter(
        order_id=order, object=TruthObject.RETURN, object_id=id, status=DiscrepancyStatus.OPEN
    ).values_list("id")
)


def follow_return(return_id: UUID, status: str) -> None:
    """End what was open about the state of a return that has come to be as the other system says.

    Runs in the transaction of the decision, which may write the return only after it has told of it.
    """
    order_id = _ORDER_ID.first(return_id)
    if order_id is None or not _OPEN_IDS.all(order_id, return_id):
        return
    rma = Return.objects.get(pk=return_id)
    for found in _with_status(_open_of(rma)):
        if found.theirs == status:
            settle(DETECTION, found, Resolution.AGREED, "We say the same now.", {"value": found.theirs})


def _with_status(rows: Iterable[Discrepancy]) -> list[Discrepancy]:
    return [row for row in rows if row.field == STATUS]
