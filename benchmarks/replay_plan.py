"""Plan a replay of 10,000 stopped deliveries among 200,000, and let the run release and deliver a part of them."""

import time
from collections.abc import Iterable, Sequence

from django.db import connection

from benchmarks.report import Figure, Report
from retailops.accounts.actor import Actor
from retailops.accounts.models import RoleGrant, User
from retailops.events.enums import DestinationKind, OutcomeClass
from retailops.events.models import Delivery, Destination
from retailops.events.pump import pump_once
from retailops.events.transport import Claimed, Finding, Outcome, Recorded, register_transport
from retailops.replays.freezing import Selection
from retailops.replays.models import BulkItem, BulkOperation, BulkStatus
from retailops.replays.rules import Rules
from retailops.replays.selectors import figures_of
from retailops.replays.services import execute_plan, plan_replay
from retailops.replays.working import advance

DELIVERIES, STOPPED, SENT = 200_000, 10_000, 1_000


class Answering:
    """A remote in this process that takes everything at once: what is measured is our own work."""

    def send(self, batch: Sequence[Claimed]) -> Iterable[Outcome]:
        """Say of each that it is delivered."""
        return [Outcome(claimed, OutcomeClass.DELIVERED, external_reference="r") for claimed in batch]

    def find(self, claimed: Claimed) -> Finding:
        """Find nothing."""
        return Finding(False)

    def recorded(self, records: Sequence[Recorded]) -> None:
        """Store nothing."""


def run(report: Report) -> None:
    """Plan all that are stopped, twice; then run a plan of some to its end. Each item must come out right."""
    register_transport(DestinationKind.CONNECTION, Answering())
    destination = _fill()
    actor = _agent()
    rows = Delivery.objects.filter(destination=destination)
    planned, page = [], 0.0
    for _ in range(2):
        began = time.perf_counter()
        operation = plan_replay(actor, Selection(rows=rows), "benchmark", rules=Rules(canary=()))
        frozen = time.perf_counter() - began
        _judge(operation)
        planned.append(time.perf_counter() - began)
        began = time.perf_counter()
        assert figures_of(operation).judged == STOPPED
        page = time.perf_counter() - began
    some = list(rows.filter(status="dead").order_by("lane_seq").values_list("id", flat=True)[:SENT])
    sent = _run(actor.key, plan_replay(actor, Selection(ids=some), "benchmark", rules=Rules((), rate=200.0)))
    report.add(
        Figure(f"replay plan of {STOPPED:,}: frozen, judged and hashed", max(planned), "s", below=10),
        Figure("of it frozen (what the request waits for)", frozen, "s"),
        Figure("its figures by verdict and result (each second of the page)", page * 1000, "ms", below=100),
        Figure(f"run of {SENT:,}, at most 200 a second", sent, "items/s"),
    )


def _judge(operation: BulkOperation) -> None:
    while operation.status == BulkStatus.PLANNING:
        advance(operation.id, seconds=3.0)
        operation.refresh_from_db()
    assert BulkItem.objects.filter(operation=operation, verdict="safe_repeat").count() == STOPPED


def _run(key: str, operation: BulkOperation) -> float:
    while operation.status == BulkStatus.PLANNING:
        advance(operation.id, seconds=3.0)
        operation.refresh_from_db()
    person = User.objects.get(pk=key.partition(":")[2])
    operation = execute_plan(person.actor(), operation.id, operation.hash)
    began = time.perf_counter()
    while operation.status == BulkStatus.RUNNING:
        advance(operation.id, seconds=1.0)
        pump_once()
        operation.refresh_from_db()
    assert operation.status == BulkStatus.FINISHED
    assert BulkItem.objects.filter(operation=operation, result="delivered").count() == SENT
    return SENT / (time.perf_counter() - began)


def _agent() -> Actor:
    user = User.objects.create_user("benchmark@shop.example", "correct horse battery staple", name="Benchmark")
    RoleGrant.objects.create(user=user, role="ops_agent")
    return user.actor()


_EVENTS = """
INSERT INTO events_event (id, type, version, subject_type, subject_id, correlation_id, source, actor, on_behalf_of,
  reason_code, policy_version, region, brand, channel, data, occurred_at, recorded_at, input_hash)
SELECT md5('e' || n)::uuid, 'benchmark.happened', 1, 'return', md5('s' || n)::uuid, md5('s' || n)::uuid, 'benchmark',
  'system:benchmark', '', '', '', 'GB', 'north', 'web', '{"number": "B-1", "effect_key": "x"}', now(), now(), ''
FROM generate_series(1, %(n)s) n
"""
_DELIVERIES = """
INSERT INTO events_delivery (id, event_id, destination_id, operation, lane_key, effect_key, repeat_safe, amount,
  currency, status, attempt_no, next_attempt_at, next_trigger, next_actor, fence, deadline_at, sending_since,
  first_sent_at, look_ups, retry_no, failure_class, failure_code, failure_message, fingerprint, external_reference,
  created_at, finished_at)
SELECT md5('d' || n)::uuid, md5('e' || n)::uuid, %(destination)s, 'refund.create', md5('s' || n), 'b:' || n, true, 1,
  'GBP', CASE WHEN n %% %(each)s = 0 THEN 'dead' ELSE 'delivered' END, 3, now(), 'auto', '', 3, now(), now(), now(), 0,
  0, '', '', '', '', '', now(), now()
FROM generate_series(1, %(n)s) n
"""


def _fill() -> Destination:
    destination = Destination.objects.create(
        kind=DestinationKind.CONNECTION, name="benchmark", system="benchmark", rate_per_second=10_000, burst=10_000,
        tokens=10_000, max_in_flight=100,
    )  # fmt: skip
    each = DELIVERIES // STOPPED
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, {"n": DELIVERIES})
        cursor.execute(_DELIVERIES, {"n": DELIVERIES, "destination": destination.id, "each": each})
        cursor.execute("ANALYZE")
    return destination
