"""How events of bulk operations are published: about what, with which facts."""

from collections.abc import Sequence
from typing import Any

from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.events.publish import publish
from retailops.replays.events import OperationFact
from retailops.replays.models import BulkOperation

ENGINE = Actor.system("bulk operations")


def subject_of(operation: BulkOperation) -> Subject:
    """Return the operation as a subject; over several regions (or brands) it is of none of them."""
    return Subject(
        "bulk_operation",
        operation.id,
        operation.id,
        str(operation.id),
        _only(operation.regions),
        _only(operation.brands),
    )


def tell(shape: type[OperationFact], operation: BulkOperation, actor: Actor, *, reason: str = "", **more: Any) -> Event:
    """Publish one event of an operation, in the transaction that changed it. The reason stands beside it."""
    fact = shape(
        operation_id=str(operation.id),
        kind=operation.kind,
        total=operation.total,
        hash=operation.hash,
        **more,
    )
    return publish(fact, subject=subject_of(operation), actor=actor, words=reason or operation.reason)


def _only(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else ""
