"""What people do about a difference: take their count over, have it counted again, or explain it."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum

from inventory.enums import SHELF
from inventory.events import RecountAsked
from inventory.inputs import AdjustmentIn
from inventory.models import AdjustmentStatus, DriftStatus, StockAdjustment, StockDrift
from inventory.services.adjusting import adjust_stock
from inventory.services.drift_cases import drift_key
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases.services import resolve_troubles
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Invalid, Unprocessable, hidden


def access_drift(actor: Actor, drift_id: UUID, permission: str, *, lock: bool = False) -> StockDrift:
    """Return the difference with its place and snapshots. Raises NotFound to whoever may not see it, else Denied."""
    rows = StockDrift.objects.select_related("location", "first_snapshot", "last_snapshot")
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    drift = rows.filter(pk=drift_id).first()
    if drift is None:
        raise hidden()
    require(actor, permission, region=drift.location.region or None, view=Permission.INVENTORY_VIEW)
    return drift


def to_accept(drift: StockDrift) -> dict[str, int]:
    """Return the change by disposition that makes our books theirs, less what was adjusted for it since or waits."""
    rows = drift.last_snapshot.differences.filter(sku=drift.sku).exclude(unexplained=0)
    live = StockAdjustment.objects.filter(drift=drift).filter(
        Q(status=AdjustmentStatus.WAITING) | Q(move__at__gt=drift.last_snapshot.as_of)
    )
    done = dict(live.values_list("disposition").annotate(units=Sum("change")))
    changes = {row.disposition: row.unexplained - done.get(row.disposition, 0) for row in rows}
    return {where: change for where, change in sorted(changes.items()) if change}


@transaction.atomic
def accept_theirs(*, actor: Actor, drift_id: UUID, reason: str) -> list[StockAdjustment]:
    """Make our books theirs by adjustments; those above the location's limit wait for a second person.

    The difference itself ends when a later snapshot agrees. Raises Invalid without a reason, Conflict when it has ended
    or was taken over already, Unprocessable where units differ that belong to a return, Denied, NotFound.
    """
    drift = _open(actor, drift_id, reason)
    changes = to_accept(drift)
    if not changes:
        raise Conflict("Their count was taken over already; the next snapshot shows it.", code="accepted")
    if foreign := sorted(set(changes) - SHELF):
        raise Unprocessable(
            f"What is {', '.join(foreign).replace('_', ' ')} belongs to returns: settle it there.", code="not-by-hand"
        )
    # What goes is booked before what comes, so that the limit of each is its own.
    told = [_adjustment(drift, where, change, reason) for where, change in sorted(changes.items(), key=lambda c: c[1])]
    return [adjust_stock(actor=actor, adjustment=each, drift=drift) for each in told]


def _adjustment(drift: StockDrift, where: str, change: int, reason: str) -> AdjustmentIn:
    count = StockAdjustment.objects.filter(drift=drift, disposition=where).count()
    return AdjustmentIn.model_validate({
        "reference": f"drift:{drift.id}:{where}:{count + 1}",
        "sku": drift.sku,
        "location": drift.location.code,
        "disposition": where,
        "change": change,
        "reason": f"{drift.source}'s count: {reason}"[:200],
    })  # fmt: skip


@transaction.atomic
def ask_recount(*, actor: Actor, drift_id: UUID, reason: str) -> StockDrift:
    """Ask whoever holds the stock to count it again (`inventory.recount_asked`). Raises Invalid, Conflict, Denied."""
    drift = _open(actor, drift_id, reason)
    drift.recount_asked_at = now()
    drift.save(update_fields=["recount_asked_at"])
    fact = RecountAsked(str(drift.id), drift.source, drift.location.code, drift.sku)
    publish(fact, subject=drift.as_subject(), actor=actor, words=reason)
    return drift


@transaction.atomic
def explain_drift(*, actor: Actor, drift_id: UUID, explanation: str) -> StockDrift:
    """Say why it is there: its case ends, and comes back when the difference changes. Raises as ask_recount."""
    drift = _open(actor, drift_id, explanation)
    drift.explanation, drift.explained_by = explanation[:300], actor.key
    drift.save(update_fields=["explanation", "explained_by"])
    evidence = {"drift": str(drift.id), "units": drift.units, "net": drift.net}
    resolve_troubles(actor, drift_key(drift.location, drift.sku), explanation[:300], evidence)
    return drift


def _open(actor: Actor, drift_id: UUID, reason: str) -> StockDrift:
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    drift = access_drift(actor, drift_id, Permission.INVENTORY_WRITE, lock=True)
    if drift.status == DriftStatus.ENDED:
        raise Conflict("A later snapshot agrees: nothing is to be settled.", code="drift-ended")
    return drift
