"""How a run ends by itself: finished, or stopped with the reason."""

from django.db import transaction

from retailops.lib.clock import now
from retailops.replays.events import OperationFinished, OperationStopped
from retailops.replays.models import BulkOperation, BulkStatus
from retailops.replays.telling import ENGINE, tell


@transaction.atomic
def stop(operation: BulkOperation, why: str) -> bool:
    """Stop the run where there is a reason; what was not begun waits for a person."""
    if not why or not _end(operation, BulkStatus.STOPPED, why):
        return False
    tell(OperationStopped, operation, ENGINE, reason=why)
    return True


@transaction.atomic
def finish(operation: BulkOperation) -> None:
    """End a run in which each item has its result."""
    if _end(operation, BulkStatus.FINISHED, ""):
        tell(OperationFinished, operation, ENGINE)


def _end(operation: BulkOperation, status: BulkStatus, why: str) -> bool:
    """End the run as that; False where a person has ended it before."""
    locked = BulkOperation.objects.select_for_update().get(pk=operation.pk)
    if locked.status != BulkStatus.RUNNING:
        return False
    operation.status, operation.ended_at, operation.ended_by, operation.ended_reason = (
        status, now(), ENGINE.key, why[:300],
    )  # fmt: skip
    operation.save(update_fields=["status", "ended_at", "ended_by", "ended_reason"])
    return True
