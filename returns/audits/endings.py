"""Endings: what is closed is complete, what is canceled never began; facets are what they are derived from."""

from collections.abc import Iterator

from django.db import connection

from retailops.lib.audit import Breach, register_audit, register_sql_audit
from returns.enums import LIVE_REFUNDS
from returns.facets import NAMES, OF_ALL

CLOSED = """
SELECT 'return ' || r.number, 'closed, and refund ' || f.id || ' of ' || f.amount || ' has no posted memo of it'
  FROM returns_return r JOIN returns_refund f ON f.rma_id = r.id
  LEFT JOIN returns_creditmemo m ON m.refund_id = f.id AND m.status = 'posted' AND m.amount = f.amount + f.bonus
 WHERE r.status = 'closed' AND r.memo_required AND f.status = 'succeeded' AND m.id IS NULL
   AND NOT EXISTS (SELECT 1 FROM returns_exchange e WHERE e.proposal = f.proposal)
UNION ALL
SELECT 'credit memo ' || m.id, 'of ' || m.amount || ', its refund is of ' || f.amount || ' and ' || f.status
  FROM returns_creditmemo m JOIN returns_refund f ON f.id = m.refund_id
 WHERE m.amount <> f.amount + f.bonus OR m.currency <> f.currency
    OR f.status NOT IN ('succeeded', 'failed', 'reversed', 'superseded')
"""

COMPLETE = """
SELECT 'return ' || r.number, 'closed, and units of line ' || l.line_no || ' are still expected or wait for a verdict'
  FROM returns_return r JOIN returns_returnline l ON l.rma_id = r.id
 WHERE r.status = 'closed'
   AND (l.authorized + l.over_approved > l.received + l.missing + l.kept + l.canceled
        OR l.accepted + l.rejected < l.received)
UNION ALL
SELECT 'return ' || r.number, 'closed, and refund ' || f.id || ' is ' || f.status
  FROM returns_return r JOIN returns_refund f ON f.rma_id = r.id
 WHERE r.status = 'closed' AND f.status NOT IN ('succeeded', 'denied', 'superseded')
UNION ALL
SELECT 'return ' || r.number, 'closed, and case ' || c.id || ' was open then and still is'
  FROM returns_return r JOIN cases_case c ON c.subject_id = r.id
    OR c.subject_id IN (SELECT f.id FROM returns_refund f WHERE f.rma_id = r.id
                        UNION ALL SELECT e.id FROM returns_exchange e WHERE e.rma_id = r.id)
 WHERE r.status = 'closed' AND r.open_cases > 0 AND c.status = 'open' AND c.opened_at < r.closed_at
"""

CANCELED = """
SELECT 'return ' || r.number, 'canceled, and units of line ' || l.line_no || ' were received'
  FROM returns_return r JOIN returns_returnline l ON l.rma_id = r.id WHERE r.status = 'canceled' AND l.received > 0
UNION ALL
SELECT 'return ' || r.number, 'canceled, and refund ' || f.id || ' is ' || f.status
  FROM returns_return r JOIN returns_refund f ON f.rma_id = r.id
 WHERE r.status = 'canceled' AND f.status = ANY(%(live)s)
"""


def register() -> None:
    """Register the audits."""
    register_sql_audit("memos posted before closing, each of its refund's amount", CLOSED, invariant="11")
    register_sql_audit("closed returns are complete", COMPLETE, invariant="11")
    live = {"live": [str(status) for status in LIVE_REFUNDS]}
    register_sql_audit("nothing canceled after goods or money", CANCELED, invariant="12", parameters=live)
    register_audit("facets equal what they are derived from", stale_facets, invariant="19")


def stale_facets() -> Iterator[Breach]:
    """Yield each return whose stored facets differ from recompute(), all compared in one statement."""
    stored = ", ".join(f"r.{name}" for name in NAMES)
    derived = ", ".join(f"f.{name}" for name in NAMES)
    statement = (
        f"SELECT r.number, ({stored})::text, ({derived})::text FROM ({OF_ALL}) f JOIN returns_return r USING (id) "  # noqa: S608  # column names of ours
        f"WHERE ({stored}) IS DISTINCT FROM ({derived})"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        for number, is_stored, is_derived in cursor.fetchall():
            yield Breach(f"return {number}", f"stored {is_stored}, recomputed {is_derived}")
