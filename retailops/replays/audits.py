"""What must hold over all bulk operations, whatever happened."""

from collections.abc import Iterator

from retailops.cases.models import Approval
from retailops.cases.services import bind
from retailops.lib.audit import Breach, register_audit, register_sql_audit
from retailops.replays.hashing import hash_of
from retailops.replays.models import BulkOperation
from retailops.replays.services import PLAN_KIND, approved_money, payload_of

_WITHOUT_RESULT = """
SELECT 'bulk operation/' || o.id, count(*) || ' of its items have no result, though it is ' || o.status
FROM replays_bulkoperation o JOIN replays_bulkitem i ON i.operation_id = o.id
WHERE o.status = 'finished' AND i.result = '' OR o.status = 'canceled' AND i.result = '' AND i.stage <> 'released'
GROUP BY o.id, o.status
"""
_MISCOUNTED = """
SELECT 'bulk operation/' || o.id, 'it was frozen with ' || o.total || ' items and has ' || count(i.id)
FROM replays_bulkoperation o LEFT JOIN replays_bulkitem i ON i.operation_id = o.id
GROUP BY o.id HAVING count(i.id) <> o.total
"""
_SENT_BY_TWO = """
SELECT 'delivery/' || subject_id, 'one sending is of ' || count(*) || ' runs'
FROM replays_bulkitem WHERE sent_fence IS NOT NULL GROUP BY subject_id, sent_fence HAVING count(*) > 1
"""
_SENT_UNTOLD = """
SELECT 'delivery/' || i.subject_id, 'a run has sent it, and no event says so'
FROM replays_bulkitem i JOIN replays_bulkoperation o ON o.id = i.operation_id
WHERE i.sent_fence IS NOT NULL AND o.kind = 'replay'
  AND NOT EXISTS (SELECT 1 FROM events_delivery d JOIN events_event e ON e.causation_id = d.event_id
                    AND e.subject_id = (SELECT subject_id FROM events_event WHERE id = d.event_id)
                  WHERE d.id = i.subject_id AND e.type = 'delivery.replayed'
                    AND e.data->>'delivery_id' = d.id::text)
"""


def _not_as_approved() -> Iterator[Breach]:
    """Yield operations that ran another plan than the one under their hash, or than a second person agreed to."""
    executed = BulkOperation.objects.filter(executed_at__isnull=False, kind="replay")
    for operation in executed.order_by("id").iterator():
        if hash_of(operation) != operation.executed_hash:
            yield Breach(f"bulk operation/{operation.id}", "what ran is not what stands under its hash")
        if operation.needs_approval and not _approved(operation):
            yield Breach(f"bulk operation/{operation.id}", "it ran without a second person's word on this plan")


def _approved(operation: BulkOperation) -> bool:
    if operation.approval_id is None:
        return False
    word = Approval.objects.filter(pk=operation.approval_id, kind=PLAN_KIND, status="consumed").first()
    bound_to = bind(PLAN_KIND, operation.id, approved_money(operation), payload_of(operation))
    return word is not None and (word.bound_to, word.decided_by) == (bound_to, operation.approved_by)


def register() -> None:
    """Register the audits of bulk operations with `manage.py audit`."""
    register_sql_audit("each item of an ended operation has a result", _WITHOUT_RESULT)
    register_sql_audit("an operation has the items that it was frozen with", _MISCOUNTED)
    register_sql_audit("no delivery is sent by two runs", _SENT_BY_TWO, invariant="14")
    register_sql_audit("what a run sends is told by an event", _SENT_UNTOLD)
    register_audit("a plan runs as it was approved", _not_as_approved, invariant="17")
