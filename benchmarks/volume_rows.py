"""What stands in the database of millions: how a return's story follows from its number, and its rows by table.

Of N returns over 90 days most are closed; those of the last week are under way, one in a hundred was given up and one
in a hundred still waits. Every second one has a delivery to a gateway, and 50,000 of those stopped, all with an open
case; 200,000 cases have ended. 12 channels, 4 regions, 3 brands, 8 connections, 300 causes.
"""

from benchmarks.volume import Rows, fill, filling
from connectors.services.creating import create_connection
from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from returns.flow import recount

CAUSES, CONNECTIONS, PEOPLE = 300, 8, 20

SETTING = """
CREATE SCHEMA volume;
CREATE UNLOGGED TABLE volume.story (
    n int, at timestamptz, age interval, channel text, region text, brand text, currency text, cause int, stage text,
    amount bigint, delivered boolean, id uuid, order_id uuid, order_line_id uuid, payment_id uuid, line_id uuid,
    refund_id uuid, submitted_id uuid, delivery_id uuid, effect_id uuid);
CREATE TABLE volume.cause AS
    SELECT row_number() OVER (ORDER BY fingerprint) AS cause, * FROM cases_casegroup WHERE fingerprint LIKE 'volume-%';
CREATE TABLE volume.gateway AS
    SELECT row_number() OVER (ORDER BY name) AS gateway, id, name FROM events_destination WHERE name LIKE 'gateway-%';
CREATE TABLE volume.person AS SELECT row_number() OVER () AS person, id FROM accounts_user;
"""
OWNERS = """
UPDATE cases_casegroup g SET owner_id = p.id FROM volume.cause c JOIN volume.person p ON c.cause % 60 = p.person
 WHERE c.id = g.id
"""
GROUPS = f"""
INSERT INTO cases_casegroup (id, fingerprint, queue, kind, title, system, operation, connection, failure_class,
    failure_code, state, ignored_until, first_seen_at, last_seen_at, tags)
SELECT uuidv7(), 'volume-' || n, CASE WHEN n % 3 = 0 THEN 'technical' ELSE 'business' END, 'delivery.dead',
    'Gateway ' || 1 + n % {CONNECTIONS} || ' refuses refunds: reason ' || n, 'stripe',
    CASE WHEN n % 10 = 9 THEN 'return.update' ELSE 'refund.create' END, 'gateway-' || 1 + n % {CONNECTIONS},
    CASE WHEN n % 3 > 0 THEN 'business' WHEN n % 2 = 0 THEN 'contract' ELSE 'transient' END, 'code_' || n % 120,
    CASE WHEN n % 20 = 0 THEN 'acknowledged' WHEN n % 29 = 0 THEN 'ignored' ELSE 'ongoing' END,
    CASE WHEN n % 20 <> 0 AND n % 29 = 0 THEN now() + interval '3 days' END, now() - interval '90 days', now(), '{{}}'
  FROM generate_series(1, {CAUSES}) n
"""  # noqa: S608  # our own numbers
# Few causes hold most cases: a cause's share falls with its rank. `stage` is where the return stands.
STORY = f"""
INSERT INTO volume.story
SELECT n, now() - age, age, 'channel-' || h % 12, (ARRAY['GB', 'FR', 'DE', 'US'])[1 + h / 12 % 4],
       (ARRAY['north', 'south', 'east'])[1 + h / 48 % 3], (ARRAY['GBP', 'EUR', 'EUR', 'USD'])[1 + h / 12 % 4],
       1 + floor({CAUSES} * power(random(), 3))::int,
       CASE WHEN n % 16 = 6 AND n >= 0.6 * {{total}} THEN 'stopped'
            WHEN age < interval '1 day' THEN CASE WHEN n % 5 = 0 THEN 'asked' ELSE 'coming' END
            WHEN age < interval '5 days' OR n % 100 = 13 THEN 'coming'
            WHEN age < interval '6 days' THEN 'inspect' WHEN age < interval '7 days' THEN 'refund'
            WHEN n % 100 = 3 THEN 'ended' ELSE 'closed' END,
       (500 + 60000 * power(random(), 3))::bigint, n % 2 = 0, uuidv7(-age), uuidv7(-age - interval '9 days'),
       uuidv7(-age - interval '9 days'), uuidv7(-age - interval '9 days'), uuidv7(-age), uuidv7(-age * 0.93),
       uuidv7(-age * 0.93), uuidv7(-age * 0.93), uuidv7(-age * 0.93)
  FROM (SELECT n, interval '{{days}} days' * (1 - n / {{total}}.0) AS age, abs(hashint4(n) / 2) AS h
          FROM generate_series({{first}}, {{last}}) n) o
"""  # noqa: S608  # our own numbers
_SCOPE = {"channel": "s.channel", "region": "s.region", "brand": "s.brand"}
_LATER = "now() - s.age * 0.93"
_PAID = "s.stage IN ('closed', 'refund', 'stopped')"
_ARRIVED = "s.stage IN ('closed', 'inspect', 'refund', 'stopped')"

ORDERS = Rows("returns_order", _SCOPE | {
    "id": "s.order_id", "external_id": "'v-' || s.n", "number": "'V-' || s.n", "version": "1", "currency": "s.currency",
    "placed_at": "s.at - interval '9 days'", "correlation_id": "s.order_id",
    "captured_at": "s.at - interval '9 days'", "updated_at": "s.at",
})  # fmt: skip
ORDER_LINES = Rows("returns_orderline", {
    "id": "s.order_line_id", "order_id": "s.order_id", "line_no": "1", "external_id": "'1'",
    "sku": "'SKU-' || s.n % 5000", "title": "'Boots, size ' || 36 + s.n % 10", "quantity": "2",
    "shipped_quantity": "2", "net": "2 * s.amount", "taxes": "'[]'",
})  # fmt: skip
PAYMENTS = Rows("returns_payment", {
    "id": "s.payment_id", "order_id": "s.order_id", "external_id": "'pay-' || s.n",
    "gateway": f"'gateway-' || 1 + s.n / 2 % {CONNECTIONS}", "tender": "'card'", "captured": "2 * s.amount",
    "currency": "s.currency", "captured_at": "s.at - interval '9 days'",
})  # fmt: skip
RETURNS = Rows("returns_return", _SCOPE | {
    "id": "s.id", "order_id": "s.order_id", "correlation_id": "s.order_id", "currency": "s.currency",
    "number": "'RMA-2026-' || s.n", "source": "'shop'",
    "kind": "CASE WHEN s.n % 9 = 4 THEN 'store' ELSE 'mail_in' END", "requested_by": "'system:shop'",
    "status": """CASE s.stage WHEN 'asked' THEN CASE WHEN s.n % 10 = 0 THEN 'in_review' ELSE 'requested' END
        WHEN 'closed' THEN 'closed' WHEN 'ended' THEN (ARRAY['declined', 'canceled', 'expired'])[1 + s.n / 100 % 3]
        ELSE 'authorized' END""",
    "tracking": "CASE WHEN s.n % 4 > 0 THEN 'TRK' || s.n ELSE '' END",
    "logistics": f"""CASE WHEN {_ARRIVED} THEN 'received' WHEN s.stage = 'coming' AND s.n % 3 > 0 THEN 'in_transit'
        ELSE 'none' END""",
    "inspection": f"CASE WHEN s.stage = 'inspect' THEN 'pending' WHEN {_ARRIVED} THEN 'done' ELSE 'none' END",
    "money": """CASE s.stage WHEN 'closed' THEN 'refunded' WHEN 'stopped' THEN 'attention' WHEN 'refund' THEN 'pending'
        ELSE 'none' END""",
    "stock": f"CASE WHEN {_PAID} THEN 'placed' ELSE 'none' END",
    "erp": "CASE WHEN s.stage = 'closed' THEN 'posted' ELSE 'none' END",
    "open_cases": "CASE WHEN s.stage = 'stopped' THEN 1 ELSE 0 END",
    "policy_facts": "jsonb_build_object('window', 30, 'placed', s.at, 'rules', 'window, condition, tags, receipt')",
    "memo_required": "true", "requested_at": "s.at", "updated_at": "s.at", "version": "5",
    "authorized_at": "CASE WHEN s.stage <> 'asked' THEN s.at + s.age * 0.01 END",
    "closed_at": "CASE WHEN s.stage = 'closed' THEN s.at + interval '6 days' + s.age * 0.01 END",
})  # fmt: skip
RETURN_LINES = Rows("returns_returnline", {
    "id": "s.line_id", "rma_id": "s.id", "line_no": "1", "order_line_id": "s.order_line_id",
    "sku": "'SKU-' || s.n % 5000", "title": "'Boots, size ' || 36 + s.n % 10", "units": "'[[0, 1]]'", "requested": "1",
    "authorized": "CASE WHEN s.stage IN ('asked', 'ended') THEN 0 ELSE 1 END",
    "received": f"CASE WHEN {_ARRIVED} THEN 1 ELSE 0 END", "accepted": f"CASE WHEN {_PAID} THEN 1 ELSE 0 END",
    "refunded": "CASE WHEN s.stage = 'closed' THEN 1 ELSE 0 END", "resolution": "'refund'",
    "customer_reason": "(ARRAY['too_small', 'changed_mind', 'damaged'])[1 + s.n % 3]",
})  # fmt: skip
REFUNDS = Rows("returns_refund", {
    "id": "s.refund_id", "rma_id": "s.id", "payment_id": "s.payment_id", "amount": "s.amount",
    "currency": "s.currency", "destination": "'tender'", "timing": "'on_inspection'", "leg": "1",
    "requested_by": "'system:policy'", "proposed_at": _LATER, "submitted_at": _LATER,
    "status": "CASE s.stage WHEN 'closed' THEN 'succeeded' WHEN 'stopped' THEN 'failed' ELSE 'submitting' END",
    "settled_at": f"CASE WHEN s.stage = 'closed' THEN {_LATER} END",
    "external_reference": "CASE WHEN s.stage = 'closed' THEN 're_' || s.n ELSE '' END",
}, _PAID)  # fmt: skip
_TYPES = (
    "return.requested", "return.authorized", "receipt.recorded", "refund.submitted", "return.closed",
)  # fmt: skip
# One pass an event: those of one story lie as far apart in the table as they do where days pass between them.
EVENTS = [Rows("events_event", _SCOPE | {
    "id": "s.submitted_id" if number == 3 else f"uuidv7(-s.age * {1 - 0.02 * number})", "type": f"'{kind}'",
    "version": "1", "subject_type": "'return'", "subject_id": "s.id", "correlation_id": "s.order_id",
    "source": "'retailops'", "actor": "'system:policy'",
    "data": "jsonb_build_object('number', 'RMA-2026-' || s.n, 'amount', s.amount, 'currency', s.currency)",
    "occurred_at": f"now() - s.age * {1 - 0.02 * number}", "recorded_at": f"now() - s.age * {1 - 0.02 * number}",
}) for number, kind in enumerate(_TYPES)]  # fmt: skip
EFFECTS = Rows("events_effect", {
    "id": "s.effect_id", "destination_id": "g.id", "kind": "'refund'",
    "business_key": "'refund:' || s.refund_id || ':1'",
    "amount": "s.amount", "currency": "s.currency", "created_at": _LATER,
    "status": "CASE WHEN s.stage = 'stopped' THEN 'intended' ELSE 'confirmed' END",
}, f"s.delivered AND {_PAID}", f"JOIN volume.gateway g ON g.gateway = 1 + s.n / 2 % {CONNECTIONS}")  # fmt: skip
_OF_CAUSE = "JOIN volume.cause c ON c.cause = s.cause "
_AT_GATEWAY = f"""{_OF_CAUSE} JOIN volume.gateway g
    ON g.gateway = 1 + CASE WHEN s.stage = 'stopped' THEN s.cause ELSE s.n / 2 END % {CONNECTIONS}"""
_DELIVERY = {
    "event_id": "s.submitted_id", "destination_id": "g.id", "lane_key": "s.id::text", "amount": "s.amount",
    "currency": "s.currency", "next_attempt_at": _LATER, "next_trigger": "'auto'", "created_at": _LATER,
    "deadline_at": "now() + interval '1 day'",
}  # fmt: skip
DELIVERIES = Rows("events_delivery", _DELIVERY | {
    "id": "s.delivery_id", "operation": f"CASE WHEN {_PAID} THEN 'refund.create' ELSE 'return.update' END",
    "effect_key": "'refund:' || s.refund_id || ':1'", "repeat_safe": "s.n % 32 > 0", "fence": "1",
    "effect_id": f"CASE WHEN {_PAID} AND s.stage <> 'stopped' THEN s.effect_id END",
    "status": """CASE WHEN s.stage = 'stopped' THEN 'dead' WHEN s.age < interval '1 hour' THEN 'ready'
        WHEN s.n % 5000 = 0 THEN 'in_doubt' ELSE 'delivered' END""",
    "attempt_no": "CASE WHEN s.stage = 'stopped' THEN 3 ELSE 1 END", "first_sent_at": _LATER,
    "finished_at": f"""CASE WHEN s.stage <> 'stopped' AND s.age >= interval '1 hour' AND s.n % 5000 > 0
        THEN {_LATER} END""",
    "failure_class": "CASE WHEN s.stage = 'stopped' THEN c.failure_class ELSE '' END",
    "failure_code": "CASE WHEN s.stage = 'stopped' THEN c.failure_code ELSE '' END",
    "failure_message": "CASE WHEN s.stage = 'stopped' THEN 'It says no.' ELSE '' END",
}, "s.delivered", _AT_GATEWAY)  # fmt: skip
# Behind one stopped delivery in ten another one of the same return waits.
BEHIND = Rows("events_delivery", _DELIVERY | {
    "id": "uuidv7(-s.age * 0.92)", "operation": "'return.update'", "effect_key": "'behind:' || s.id",
    "repeat_safe": "true", "status": "'ready'",
}, "s.stage = 'stopped' AND s.n % 160 = 6", _AT_GATEWAY)  # fmt: skip
ATTEMPTS = Rows("events_attempt", {
    "id": "uuidv7(-s.age * (0.93 - 0.001 * k))", "delivery_id": "s.delivery_id", "attempt_no": "k", "fence": "k",
    "trigger": "'auto'", "config_version": "1", "mapping_version": "1",
    "outcome": "CASE WHEN s.stage = 'stopped' THEN c.failure_class ELSE 'delivered' END",
    "http_status": "CASE WHEN s.stage = 'stopped' THEN 402 ELSE 200 END",
    "request": """jsonb_build_object('url', 'https://gateway.example/v1/refunds',
        'body', jsonb_build_object('amount', s.amount))""",
    "response": "'{\"status\": 200, \"body\": {\"object\": \"refund\"}}'",
    "started_at": "now() - s.age * (0.93 - 0.001 * k)",
    "duration_ms": "40 + s.n % 300", "recorded_at": _LATER,
}, "s.delivered AND s.age >= interval '1 hour'",
   _OF_CAUSE + "CROSS JOIN generate_series(1, CASE WHEN s.stage = 'stopped' THEN 3 ELSE 1 END) k")  # fmt: skip
_CASE = _SCOPE | {
    "id": "uuidv7(-s.age * 0.93)", "group_id": "c.id", "kind": "'delivery.dead'", "queue": "c.queue",
    "title": "'Stripe refused the refund of RMA-2026-' || s.n", "detail": "'It says no.'", "next_action": "'Read why.'",
    "subject_type": "'return'", "subject_id": "s.id", "correlation_id": "s.order_id", "delivery_id": "s.delivery_id",
    "amount": "s.amount", "currency": "s.currency", "occurrences": "1", "opened_at": _LATER, "last_seen_at": _LATER,
    "connection": "c.connection", "system": "'stripe'", "operation": "c.operation", "release": "c.connection || ' 1.1'",
    "failure_class": "c.failure_class", "failure_code": "c.failure_code",
    "customer_id": "md5('c' || s.n % 30000)::uuid",
}  # fmt: skip
OPEN_CASES = Rows("cases_case", _CASE | {
    "dedupe_key": "'volume:' || s.n", "status": "'open'", "owner_id": "p.id",
    "due_at": f"CASE WHEN s.n % 64 > 6 THEN {_LATER} + interval '1 day' * (2 + 40 * random()) END",
    "snoozed_until": "CASE WHEN s.n % 800 = 22 THEN now() + interval '1 day' END",
}, "s.stage = 'stopped'",
   _OF_CAUSE + f"LEFT JOIN volume.person p ON p.person = s.n / 16 % {7 * PEOPLE}")  # fmt: skip
ENDED_CASES = Rows("cases_case", _CASE | {
    "dedupe_key": "'ended:' || s.n", "status": "'resolved'", "resolved_at": _LATER, "resolved_by": "'system:cases'",
    "resolution_reason": "'Delivered.'", "resolution_evidence": "'{\"event\": 1}'",
}, "s.n % 10 = 2", _OF_CAUSE)  # fmt: skip
_OPEN = "s.stage NOT IN ('closed', 'ended')"
CLOCKS = Rows("sla_slaclock", _SCOPE | {
    "id": "uuidv7(-s.age)", "policy_id": "p.id", "name": "p.name", "subject_type": "'return'", "subject_id": "s.id",
    "correlation_id": "s.order_id", "target_seconds": "p.target_seconds", "started_at": "s.at",
    "state": f"CASE WHEN {_OPEN} THEN 'running' ELSE 'met' END", "marks": "'[]'", "seen_at": _LATER,
    "warn_at": "s.at + p.target_seconds * interval '0.8 s'", "due_at": "s.at + p.target_seconds * interval '1 s'",
    "warned_at": f"""CASE WHEN {_OPEN} AND s.at + p.target_seconds * interval '0.8 s' < now()
        THEN s.at + p.target_seconds * interval '0.8 s' END""",
    "breached_at": f"""CASE WHEN {_OPEN} AND s.at + p.target_seconds * interval '1 s' < now()
        THEN s.at + p.target_seconds * interval '1 s' END""",
    "ended_at": f"CASE WHEN NOT ({_OPEN}) THEN s.at + interval '6 days' END",
    "elapsed_seconds": f"CASE WHEN NOT ({_OPEN}) THEN 518400 END",
}, join="""CROSS JOIN (SELECT * FROM sla_slapolicy WHERE name = 'refund_cycle' AND status = 'active'
                     LIMIT 1) p""")  # fmt: skip

TABLES = (
    ORDERS, ORDER_LINES, PAYMENTS, RETURNS, RETURN_LINES, REFUNDS, *EVENTS, EFFECTS, DELIVERIES, BEHIND, ATTEMPTS,
    OPEN_CASES, ENDED_CASES, CLOCKS,
)  # fmt: skip


def prepare() -> None:
    """Write what the stories refer to: people, connections, causes; then the tables that they are made from."""
    for number in range(1, PEOPLE + 1):
        User.objects.create_user(f"person-{number}@shop.example", "not used here", name=f"Person {number}")
    for number in range(1, CONNECTIONS + 1):
        create_connection(
            actor=Actor.system("benchmark"), vendor="stripe", name=f"gateway-{number}", label=f"Gateway {number}",
            config={"base_url": "http://127.0.0.1:9/stripe"}, secrets={"api_key": "sk_x", "webhook_secret": "whsec_x"},
        )  # fmt: skip
    with filling() as mine:
        mine.execute(GROUPS)
        mine.execute(SETTING)
        mine.execute(OWNERS)


def fill_volume() -> None:
    """Fill the empty database of the stage. Raises what PostgreSQL refuses."""
    prepare()
    fill(STORY, TABLES)
    recount()
