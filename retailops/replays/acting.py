"""One item of a run: by the single delivery's own command, in whose transaction the item's state is written too.

So a worker that is killed between two items, or within one, leaves nothing half done and repeats nothing.
"""

from typing import Any
from uuid import UUID

import structlog

from retailops.accounts.actor import Actor
from retailops.events.enums import Trigger
from retailops.events.models import Delivery
from retailops.events.raw_sql import PASSING_ERRORS
from retailops.events.replay import ChangedSince, Planned, ReplayRefused, replay, supersede
from retailops.events.verdicts import SENDS, Verdict, VerdictKind, known_verdicts
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, NotFound
from retailops.lib.money import Money
from retailops.replays.models import BulkItem, BulkOperation, BulkResult, BulkStage
from retailops.replays.rules import Rules

log = structlog.get_logger(__name__)


class MoneyDeparts(Conflict):
    """The delivery would send other money than was planned: the whole run stops."""

    code, title = "money-departs", "Not the money that was planned"


class Withdrawn(Conflict):
    """The item was taken out of the run meanwhile (canceled): nothing is done."""


def act(actor: Actor, operation: BulkOperation, item: BulkItem) -> str:
    """Do what is planned for one item; return its result, "" where it was released to the engine.

    Raises MoneyDeparts, and Denied or NotFound when the actor may not act any more: then nothing was done.
    """
    try:
        return _act(actor, operation, item)
    except (MoneyDeparts, Denied, NotFound):
        raise
    except Withdrawn:
        return BulkResult.CANCELED
    except ChangedSince:
        return end_item(item, BulkResult.CHANGED, _anew(item.subject_id))
    except ReplayRefused as refused:
        return end_item(item, BulkResult.LEFT_OUT, refused.detail)
    except DomainError as refused:
        return end_item(item, BulkResult.CHANGED, refused.detail)
    except PASSING_ERRORS:
        raise
    except Exception as error:
        # A fault with one must not hold up the others; the person sees which one it is.
        log.exception("bulk.item_failed", operation=str(operation.id), subject=str(item.subject_id))
        return end_item(item, BulkResult.REFUSED, f"{type(error).__name__}: {error}"[:500])


def _act(actor: Actor, operation: BulkOperation, item: BulkItem) -> str:
    reason = operation.reason
    if item.verdict == VerdictKind.SUPERSEDED:
        planned = _planned(item, {VerdictKind.SUPERSEDED})
        supersede(actor, item.subject_id, f"{reason}: {item.why}"[:300], planned=planned)
        return BulkResult.CLOSED
    kinds = {*SENDS, VerdictKind.ALREADY_DONE} if item.sends else {VerdictKind.ALREADY_DONE}
    found = replay(
        actor, item.subject_id, reason, trigger=Trigger.BULK, approved_by=operation.approved_by,
        planned=_planned(item, kinds), as_was=Rules.read(operation.rules).as_was,
    )  # fmt: skip
    return "" if found.kind in SENDS else BulkResult.ALREADY_DONE


def _planned(item: BulkItem, kinds: set[VerdictKind]) -> Planned:
    return Planned(
        item.fence,
        item.status,
        frozenset(map(str, kinds)),
        within=lambda delivery, found: _write_within(item, delivery, found),
    )


def _write_within(item: BulkItem, delivery: Delivery, found: Verdict) -> None:
    """Write the item's state in the delivery's transaction; raises where the item is not in the run any more."""
    if found.kind in SENDS:
        _require_money(item, delivery)
        changes: dict[str, Any] = {
            "stage": BulkStage.RELEASED, "released_at": now(), "sent_fence": delivery.fence, "detail": found.why,
        }  # fmt: skip
    else:
        closed = found.kind == VerdictKind.SUPERSEDED
        result = BulkResult.CLOSED if closed else BulkResult.ALREADY_DONE
        changes = {"stage": BulkStage.DONE, "done_at": now(), "result": result, "detail": found.why}
    if not BulkItem.objects.filter(pk=item.pk, stage=BulkStage.JUDGED).update(**changes):
        raise Withdrawn("It was taken out of the run.")


def _require_money(item: BulkItem, delivery: Delivery) -> None:
    if (delivery.amount, delivery.currency) == (item.amount, item.currency):
        return
    present = "nothing" if delivery.amount is None else str(Money(delivery.amount, delivery.currency))
    planned = "nothing" if item.amount is None else str(Money(item.amount, item.currency))
    raise MoneyDeparts(f"The money sent departs from the plan: {present} in place of {planned}.")


def _anew(delivery_id: UUID) -> str:
    """Say what the verdict on a delivery that has changed would be now."""
    delivery = Delivery.objects.select_related("event", "destination", "effect").get(pk=delivery_id)
    found = known_verdicts([delivery])[delivery_id].verdict
    verdict = f"{VerdictKind(found.kind).label}: {found.why}" if found else "only the other system knows."
    return f"It changed since it was planned ({delivery.status} now). {verdict}"


def end_item(item: BulkItem, result: BulkResult, detail: str) -> str:
    """Write the result of an item that is still to be done; return it."""
    rows = BulkItem.objects.filter(pk=item.pk, stage=BulkStage.JUDGED)
    rows.update(stage=BulkStage.DONE, done_at=now(), result=result, detail=detail)
    return result
