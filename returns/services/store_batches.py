"""What a till did while it was offline, handed in at once: each item by itself, once, and none is dropped."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from django.db import DatabaseError, transaction

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission as P
from retailops.cases.services import resolve_troubles
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, DomainError, Invalid
from retailops.lib.wire import in_minor_units
from returns import troubles
from returns.enums import StoreItemStatus
from returns.events import StoreBatchReceived, StoreItemTaken
from returns.inputs import read
from returns.inputs.store import StoreBatchIn, StoreItemIn
from returns.models import Return, StoreBatch, StoreBatchItem
from returns.services.store_items import take_in
from returns.services.till import store_of

NEEDED = (P.RETURNS_RECEIVE, P.RETURNS_INSPECT, P.REFUNDS_PROPOSE)
LIMIT = 500
NEVER = datetime.min.replace(tzinfo=UTC)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ItemOutcome:
    """What became of one item: its record, whether it is new, or the refusal."""

    item: StoreBatchItem | None
    new: bool
    problem: DomainError | None = None


def receive_store_batch(
    *, actor: Actor, batch: StoreBatchIn, each: Callable[[], Any] = transaction.atomic
) -> tuple[StoreBatch, list[ItemOutcome]]:
    """Take in what the till did, in the order in which it did it, whatever the order of the items; the whole batch may
    be handed in again. The outcomes are in the order of the items.

    Each item is taken in its own transaction (`each` opens it). An item that cannot be read, or that is another one
    than was told before under its id, is kept as told, with a case. Raises Denied, Invalid (unknown place),
    Unprocessable (no store).
    """
    for permission in NEEDED:
        require(actor, permission, region=batch.region, brand=batch.brand)
    with each():
        row = _batch(actor, batch)
    outcomes: dict[int, ItemOutcome] = {}
    waiting = in_the_tills_order(batch.items)
    while waiting:
        failed: dict[int, DomainError] = {}
        for position in waiting:
            done = _tried(actor, row, position, batch.items[position], each)
            if isinstance(done, ItemOutcome):
                outcomes[position] = done
            else:
                failed[position] = done
        # What others of the batch have brought may be what the rest was waiting for.
        helped = len(failed) < len(waiting)
        waiting = [position for position in failed if helped and not isinstance(failed[position], Invalid)]
        for position in failed.keys() - set(waiting):
            outcomes[position] = _refused(actor, row, position, batch.items[position], failed[position], each)
    return row, [outcomes[position] for position in range(len(batch.items))]


def in_the_tills_order(items: Sequence[dict[str, Any]]) -> list[int]:
    """Return the positions of the items in the order in which the till did them, however they were handed in.

    By their instants, then by id and content, so that any order of the same items is taken in alike; what tells no
    instant comes last: it cannot be read anyway.
    """

    def key(position: int) -> tuple[bool, datetime, str, str]:
        at = _instant(items[position].get("happened_at"))
        return at is None, at or NEVER, str(items[position].get("id", "")), _fingerprint(items[position])

    return sorted(range(len(items)), key=key)


def _instant(told: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(told).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _tried(
    actor: Actor, batch: StoreBatch, position: int, raw: dict[str, Any], each: Callable[[], Any]
) -> ItemOutcome | DomainError:
    """Take an item in, in a transaction of its own; what fails is returned, and never stops the others."""
    try:
        with each():
            return _take(actor, batch, position, raw)
    except (DomainError, DatabaseError) as failure:
        log.warning("store_item.failed", batch=batch.reference, position=position, error=str(failure))
        return failure if isinstance(failure, DomainError) else Conflict("It could not be stored now; send it again.")


def _refused(
    actor: Actor, batch: StoreBatch, position: int, raw: dict[str, Any], fault: DomainError, each: Callable[[], Any]
) -> ItemOutcome:
    with each():
        return _refuse(actor, batch, position, raw, fault)


def _batch(actor: Actor, batch: StoreBatchIn) -> StoreBatch:
    store = store_of(batch.store)
    row, made = StoreBatch.objects.get_or_create(
        location=store,
        reference=batch.reference,
        defaults={
            "region": batch.region,
            "brand": batch.brand,
            "currency": batch.currency,
            "actor": actor.key,
        },
    )
    # The batch's lock makes two copies of it that come at once wait for each other.
    StoreBatch.objects.select_for_update(no_key=True).get(pk=row.pk)
    require(actor, P.RETURNS_RECEIVE, region=row.region, brand=row.brand)
    if made:
        fact = StoreBatchReceived(str(row.id), store.code, row.reference, len(batch.items))
        publish(fact, subject=row.as_subject(), actor=actor)
    return row


def _take(actor: Actor, batch: StoreBatch, position: int, raw: dict[str, Any]) -> ItemOutcome:
    StoreBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    item = read(StoreItemIn, in_minor_units(raw, batch.currency))
    fingerprint = _fingerprint(raw)
    known = StoreBatchItem.objects.filter(location=batch.location, external_id=item.id).first()
    if known is not None:
        if known.fingerprint != fingerprint:
            detail = f"The till told something else before under the id {known.external_id}."
            raise Conflict(detail, code="store-item-differs")
        return ItemOutcome(known, new=False)
    rma, conflicts = take_in(actor, batch, item)
    status = StoreItemStatus.CONFLICT if conflicts else StoreItemStatus.DONE
    row = StoreBatchItem.objects.create(
        batch=batch,
        location=batch.location,
        external_id=item.id,
        position=_place(batch, position),
        raw=raw,
        fingerprint=fingerprint,
        status=status,
        conflicts=conflicts,
        rma=rma,
    )
    _tell(actor, batch, row, rma)
    _end_refusal(actor, batch, row)
    return ItemOutcome(row, new=True)


def _end_refusal(actor: Actor, batch: StoreBatch, row: StoreBatchItem) -> None:
    """End the case of an earlier try that failed: the item is taken in now."""
    earlier = StoreBatchItem.objects.filter(batch=batch, fingerprint=row.fingerprint, status=StoreItemStatus.REFUSED)
    for each in earlier:
        trouble = f"store_item_refused:{batch.id}:{each.position}"
        resolve_troubles(actor, trouble, "It was taken in when it was sent again", {"item": str(row.id)})


def _fingerprint(raw: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def _refuse(actor: Actor, batch: StoreBatch, position: int, raw: dict[str, Any], fault: DomainError) -> ItemOutcome:
    """Keep what cannot be taken in, once, with a case: goods and money may have changed hands all the same."""
    fingerprint = _fingerprint(raw)
    rows = StoreBatchItem.objects.filter(batch=batch, fingerprint=fingerprint, status=StoreItemStatus.REFUSED)
    row = rows.first()
    if row is None:
        row = StoreBatchItem.objects.create(
            batch=batch,
            location=batch.location,
            position=_place(batch, position),
            raw=raw,
            fingerprint=fingerprint,
            status=StoreItemStatus.REFUSED,
            conflicts=[{"code": fault.code, "detail": _words(fault)}],
        )
        troubles.store_item_refused(actor, batch, row.position, _words(fault))
    return ItemOutcome(row, new=False, problem=fault)


def _words(fault: DomainError) -> str:
    return "; ".join(f"{each.pointer} {each.detail}" for each in fault.errors)[:300] or fault.detail


def _place(batch: StoreBatch, position: int) -> int:
    """Return the item's place, or the next free one where a later copy of the batch holds another item there."""
    taken = set(StoreBatchItem.objects.filter(batch=batch).values_list("position", flat=True))
    return position if position not in taken else max(taken) + 1


def _tell(actor: Actor, batch: StoreBatch, row: StoreBatchItem, rma: Return) -> None:
    codes = [each["code"] for each in row.conflicts]
    fact = StoreItemTaken(str(batch.id), row.external_id, str(rma.id), rma.number, codes)
    publish(fact, subject=rma.as_subject(), actor=actor)
