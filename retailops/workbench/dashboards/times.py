"""Keep the times of returns as what the apps below hold says: one statement for one story or for all of them.

A row is a function of its return alone, so writing it again changes nothing, and what came late corrects the past.
Every change publishes an event in its own transaction; the feed (gap-free) tells which stories to write again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from django.db import connection, transaction

from retailops.accounts.actor import Actor
from retailops.events.feed import read_feed
from retailops.events.heartbeat import beat
from retailops.events.models import Heartbeat
from retailops.events.sweeps import register_sweep

HEARTBEAT = "dashboards"
SYSTEM = Actor.system("dashboards")
BATCH, STEP = 1000, 20_000
MOST_SECONDS = 2**31 - 1

_SELECT: LiteralString = """
WITH r AS (SELECT * FROM returns_return r WHERE r.status <> 'draft' AND {which})
, came AS (
    SELECT x.rma_id, max(x.received_at) AS at FROM returns_receipt x JOIN r ON r.id = x.rma_id
     WHERE x.reverses_id IS NULL AND NOT EXISTS (SELECT 1 FROM returns_receipt u WHERE u.reverses_id = x.id)
     GROUP BY x.rma_id
), judged AS (
    SELECT i.rma_id, max(i.inspected_at) AS at FROM returns_inspection i JOIN r ON r.id = i.rma_id GROUP BY i.rma_id
), paid AS (
    SELECT f.rma_id, max(p.gateway) AS gateway,
           max(f.submitted_at) FILTER (WHERE f.status = 'succeeded') AS submitted_at,
           max(f.settled_at) FILTER (WHERE f.status = 'succeeded') AS settled_at,
           coalesce(sum(f.amount + f.bonus) FILTER (WHERE f.status = 'succeeded'), 0) AS refunded,
           coalesce(sum(f.amount + f.bonus) FILTER (WHERE f.status NOT IN
                ('succeeded', 'denied', 'canceled', 'superseded', 'reversed')), 0) AS waiting,
           min(f.proposed_at) FILTER (WHERE f.status IN ('proposed', 'pending_approval', 'approved')) AS proposed_at,
           min(coalesce(f.submitted_at, f.proposed_at)) FILTER (WHERE f.status IN
                ('submitting', 'pending', 'unknown', 'requires_action', 'failed')) AS sent_at
      FROM returns_refund f JOIN r ON r.id = f.rma_id JOIN returns_payment p ON p.id = f.payment_id GROUP BY f.rma_id
), memo AS (
    SELECT m.rma_id, min(m.queued_at) AS queued_at, max(m.posted_at) AS posted_at,
           bool_and(m.status = 'posted') AS all_posted
      FROM returns_creditmemo m JOIN r ON r.id = m.rma_id WHERE m.status <> 'reversed' GROUP BY m.rma_id
), placed AS (
    SELECT i.rma_id, max(s.posted_at) AS at, bool_and(s.status = 'posted') AS all_placed
      FROM returns_dispositionslice s JOIN returns_inspection i ON i.id = s.inspection_id JOIN r ON r.id = i.rma_id
     WHERE s.status <> 'reversed' GROUP BY i.rma_id
), worth AS (
    SELECT l.rma_id, sum((o.net + o.tax + o.duty) * l.requested / o.quantity)::bigint AS amount
      FROM returns_returnline l JOIN returns_orderline o ON o.id = l.order_line_id JOIN r ON r.id = l.rma_id
     WHERE l.resolution IN ('refund', 'store_credit', 'gift_card') GROUP BY l.rma_id
), whole AS (
    SELECT r.id, (SELECT gateway FROM returns_payment p WHERE p.order_id = r.order_id ORDER BY p.id LIMIT 1) AS gateway
      FROM r
), told AS (
    SELECT e.subject_id,
           min(e.occurred_at) FILTER (WHERE e.type IN ('return.authorized', 'return.declined')) AS decided_at,
           max(e.occurred_at) FILTER (WHERE e.type <> 'return.authorized') AS left_at
      FROM events_event e JOIN r ON r.id = e.subject_id
     WHERE e.type IN ('return.authorized', 'return.declined', 'return.canceled', 'return.expired') GROUP BY e.subject_id
), own AS (
    SELECT r.id AS rma_id, r.id AS subject_id, r.correlation_id FROM r
    UNION ALL SELECT f.rma_id, f.id, r.correlation_id FROM returns_refund f JOIN r ON r.id = f.rma_id
), touched AS (
    SELECT own.rma_id FROM own JOIN events_event e ON e.subject_id = own.subject_id
     WHERE e.actor LIKE 'user:%%' AND e.type <> 'return.requested' AND e.type NOT LIKE 'return\\_line.%%'
       AND e.type NOT LIKE 'inventory.%%' AND e.type NOT LIKE 'parcel.%%' AND e.type NOT LIKE 'evidence.%%'
    UNION SELECT own.rma_id FROM own JOIN cases_case c ON c.correlation_id = own.correlation_id
     AND c.subject_id = own.subject_id
    UNION SELECT r.id FROM r JOIN cases_case c ON c.correlation_id = r.correlation_id
      JOIN events_delivery d ON d.id = c.delivery_id AND d.lane_key = r.id::text
), t AS (
    SELECT r.id, r.channel, r.region, r.brand, r.currency, r.status, r.logistics, r.inspection, r.money, r.stock, r.erp,
           r.memo_required, r.requested_at, coalesce(told.decided_at, r.authorized_at) AS decided_at,
           came.at AS received_at, judged.at AS inspected_at, paid.submitted_at, paid.proposed_at, paid.sent_at,
           CASE WHEN r.money = 'refunded' THEN paid.settled_at END AS settled_at, memo.queued_at,
           CASE WHEN memo.all_posted THEN memo.posted_at END AS posted_at,
           CASE WHEN placed.all_placed AND r.inspection = 'done' THEN placed.at END AS placed_at,
           CASE WHEN r.status = 'closed' THEN r.closed_at
                WHEN r.status IN ('declined', 'canceled', 'expired') THEN coalesce(told.left_at, r.updated_at)
           END AS ended_at,
           coalesce(paid.gateway, whole.gateway, '') AS gateway,
           EXISTS (SELECT 1 FROM touched WHERE touched.rma_id = r.id) AS touched,
           coalesce(paid.refunded, 0) AS refunded,
           CASE WHEN r.status IN ('declined', 'canceled', 'expired') THEN 0
                WHEN coalesce(paid.waiting, 0) > 0 THEN paid.waiting
                WHEN r.money IN ('refunded', 'partial') OR r.status = 'closed' THEN 0
                ELSE coalesce(worth.amount, 0) END AS waiting
      FROM r LEFT JOIN came ON came.rma_id = r.id LEFT JOIN judged ON judged.rma_id = r.id
      LEFT JOIN paid ON paid.rma_id = r.id LEFT JOIN memo ON memo.rma_id = r.id LEFT JOIN placed ON placed.rma_id = r.id
      LEFT JOIN worth ON worth.rma_id = r.id LEFT JOIN told ON told.subject_id = r.id JOIN whole ON whole.id = r.id
), standing AS (
    SELECT t.*,
           CASE WHEN ended_at IS NOT NULL THEN ''
                WHEN status IN ('requested', 'in_review') THEN 'decision'
                WHEN sent_at IS NOT NULL THEN 'settlement'
                WHEN proposed_at IS NOT NULL THEN 'refund'
                WHEN money = 'refunded' AND memo_required AND erp <> 'posted' THEN 'memo'
                WHEN logistics <> 'received' AND money <> 'refunded' THEN 'receipt'
                WHEN inspection IN ('pending', 'partial') THEN 'inspection'
                WHEN money <> 'refunded' AND inspection = 'done' THEN 'refund'
                WHEN stock IN ('pending', 'partial') THEN 'stock'
                ELSE 'closing' END AS standing
      FROM t
)
SELECT id, channel, region, brand, gateway, currency, standing,
       CASE standing WHEN 'decision' THEN requested_at WHEN 'settlement' THEN sent_at
                     WHEN 'refund' THEN coalesce(proposed_at, inspected_at)
                     WHEN 'memo' THEN coalesce(queued_at, settled_at)
                     WHEN 'receipt' THEN decided_at WHEN 'inspection' THEN received_at
                     WHEN 'stock' THEN inspected_at WHEN 'closing' THEN coalesce(posted_at, settled_at, decided_at) END,
       requested_at, settled_at, posted_at, placed_at, ended_at,
       {cycle}, {to_decision}, {to_receipt}, {to_inspection}, {to_refund}, {to_settlement}, {to_memo},
       {erp_posting}, {stock_sync}, touched, refunded, waiting
  FROM standing
"""
_COLUMNS: LiteralString = (
    "id, channel, region, brand, gateway, currency, standing, standing_since, requested_at, settled_at, posted_at, "
    "placed_at, ended_at, cycle, to_decision, to_receipt, to_inspection, to_refund, to_settlement, to_memo, "
    "erp_posting, stock_sync, touched, refunded, waiting"
)


def _seconds(start: LiteralString, end: LiteralString) -> LiteralString:
    """Return the SQL of the whole seconds between two times; null where one is missing or the order is another."""
    length: LiteralString = "extract(epoch FROM " + end + " - " + start + ")"
    return "CASE WHEN " + end + " >= " + start + " THEN floor(" + length + ")::int END"


# Each length with the times that it lies between.
LENGTHS: dict[str, tuple[LiteralString, LiteralString]] = {
    "cycle": ("requested_at", "settled_at"),
    "to_decision": ("requested_at", "decided_at"),
    "to_receipt": ("decided_at", "received_at"),
    "to_inspection": ("received_at", "inspected_at"),
    "to_refund": ("inspected_at", "submitted_at"),
    "to_settlement": ("submitted_at", "settled_at"),
    "to_memo": ("settled_at", "posted_at"),
    "erp_posting": ("queued_at", "posted_at"),
    "stock_sync": ("inspected_at", "placed_at"),
}


def _statement(which: LiteralString) -> str:
    lengths = {name: _seconds(*between) for name, between in LENGTHS.items()}
    kept = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ") if name != "id")
    select = _SELECT.format(which=which, **lengths)
    into = f"INSERT INTO workbench_returntimes ({_COLUMNS})"
    return f"{into} {select} ON CONFLICT (id) DO UPDATE SET {kept}"


_OF_STORIES = _statement("r.correlation_id = ANY(%(stories)s)")
_OF_RANGE = _statement("r.id > %(after)s AND r.id <= %(last)s")


def write_times(stories: Sequence[UUID]) -> int:
    """Write the times of all returns of these stories (correlation ids) anew; return how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_STORIES, {"stories": list(stories)})
        return int(cursor.rowcount)


def catch_up(batches: int = 20) -> int:
    """Write the times of what changed since the last call, in the order of the event feed; return how many returns.

    Each batch and the place reached in the feed are one transaction: stopped anywhere, it goes on where it was.
    """
    done, more = 0, True
    while more and batches > 0:
        batches -= 1
        with transaction.atomic():
            done_now, more = _one_batch()
        done += done_now
    return done


def _one_batch() -> tuple[int, bool]:
    # The row is the lock: two sweepers would only do the same twice.
    row, _ = Heartbeat.objects.select_for_update().get_or_create(name=HEARTBEAT)
    page = read_feed(SYSTEM, after=row.detail.get("cursor", ""), limit=BATCH)
    stories = {event.correlation_id for event in page.events}
    done = write_times(sorted(stories)) if stories else 0
    beat(HEARTBEAT, cursor=page.next_cursor)
    return done, page.more


def rebuild() -> int:
    """Write the times of all returns anew, in steps, and what is summed up of them; return how many there are."""
    done, after = 0, UUID(int=0)
    while last := _end_of_step(after):
        with connection.cursor() as cursor:
            cursor.execute(_OF_RANGE, {"after": after, "last": last})
            done += cursor.rowcount
        after = last
    with connection.cursor() as cursor:
        cursor.execute("SELECT workbench_lengths_anew()")
        cursor.execute("SELECT workbench_sums_anew()")
    return done


def _end_of_step(after: UUID) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(id::text)::uuid FROM (SELECT id FROM returns_return WHERE id > %s ORDER BY id LIMIT %s) step",
            [after, STEP],
        )
        found: UUID | None = cursor.fetchone()[0]
        return found


@dataclass(frozen=True)
class Freshness:
    """Until when what happened is in the times of returns; None: never written."""

    at: datetime | None


def freshness() -> Freshness:
    """Return how fresh the times of returns are."""
    return Freshness(Heartbeat.objects.filter(name=HEARTBEAT).values_list("at", flat=True).first())


def register() -> None:
    """Have the sweeper keep the times."""
    register_sweep(HEARTBEAT, catch_up)
