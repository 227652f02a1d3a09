"""Events of bulk operations. Their subject is the operation itself."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class OperationFact:
    """Which operation, of what kind, over how many, and the hash of what is frozen ("" until it is planned)."""

    operation_id: str
    kind: str
    total: int
    hash: str = ""


@event("bulk_operation.requested")
@dataclass(frozen=True)
class OperationRequested(OperationFact):
    """Somebody froze a selection; the verdicts follow."""


@event("bulk_operation.planned")
@dataclass(frozen=True)
class OperationPlanned(OperationFact):
    """Each item has its verdict."""


@event("bulk_operation.changed")
@dataclass(frozen=True)
class OperationChanged(OperationFact):
    """Its rules were changed or its verdicts are formed anew: what was approved is void."""


@event("bulk_operation.executed")
@dataclass(frozen=True)
class OperationExecuted(OperationFact):
    """Somebody started it, presenting the hash of the plan."""

    approved_by: str = ""


@event("bulk_operation.stopped")
@dataclass(frozen=True)
class OperationStopped(OperationFact):
    """It stopped by itself: its rule says why."""


@event("bulk_operation.resumed")
@dataclass(frozen=True)
class OperationResumed(OperationFact):
    """A person had a stopped one go on."""


@event("bulk_operation.canceled")
@dataclass(frozen=True)
class OperationCanceled(OperationFact):
    """A person ended it; what was not begun is not done."""


@event("bulk_operation.finished")
@dataclass(frozen=True)
class OperationFinished(OperationFact):
    """Each item has its result."""


@event("message.edit_requested")
@dataclass(frozen=True)
class MessageEditRequested:
    """Somebody wants a message changed before it is sent again; a second person is asked."""

    edit_id: str
    delivery_id: str
    fields: list[str]
