"""Do one thing to many: freeze which, start at once, and let a worker do them one by one."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, FieldError, Invalid, hidden
from retailops.lib.ids import uuid7, uuid7_at
from retailops.replays.commands import Command, command_of
from retailops.replays.events import OperationExecuted
from retailops.replays.freezing import MOST_ITEMS, Frozen, Selection, enter
from retailops.replays.hashing import hash_of
from retailops.replays.models import BulkItem, BulkOperation, BulkStage, BulkStatus
from retailops.replays.telling import tell
from retailops.replays.working import nudge_after_commit

# So many are done while the person waits; more are done in the background.
AT_ONCE = 25
_COLUMNS = ("pk", "region", "brand", "status", "amount", "currency")


class SelectionChanged(Conflict):
    """Other things are selected now than were looked at; `total` and `selection` are those of now."""

    code, title = "selection-changed", "The selection has changed"

    def __init__(self, total: int, selection: str) -> None:
        detail = f"Other things match than were looked at: {total:,} now. Look at them again."
        super().__init__(detail, total=total, selection=selection)


@dataclass(frozen=True)
class Look:
    """What a selection is now: how many, under which hash, as of when, and how many came after that."""

    total: int
    selection: str
    as_of: datetime
    newcomers: int


def look_at_many(actor: Actor, kind: str, selection: Selection) -> Look:
    """Return what `do_to_many` would freeze. Nothing is written. Raises as it does."""
    frozen = _frozen(actor, command_of(kind), selection)
    return Look(len(frozen.rows), _hash_of(frozen), frozen.cut_off, frozen.newcomers)


def _hash_of(frozen: Frozen) -> str:
    return hashlib.sha256("\n".join(sorted(str(row[0]) for row in frozen.rows)).encode()).hexdigest()


@transaction.atomic
def do_to_many(
    actor: Actor, kind: str, selection: Selection, reason: str, given: Mapping[str, Any], *,
    operation_id: UUID | None = None, resumes: UUID | None = None, seen: str = "",
) -> BulkOperation:  # fmt: skip
    """Freeze the selected things and start the command of that kind on each of them; one form (`operation_id`) once.

    Up to AT_ONCE the caller goes on with it (`working.advance`), or the next sweep does; for more a worker is told.
    Raises Invalid without a reason and where nothing or too much is selected, NotFound for things that may not be seen,
    Denied without the permission anywhere, Conflict where the id is of another operation, SelectionChanged where `seen`
    (of `look_at_many`) is given and other things are selected now.
    """
    command = command_of(kind)
    if not reason.strip():
        raise Invalid("Say why: a reason is required.", errors=[FieldError("/reason", "must not be empty")])
    if operation_id and (before := BulkOperation.objects.filter(pk=operation_id).first()):
        return _same(before, actor, kind)
    frozen = _frozen(actor, command, selection)
    if seen and seen != _hash_of(frozen):
        raise SelectionChanged(len(frozen.rows), _hash_of(frozen))
    operation = _begun(
        BulkOperation(
            id=operation_id or uuid7(), kind=kind, reason=reason.strip()[:300], filter=dict(selection.filter),
            given=dict(given), cut_off=frozen.cut_off, newcomers=frozen.newcomers, requested_by=actor.key,
            resumes_id=resumes,
        ),
        frozen,
    )  # fmt: skip
    tell(OperationExecuted, operation, actor)
    if operation.total > AT_ONCE:
        nudge_after_commit(operation.id)
    return operation


def do_failed_again(actor: Actor, operation: BulkOperation, reason: str, again: Sequence[str]) -> BulkOperation:
    """Start the same command anew on what has one of these results. Raises Conflict where nothing has."""
    failed = BulkItem.objects.filter(operation=operation, result__in=again)
    ids = list(failed.order_by("position").values_list("subject_id", flat=True))
    if not ids:
        raise Conflict("Nothing failed that could be taken up again.", present=operation.status)
    selection = Selection(ids=ids, filter={"failed_of": str(operation.id)})
    return do_to_many(actor, operation.kind, selection, reason, operation.given, resumes=operation.id)


def _same(before: BulkOperation, actor: Actor, kind: str) -> BulkOperation:
    if (before.requested_by, before.kind) != (actor.key, kind):
        raise Conflict("This form belongs to another operation: open the list again.")
    return before


def _frozen(actor: Actor, command: Command, selection: Selection) -> Frozen:
    named = selection.rows is None
    frozen = _named(actor, command, selection) if named else _matching(actor, command, selection)
    if not frozen.rows:
        raise Invalid("Nothing is selected.", code="nothing-selected")
    if len(frozen.rows) > MOST_ITEMS:
        raise Invalid(f"More than {MOST_ITEMS:,} are selected: narrow the filter.", code="too-many-selected")
    return frozen


def _named(actor: Actor, command: Command, selection: Selection) -> Frozen:
    """Return the named things; one that may be seen and not worked is refused at its turn, as any other."""
    ids = list(dict.fromkeys(selection.ids))
    seen = command.things(actor, command.viewed_with).filter(pk__in=ids)
    frozen = Frozen(_read(seen), selection.cut_off or now())
    if len(frozen.rows) < min(len(ids), MOST_ITEMS):
        raise hidden()
    if ids and not command.things(actor, command.permission).filter(pk__in=ids).exists():
        raise Denied(f"{actor.label} may not do this here.", permission=command.permission)
    return frozen


def _matching(actor: Actor, command: Command, selection: Selection) -> Frozen:
    """Return those that may be worked and were there by the cut-off; their ids sort by their making."""
    assert selection.rows is not None  # noqa: S101  # for the types; `_frozen` asks
    moment = selection.cut_off or now()
    rows = command.things(actor, command.permission).filter(pk__in=selection.rows.order_by().values("pk"))
    since = uuid7_at(moment)
    return Frozen(_read(rows.filter(pk__lt=since)), moment, rows.filter(pk__gte=since).count())


def _read(rows: Any) -> list[tuple[Any, ...]]:
    found = rows.order_by("pk").values_list(*_COLUMNS)[: MOST_ITEMS + 1]
    return [(id, region, brand, 0, *rest) for id, region, brand, *rest in found]


def _insert(operation: BulkOperation) -> None:
    try:
        with transaction.atomic():
            operation.save(force_insert=True)
    except IntegrityError as twin:
        raise Conflict("This form was sent already: what comes of it stands in Operations.") from twin


def _begun(operation: BulkOperation, frozen: Frozen) -> BulkOperation:
    """Write the operation with its items as a run that has begun, under the hash of what is frozen."""
    operation.total = len(frozen.rows)
    operation.regions = sorted({row[1] for row in frozen.rows})
    operation.brands = sorted({row[2] for row in frozen.rows})
    operation.status = BulkStatus.PLANNED
    _insert(operation)
    enter(operation, frozen.rows, stage=BulkStage.JUDGED, acts=True)
    operation.hash = hash_of(operation)
    operation.planned_at = operation.executed_at = operation.counts_from = now()
    operation.executed_by, operation.executed_hash = operation.requested_by, operation.hash
    operation.status = BulkStatus.RUNNING
    operation.save()
    return operation
