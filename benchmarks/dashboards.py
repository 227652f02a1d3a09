"""Dashboards at 2,000,000 returns over 90 days: each board as a page, for all and for one region, exact and live."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from benchmarks.report import Figure, Report
from retailops.workbench.dashboards.boards import BOARDS

RETURNS, STEP, ROUNDS = 2_000_000, 250_000, 20
BOUND = 200  # ms
UNBOUND = "all, 30 days"
SCOPES = {"all, 7 days": "", "one region, 30 days": "?range=30&region=GB", UNBOUND: "?range=30"}

# Everything about return n follows from n: its scope, its times, where it stands. 6 channels, 4 regions, 3 brands.
_OF_N = """
SELECT n, uuidv7(-interval '90 days' * (1 - n / {total}.0)) AS id,
       now() - interval '90 days' * (1 - n / {total}.0) AS requested_at,
       'channel-' || n % 6 AS channel, (ARRAY['GB', 'FR', 'DE', 'US'])[1 + n / 6 % 4] AS region,
       (ARRAY['north', 'south', 'east'])[1 + n / 24 % 3] AS brand, (ARRAY['stripe', 'adyen'])[1 + n % 2] AS gateway,
       (600 * exp(random() * 5))::int AS s1, (3600 + 500000 * random())::int AS s2,
       (3600 * exp(random() * 3.5))::int AS s3,
       (10 * exp(random() * 6))::int AS s4, (5 * exp(random() * 8))::int AS s5, (20 * exp(random() * 7))::int AS s6
  FROM generate_series({first}, {last}) AS n
"""
_TIMES = """
INSERT INTO workbench_returntimes (id, channel, region, brand, gateway, currency, standing, standing_since,
       requested_at,
    settled_at, posted_at, placed_at, ended_at, cycle, to_decision, to_receipt, to_inspection, to_refund,
       to_settlement,
    to_memo, erp_posting, stock_sync, touched, refunded, waiting)
SELECT id, channel, region, brand, gateway, 'GBP', CASE WHEN done THEN '' ELSE (ARRAY['receipt', 'inspection',
       'refund', 'settlement'])[1 + n % 4] END, CASE WHEN NOT done THEN requested_at + interval '1 hour' END,
       requested_at,
       CASE WHEN done THEN requested_at + cycle * interval '1 s' END,
       CASE WHEN done THEN requested_at + (cycle + s6) * interval '1 s' END,
       CASE WHEN done THEN requested_at + (cycle + 90) * interval '1 s' END,
       CASE WHEN done THEN requested_at + (cycle + s6 + 60) * interval '1 s' END,
       CASE WHEN done THEN cycle END, s1, s2, s3, s4, s5, s6, CASE WHEN done THEN s6 END, CASE
       WHEN done THEN s4 + 90 END,
       n % 20 = 0, CASE WHEN done THEN 2599 ELSE 0 END, CASE WHEN done THEN 0 ELSE 2599 END
  FROM (SELECT *, s1 + s2 + s3 + s4 + s5 AS cycle,
               requested_at + (s1 + s2 + s3 + s4 + s5 + s6 + 60) * interval '1 s' < now() AND n % 50 <> 7 AS done
          FROM ({of_n}) o) t
"""
_CLOCKS = """
INSERT INTO sla_slaclock (id, policy_id, name, subject_type, subject_id, correlation_id, region, brand, channel,
       connection,
    state, target_seconds, started_at, due_at, ended_at, elapsed_seconds, breached_at, marks, seen_at)
SELECT gen_random_uuid(), p.id, 'refund_cycle', 'return', t.id, t.id, t.region, t.brand, t.channel, '',
       CASE WHEN settled_at IS NULL THEN 'running' ELSE 'met' END, p.target_seconds, requested_at, due_at,
       settled_at, cycle,
       CASE WHEN coalesce(settled_at, now()) > due_at THEN due_at END, '[]', now()
  FROM (SELECT *, requested_at + interval '5 days' AS due_at FROM workbench_returntimes) t
 CROSS JOIN (SELECT id, target_seconds FROM sla_slapolicy WHERE name = 'refund_cycle' LIMIT 1) p
"""
_EVENTS = """
INSERT INTO events_event (id, type, version, subject_type, subject_id, correlation_id, source, actor,
       on_behalf_of, reason_code,
    policy_version, region, brand, channel, data, occurred_at, recorded_at, input_hash)
SELECT id, 'refund.submitted', 1, 'return', id, id, 'retailops', 'system:benchmark', '', '', '', region, brand,
       channel, '{{}}',
       requested_at, requested_at, ''
  FROM workbench_returntimes
"""
_DELIVERIES = """
INSERT INTO events_delivery (id, event_id, destination_id, operation, lane_key, effect_key, repeat_safe, amount,
       currency,
    status, attempt_no, next_attempt_at, next_trigger, next_actor, fence, deadline_at, look_ups, retry_no,
       failure_class,
    failure_code, failure_message, fingerprint, external_reference, created_at, finished_at)
SELECT t.id, t.id, d.id, 'refund.create', t.id::text, 'refund:' || t.id, true, 2599, 'GBP',
       CASE WHEN settled_at IS NOT NULL THEN 'delivered' WHEN random() < 0.02 THEN 'dead'
       WHEN random() < 0.02 THEN 'in_doubt'
            ELSE 'ready' END,
       1 + (random() < 0.03)::int, requested_at, 'auto', '', 1, now(), 0, 0, '', '', '', '', '', requested_at,
       settled_at
  FROM workbench_returntimes t JOIN events_destination d ON d.name = t.gateway
 WHERE t.settled_at IS NOT NULL OR t.standing = 'settlement'
"""
_ORDERS = """
INSERT INTO returns_order (id, channel, external_id, number, version, content_hash, region, brand, store,
       legal_entity, country,
    currency, shipping_charged, shipping_tax, placed_at, correlation_id, captured_at, updated_at)
SELECT id, channel, 'b-' || n, 'B-' || n, 1, '', region, brand, '', '', '', 'GBP', 0, 0, requested_at, id,
       requested_at + s5 * interval '1 s', now()
  FROM ({of_n}) o
"""


def run(report: Report) -> None:
    """Fill the database, then ask each board as a manager does; every answer must be 200 and count the rows."""
    _fill()
    client = _manager()
    for scope, query in SCOPES.items():
        for key in BOARDS:
            took = sorted(_ask(client, f"/dashboards/{key}/{query}"))
            p50, p95 = statistics.median(took), took[int(len(took) * 0.95) - 1]
            below = None if scope == UNBOUND else BOUND
            report.add(Figure(f"dashboard {key}, {scope}, p50", p50, "ms"), Figure("… p95", p95, "ms", below=below))


def _ask(client: Client, address: str) -> Iterator[float]:
    client.get(address)
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = client.get(address)
        yield 1000 * (time.perf_counter() - began)
        assert answer.status_code == 200, answer.status_code


def _manager() -> Client:
    from retailops.accounts.models import RoleGrant

    user, new = get_user_model().objects.get_or_create(email="bench@shop.example", defaults={"name": "Bench"})
    if new:
        RoleGrant.objects.create(user=user, role="manager")
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def _of(first: int, last: int) -> str:
    return _OF_N.format(total=RETURNS, first=first, last=last)


def _fill() -> None:
    from retailops.cases.models import Case, CaseGroup
    from retailops.events.models import Destination
    from retailops.workbench.models import ReturnTimes

    for name in ("stripe", "adyen"):
        Destination.objects.create(kind="connection", name=name, system=name)
    with connection.cursor() as cursor:
        for first in range(0, RETURNS, STEP):
            cursor.execute(_TIMES.format(of_n=_of(first, first + STEP - 1)))
        cursor.execute(_ORDERS.format(of_n=_of(0, RETURNS - 1)))
        for statement in (_CLOCKS, _EVENTS, _DELIVERIES):
            cursor.execute(statement.format())
    group = CaseGroup.objects.create(fingerprint="bench", queue="technical", kind="delivery_dead", title="Not accepted")
    # One return in fifty went wrong; the last letter and digits of a UUIDv7 are random.
    rows = ReturnTimes.objects.extra(where=["hashtext(id::text) % 50 = 0"]).values_list(
        "id", "channel", "region", "brand", "requested_at", "settled_at"
    )
    Case.objects.bulk_create((_case(group, *row) for row in rows), batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _case(group: Any, id: Any, channel: str, region: str, brand: str, at: Any, settled_at: Any) -> Any:
    from retailops.cases.models import Case

    ended = {
        "status": "resolved",
        "resolved_at": settled_at,
        "resolved_by": "system:benchmark",
        "resolution_reason": "x",
    }
    return Case(
        group=group, dedupe_key=f"b:{id}", kind="delivery_dead", queue="technical", title="Refund not accepted",
        subject_type="return", subject_id=id, correlation_id=id, channel=channel, region=region, brand=brand,
        opened_at=at,
        amount=2599, currency="GBP", **(ended if settled_at else {}),
    )  # fmt: skip
