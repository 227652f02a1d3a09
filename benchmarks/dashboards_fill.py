"""2,000,000 returns over 90 days, written set-based: orders, returns, times, clocks, events, deliveries, tries, cases.

Indexes, unique constraints and references of the tables are dropped before and made again after, which is much quicker
than keeping them up to date row by row. Where a return belongs follows from its number n; lengths are drawn at random.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

RETURNS, DAYS, STEP = 2_000_000, 90, 250_000
SYSTEMS = ("stripe", "adyen")
# Filled in this order; all of it hangs on the times.
TABLES = (
    "workbench_returntimes", "returns_order", "returns_return", "sla_slaclock", "events_event", "events_delivery",
    "events_attempt", "cases_case",
)  # fmt: skip
# What is kept of these rows by triggers, which are off while they are written.
ANEW = {
    "workbench_returntimes": ("workbench_lengths_anew", "workbench_sums_anew"),
    "sla_slaclock": ("workbench_clocks_anew", "workbench_late_anew"),
    "events_delivery": ("workbench_deliveries_anew",),
}

# 6 channels, 4 regions, 3 brands, 2 gateways; one in fifty is never done.
_TIMES = """
INSERT INTO workbench_returntimes (id, channel, region, brand, gateway, currency, standing, standing_since,
    requested_at, settled_at, posted_at, placed_at, ended_at, cycle, to_decision, to_receipt, to_inspection, to_refund,
    to_settlement, to_memo, erp_posting, stock_sync, touched, refunded, waiting)
SELECT id, channel, region, brand, gateway, currency,
    CASE WHEN done THEN '' ELSE (ARRAY['receipt', 'inspection', 'refund', 'settlement'])[1 + n % 4] END,
    CASE WHEN NOT done THEN requested_at + interval '1 hour' END, requested_at,
    CASE WHEN done THEN requested_at + cycle * interval '1 s' END,
    CASE WHEN done THEN requested_at + (cycle + s6) * interval '1 s' END,
    CASE WHEN done THEN requested_at + (cycle + 90) * interval '1 s' END,
    CASE WHEN done THEN requested_at + (cycle + s6 + 60) * interval '1 s' END,
    CASE WHEN done THEN cycle END, s1, s2, s3, s4, s5, s6,
    CASE WHEN done THEN s6 END, CASE WHEN done THEN s4 + 90 END, n % 20 = 0,
    CASE WHEN done THEN 2599 ELSE 0 END, CASE WHEN done THEN 0 ELSE 2599 END
  FROM (
    SELECT *, s1 + s2 + s3 + s4 + s5 AS cycle,
           requested_at + (s1 + s2 + s3 + s4 + s5 + s6 + 60) * interval '1 s' < now() AND n % 50 <> 7 AS done
      FROM (
        SELECT n, uuidv7(-age) AS id, now() - age AS requested_at, 'channel-' || n % 6 AS channel,
               (ARRAY['GB', 'FR', 'DE', 'US'])[1 + n / 6 % 4] AS region,
               (ARRAY['GBP', 'EUR', 'EUR', 'USD'])[1 + n / 6 % 4] AS currency,
               (ARRAY['north', 'south', 'east'])[1 + n / 24 % 3] AS brand,
               (ARRAY['stripe', 'adyen'])[1 + n % 2] AS gateway,
               (600 * exp(random() * 5))::int AS s1, (3600 + 500000 * random())::int AS s2,
               (3600 * exp(random() * 3.5))::int AS s3, (10 * exp(random() * 6))::int AS s4,
               (5 * exp(random() * 8))::int AS s5, (20 * exp(random() * 7))::int AS s6
          FROM (SELECT n, interval '1 day' * {days} * (1 - n / {returns}.0) AS age
                  FROM generate_series({first}, {last}) n) numbered
      ) drawn
  ) told
"""
_ORDERS = """
INSERT INTO returns_order (id, channel, external_id, number, version, content_hash, region, brand, store, legal_entity,
    country, currency, shipping_charged, shipping_tax, placed_at, correlation_id, captured_at, updated_at)
SELECT id, channel, 'b-' || row_number() OVER (), 'B-' || row_number() OVER (), 1, '', region, brand, '', '', region,
    currency, 0, 0, requested_at - interval '9 days', id, requested_at - interval '9 days' + to_settlement
    * interval '0.1 s', requested_at
  FROM workbench_returntimes
"""
_RETURNS = """
INSERT INTO returns_return (id, number, status, kind, order_id, channel, region, brand, store, legal_entity, currency,
    correlation_id, source, external_id, tracking, logistics, inspection, money, stock, erp, open_cases, policy_facts,
    decision_reason, decision_code, memo_required, requested_by, requested_at, authorized_at, closed_at, version,
    updated_at)
SELECT id, 'RMA-B' || row_number() OVER (), CASE WHEN ended_at IS NULL THEN 'authorized' ELSE 'closed' END, 'mail_in',
    id, channel, region, brand, '', '', currency, id, 'api', '', '',
    CASE WHEN standing = 'receipt' THEN 'none' ELSE 'received' END,
    CASE standing WHEN 'receipt' THEN 'none' WHEN 'inspection' THEN 'pending' ELSE 'done' END,
    CASE WHEN settled_at IS NULL THEN 'none' ELSE 'refunded' END, CASE WHEN placed_at IS NULL THEN 'none' ELSE 'placed'
    END, CASE WHEN posted_at IS NULL THEN 'none' ELSE 'posted' END, 0, '{}', '', '', true, 'system:benchmark',
    requested_at, requested_at + to_decision * interval '1 s', ended_at, 1, coalesce(ended_at, requested_at)
  FROM workbench_returntimes
"""
# Two promises a return: the whole refund within five days, and the decision within a day.
_CLOCKS = """
INSERT INTO sla_slaclock (id, policy_id, name, subject_type, subject_id, correlation_id, region, brand, channel,
    connection, state, target_seconds, started_at, due_at, ended_at, elapsed_seconds, breached_at, marks, seen_at)
SELECT uuidv7(), p.id, p.name, 'return', t.id, t.id, t.region, t.brand, t.channel, '',
    CASE WHEN stop IS NULL THEN 'running' ELSE 'met' END, p.target_seconds, t.requested_at, due, stop,
    extract(epoch FROM stop - t.requested_at), CASE WHEN coalesce(stop, now()) > due THEN due END, '[]', now()
  FROM (SELECT DISTINCT ON (name) * FROM sla_slapolicy WHERE name IN ('refund_cycle', 'decision') ORDER BY name,
        version DESC) p
 CROSS JOIN (SELECT *, requested_at + to_decision * interval '1 s' AS decided_at FROM workbench_returntimes) t,
    LATERAL (SELECT CASE p.name WHEN 'refund_cycle' THEN t.settled_at
                    ELSE CASE WHEN t.decided_at < now() THEN t.decided_at END END AS stop,
                    t.requested_at + CASE p.name WHEN 'refund_cycle' THEN interval '5 days' ELSE interval '1 day' END
                    AS due) told
 ORDER BY p.name, t.id
"""
_EVENTS = """
INSERT INTO events_event (id, type, version, subject_type, subject_id, correlation_id, source, actor, on_behalf_of,
    reason_code, policy_version, region, brand, channel, data, occurred_at, recorded_at, input_hash)
SELECT id, 'refund.submitted', 1, 'return', id, id, 'retailops', 'system:benchmark', '', '', '', region, brand, channel,
    '{}', requested_at, requested_at, ''
  FROM workbench_returntimes ORDER BY id
"""
# Money that was confirmed, and money on its way: a part of that stopped, a part in doubt.
_DELIVERIES = """
INSERT INTO events_delivery (id, event_id, destination_id, operation, lane_key, effect_key, repeat_safe, amount,
    currency, status, attempt_no, next_attempt_at, next_trigger, next_actor, fence, deadline_at, look_ups, retry_no,
    failure_class, failure_code, failure_message, fingerprint, external_reference, created_at, finished_at)
SELECT t.id, t.id, d.id, 'refund.create', t.id::text, 'refund:' || t.id, true, 2599, t.currency,
    CASE WHEN t.settled_at IS NOT NULL THEN 'delivered' WHEN random() < 0.02 THEN 'dead' WHEN random() < 0.02
         THEN 'in_doubt' ELSE 'ready' END,
    1 + (random() < 0.03)::int, now() + interval '1 hour' * (random() * 20 - 1), 'auto', '', 1, now(), 0, 0,
    '', '', '', '', '', t.requested_at,
    t.settled_at
  FROM workbench_returntimes t JOIN events_destination d ON d.name = t.gateway
 WHERE t.settled_at IS NOT NULL OR t.standing = 'settlement' ORDER BY t.id
"""
_ATTEMPTS = """
INSERT INTO events_attempt (id, delivery_id, attempt_no, fence, trigger, actor, config_version, mapping_version,
    outcome, code, message, external_reference, started_at, duration_ms, late, recorded_at)
SELECT d.id, d.id, d.attempt_no, 1, 'auto', '', 0, 0, 'delivered', CASE WHEN random() < 0.002 THEN 'found' ELSE '' END,
    '', '', d.created_at, 90, false, d.created_at
  FROM events_delivery d WHERE d.status = 'delivered'
"""
# One return in fifty went wrong; the end of a UUIDv7 is random.
_CASES = """
INSERT INTO cases_case (id, group_id, dedupe_key, kind, queue, title, detail, next_action, subject_type, subject_id,
    correlation_id, delivery_id, region, brand, channel, amount, currency, evidence, occurrences, status, opened_at,
    last_seen_at, resolved_at, resolved_by, resolution_reason, resolution_evidence)
SELECT uuidv7(), g.id, 'b:' || t.id, 'delivery_dead', 'technical', 'Refund not accepted', '', '', 'return', t.id, t.id,
    t.id, t.region, t.brand, t.channel, 2599, t.currency, '{}', 1,
    CASE WHEN t.settled_at IS NULL THEN 'open' ELSE 'resolved' END, t.requested_at, t.requested_at, t.settled_at,
    CASE WHEN t.settled_at IS NULL THEN '' ELSE 'system:benchmark' END,
    CASE WHEN t.settled_at IS NULL THEN '' ELSE 'Delivered.' END, '{}'
  FROM workbench_returntimes t CROSS JOIN cases_casegroup g
 WHERE hashtext(t.id::text) % 50 = 0 AND g.fingerprint = 'bench'
"""


def fill(say: Callable[[str], None] = lambda line: None) -> None:
    """Write everything and gather statistics; `say` gets a line for each table with its seconds."""
    from retailops.cases.models import CaseGroup
    from retailops.events.models import Destination

    for name in SYSTEMS:
        Destination.objects.create(kind="connection", name=name, system=name)
    CaseGroup.objects.create(fingerprint="bench", queue="technical", kind="delivery_dead", title="Not accepted")
    times = [
        _TIMES.format(returns=RETURNS, days=DAYS, first=first, last=first + STEP - 1)
        for first in range(0, RETURNS, STEP)
    ]
    # Half a year of work in minutes: what is lost with the machine is filled again.
    _run("SET synchronous_commit = off", "SET maintenance_work_mem = '512MB'", "SET work_mem = '256MB'")
    for table, statements in zip(
        TABLES,
        (times, [_ORDERS], [_RETURNS], [_CLOCKS], [_EVENTS], [_DELIVERIES], [_ATTEMPTS], [_CASES]),
        strict=True,
    ):
        began = time.perf_counter()
        with _without_indexes(table):
            _run(*statements)
        _run(*(f"SELECT {name}()" for name in ANEW.get(table, ())))
        say(f"{table}: {time.perf_counter() - began:.0f} s")
    _run("RESET work_mem", "RESET maintenance_work_mem", "RESET synchronous_commit", "VACUUM ANALYZE")


def _run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _told(statement: str, table: str) -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [table])
        yield from cursor.fetchall()


@contextmanager
def _without_indexes(table: str) -> Iterator[None]:
    """Do the block while the table has no triggers, and neither indexes nor references but its primary key."""
    constraints = list(_told(_CONSTRAINTS, table))
    indexes = list(_told(_INDEXES, table))
    _run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    _run(*(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"' for name, _ in constraints))
    _run(*(f'DROP INDEX "{name}"' for name, _ in indexes))
    yield
    _run(*(made for _, made in indexes))
    # What was written keeps its references by how it was made; what comes later is checked.
    _run(*(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {made}' for name, made in constraints))
    _run(f"ALTER TABLE {table} ENABLE TRIGGER USER")


_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) || CASE contype WHEN 'f' THEN ' NOT VALID' ELSE '' END
  FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('u', 'f') ORDER BY contype DESC, conname
"""
_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
 WHERE i.indrelid = %s::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""
