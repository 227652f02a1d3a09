"""Exceptions at 50,000 open cases of 300 causes among 250,000: server time of the pages that people live in."""

import time

from django.conf import settings
from django.db import connection
from django.test import Client

from benchmarks.report import Figure, Report
from retailops.accounts.models import RoleGrant, User
from retailops.events.enums import DestinationKind
from retailops.events.models import Destination

OPEN, ENDED, CAUSES, ROUNDS = 50_000, 200_000, 300, 30
MOST = 100  # ms
PAGES = {
    "exceptions by cause": "/exceptions/",
    "exceptions, business": "/exceptions/?tab=business",
    "exceptions by connection": "/exceptions/?by=connection",
    "items": "/cases/",
    "items, due first": "/cases/?sort=due",
    "items of a query": "/cases/?q=class:business+amount>100+age>4h+-owner:me",
    "items by verdict": "/cases/?q=verdict:safe+lane:free+region:EU",
    "one cause": "",
}
_GROUPS = """
INSERT INTO cases_casegroup (id, fingerprint, queue, kind, title, system, operation, connection, failure_class,
    failure_code, state, first_seen_at, last_seen_at, tags)
SELECT uuidv7(), 'bench-' || n, CASE WHEN mod(n, 3) = 0 THEN 'technical' ELSE 'business' END, 'delivery.dead',
    'System ' || mod(n, 8) || ' refuses refunds: reason ' || n, 'bench', 'refund.create', 'bench-' || 1 + mod(n, 8),
    'business', 'code_' || n, CASE WHEN mod(n, 20) = 0 THEN 'acknowledged' ELSE 'ongoing' END, now(), now(), '{}'
FROM generate_series(1, %(causes)s) n
"""
_EVENTS = """
INSERT INTO events_event (id, type, version, subject_type, subject_id, correlation_id, source, actor, on_behalf_of,
    reason_code, policy_version, region, brand, channel, data, occurred_at, recorded_at, input_hash)
SELECT uuidv7(), 'refund.submitted', 1, 'return', gen_random_uuid(), gen_random_uuid(), 'bench', 'system:bench', '', '',
    '', (ARRAY['EU', 'US', 'UK'])[1 + mod(n, 3)], 'north', 'web', '{}', now(), now(), ''
FROM generate_series(1, %(open)s) n
"""
_DELIVERIES = """
INSERT INTO events_delivery (id, event_id, destination_id, operation, lane_key, effect_key, repeat_safe, amount,
    currency, status, attempt_no, next_attempt_at, next_trigger, next_actor, fence, deadline_at, look_ups, retry_no,
    failure_class, failure_code, failure_message, fingerprint, external_reference, created_at, first_sent_at)
SELECT uuidv7(), e.id, d.id, 'refund.create', e.subject_id::text, 'bench:' || e.id, true, 1000, 'GBP', 'dead', 9,
    now(), 'auto', '', 9, now(), 0, 9, 'business', 'code', 'It says no.', 'f', '', now(), now()
FROM (SELECT *, row_number() OVER () AS n FROM events_event WHERE source = 'bench') e
JOIN (SELECT id, row_number() OVER () AS n FROM events_destination WHERE system = 'bench') d ON d.n = 1 + mod(e.n, 8)
"""
# Few causes hold most cases: a cause's share falls with its rank.
_CASES = """
INSERT INTO cases_case (id, group_id, dedupe_key, kind, queue, title, detail, next_action, subject_type, subject_id,
    correlation_id, delivery_id, region, brand, channel, amount, currency, evidence, occurrences, status, opened_at,
    last_seen_at, due_at, resolved_at, resolved_by, resolution_reason, resolution_evidence, connection, system,
    operation, failure_class, failure_code, release)
SELECT uuidv7(), g.id, 'bench:' || %(status)s || c.n, 'delivery.dead', g.queue, 'Stripe refused the refund ' || c.n,
    'It says no.', 'Read why.', 'return', gen_random_uuid(), gen_random_uuid(), c.delivery,
    (ARRAY['EU', 'US', 'UK'])[1 + mod(c.n, 3)], 'north', (ARRAY['web', 'store', 'app'])[1 + mod(c.n, 3)],
    (random() * 50000)::bigint, (ARRAY['GBP', 'EUR', 'USD'])[1 + mod(c.n, 3)], '{}', 1, %(status)s, c.at, c.at,
    CASE WHEN mod(c.n, 4) > 0 THEN c.at + interval '3 days' END,
    CASE WHEN %(status)s = 'resolved' THEN c.at END, CASE WHEN %(status)s = 'resolved' THEN 'system:cases' ELSE '' END,
    CASE WHEN %(status)s = 'resolved' THEN 'Delivered.' ELSE '' END,
    CASE WHEN %(status)s = 'resolved' THEN '{"event": 1}'::jsonb ELSE '{}'::jsonb END,
    g.connection, 'bench', 'refund.create', 'business', g.failure_code, g.connection || ' 1.1'
FROM (SELECT n, now() - random() * interval '1 day' * %(days)s AS at, NULL::uuid AS delivery,
             1 + floor(%(causes)s * power(random(), 3))::int AS cause FROM generate_series(1, %(count)s) n) c
JOIN (SELECT *, row_number() OVER () AS n FROM cases_casegroup) g ON g.n = c.cause
"""
_JOIN = """
UPDATE cases_case c SET delivery_id = d.id FROM
    (SELECT id, row_number() OVER () AS n FROM cases_case WHERE status = 'open') o,
    (SELECT id, row_number() OVER () AS n FROM events_delivery WHERE status = 'dead') d
WHERE o.id = c.id AND d.n = o.n
"""


def run(report: Report) -> None:
    """Fill the database, then open each page again and again in this process: no network, no other client."""
    fill()
    client = _signed_in()
    for name, address in addresses().items():
        times = sorted(_open(client, address) for _ in range(ROUNDS))
        report.add(Figure(f"{name} at {OPEN:,} open cases, p95", times[int(ROUNDS * 0.95) - 1], "ms", below=MOST))


def fill() -> None:
    """Write groups, dead deliveries and cases, set-based."""
    for number in range(1, 9):
        Destination.objects.create(kind=DestinationKind.HANDLER, name=f"bench-{number}", system="bench")
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, {"causes": CAUSES})
        cursor.execute(_EVENTS, {"open": OPEN})
        cursor.execute(_DELIVERIES)
        for status, count, days in (("resolved", ENDED, 90), ("open", OPEN, 10)):
            cursor.execute(_CASES, {"status": status, "count": count, "days": days, "causes": CAUSES})
        cursor.execute(_JOIN)
        cursor.execute("VACUUM ANALYZE cases_case, cases_casegroup, events_delivery")


def addresses() -> dict[str, str]:
    """Return the pages by name; the one cause is that with the most cases."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT group_id FROM cases_case GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        largest = cursor.fetchone()[0]
    return {name: address or f"/exceptions/{largest}/" for name, address in PAGES.items()}


def _signed_in() -> Client:
    person = User.objects.create_user("bench@example.com", "not used here", name="Bench")
    RoleGrant.objects.create(user=person, role="ops_lead")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person, settings.AUTHENTICATION_BACKENDS[0])
    return client


def _open(client: Client, address: str) -> float:
    begun = time.perf_counter()
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return (time.perf_counter() - begun) * 1000
