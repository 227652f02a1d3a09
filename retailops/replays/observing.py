"""What became of the deliveries that a run released, and whether the run must stop."""

from typing import LiteralString
from uuid import UUID

from retailops.events.raw_sql import execute, fetch
from retailops.lib.money import Money
from retailops.replays.models import BulkOperation
from retailops.replays.rules import Rules

# So long a released delivery may be tried again or looked up before its result says that it still is.
PATIENCE_SECONDS = 120
# The stop rule looks at so many of the last tries: a system that dies late is noticed as soon as one that dies early.
LAST = 50

# What was recorded has a higher fence than the release left.
_OBSERVE: LiteralString = """
UPDATE replays_bulkitem i
SET stage = 'done', done_at = clock_timestamp(), result = r.result, detail = r.detail
FROM (
  SELECT i.id,
    CASE d.status WHEN 'delivered' THEN 'delivered' WHEN 'dead' THEN 'failed' WHEN 'discarded' THEN 'closed'
                  WHEN 'superseded' THEN 'closed' ELSE 'retrying' END AS result,
    CASE WHEN d.status = 'delivered' THEN d.external_reference
         WHEN d.status IN ('discarded', 'superseded') THEN 'It was ' || d.status || ' meanwhile.'
         ELSE coalesce(nullif(d.failure_message, ''), d.failure_code) END AS detail
  FROM replays_bulkitem i JOIN events_delivery d ON d.id = i.subject_id
  WHERE (%(operation)s::uuid IS NULL OR i.operation_id = %(operation)s)
    AND (i.stage = 'released' AND d.fence > i.sent_fence
         AND (d.status NOT IN ('ready', 'in_doubt')
              OR i.released_at < clock_timestamp() - make_interval(secs => %(patience)s))
      OR i.result = 'retrying' AND d.status NOT IN ('ready', 'in_doubt'))) r
WHERE i.id = r.id
"""
_SHARE: LiteralString = """
SELECT count(*), count(*) FILTER (WHERE failed) FROM (
  SELECT coalesce(i.result, '') IN ('failed', 'retrying')
         OR i.stage = 'released' AND d.status IN ('ready', 'in_doubt') AS failed
  FROM replays_bulkitem i JOIN events_delivery d ON d.id = i.subject_id
  WHERE i.operation_id = %(id)s AND i.sent_fence IS NOT NULL AND i.released_at >= %(since)s
    AND (i.stage = 'done' OR d.fence > i.sent_fence)
  ORDER BY i.released_at DESC LIMIT %(last)s) AS tried
"""
_DEPARTED: LiteralString = """
SELECT currency, planned, sent FROM (
  SELECT coalesce(i.currency, '') AS currency, sum(i.amount) AS planned,
         sum(CASE WHEN d.currency = i.currency THEN coalesce(f.amount, d.amount) ELSE 0 END) AS sent
  FROM replays_bulkitem i JOIN events_delivery d ON d.id = i.subject_id
  LEFT JOIN events_effect f ON f.id = d.effect_id
  WHERE i.operation_id = %(id)s AND i.sent_fence IS NOT NULL AND i.amount IS NOT NULL
  GROUP BY 1) AS sums
WHERE planned <> sent ORDER BY currency
"""


def observe(operation_id: UUID | None = None) -> int:
    """Write down what became of released deliveries, of one operation or of all; return how many are settled by it.

    What still tries after a while is `retrying`, and gets its last word whenever that comes.
    """
    return execute(_OBSERVE, {"operation": operation_id, "patience": PATIENCE_SECONDS})


def why_stop(operation: BulkOperation) -> str:
    """Return why the run must stop by its rule, or ""."""
    return _by_money(operation) or _by_failures(operation, Rules.read(operation.rules))


def _by_money(operation: BulkOperation) -> str:
    for currency, planned, sent in fetch(_DEPARTED, {"id": operation.id}):
        return (
            f"The money sent departs from the plan: {Money(int(sent), currency)} in place of "
            f"{Money(int(planned), currency)}."
        )
    return ""


def _by_failures(operation: BulkOperation, rules: Rules) -> str:
    since = operation.counts_from or operation.executed_at
    [(tried, failed)] = fetch(_SHARE, {"id": operation.id, "since": since, "last": LAST})
    enough = 1 if operation.wave < len(rules.canary) else rules.stop_after
    if tried < enough or failed * 100 < rules.stop_percent * tried or not failed:
        return ""
    where = f"wave {operation.wave + 1} of the canary" if operation.wave < len(rules.canary) else "the run"
    return f"{failed} of the last {tried} tries failed in {where}; it stops at {rules.stop_percent} %."
