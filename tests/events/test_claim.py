"""Claim: heads of lanes, pause, circuit, rate and concurrency, under concurrent claimers."""

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from retailops.events.engine import claim, has_due_head, renew
from retailops.events.enums import CircuitState, DeliveryStatus, Trigger
from retailops.events.models import Delivery, Destination, Lease
from retailops.events.recording import record
from retailops.events.verdicts import standing
from retailops.lib.clock import now
from tests.events.factories import (
    expire_lease,
    fresh,
    lease_of,
    leased,
    make_delivery,
    make_destination,
    make_event,
    outcome,
    statuses,
)

pytestmark = pytest.mark.django_db


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run `work(number)` in that many threads, each with its own database connection, all started together."""
    barrier = threading.Barrier(count)
    failures: list[Exception] = []

    def run(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_claim_carries_all_that_sending_needs() -> None:
    destination = make_destination(timeout_seconds=20, lease_seconds=60)
    event = make_event(data={"refund": "r1"}, region="EU", brand="acme", channel="web")
    made = make_delivery(destination, event=event, repeat_safe=False, lane="lane-1")
    [claimed] = claim(destination.id, owner="me").deliveries
    assert (claimed.id, claimed.effect_key, claimed.operation) == (made.id, made.effect_key, "thing.do")
    assert (claimed.attempt_no, claimed.fence, claimed.lane_key) == (1, 1, "lane-1")
    assert claimed.message == {"refund": "r1"}
    assert (claimed.region, claimed.brand, claimed.channel) == ("EU", "acme", "web")
    assert (claimed.event_id, claimed.subject_id) == (event.id, event.subject_id)
    assert claimed.repeat_safe is False
    assert claimed.first_sent_at is None
    assert claimed.timeout_seconds == 20
    stored = fresh(made)
    assert (stored.status, stored.attempt_no, stored.fence) == (DeliveryStatus.READY, 0, 0)
    lease = lease_of(made)
    assert (lease.owner, lease.fence, lease.sending_since) == ("me", 1, None)
    assert standing(stored) == "leased"


def test_an_edited_payload_is_sent_instead_of_the_events_data() -> None:
    destination = make_destination()
    make_delivery(destination, event=make_event(data={"a": 1}), payload={"a": 2})
    assert claim(destination.id, owner="me").deliveries[0].message == {"a": 2}


def test_only_the_head_of_a_lane_is_taken() -> None:
    destination = make_destination()
    first = make_delivery(destination, lane="one")
    make_delivery(destination, lane="one")
    other = make_delivery(destination, lane="two")
    assert {c.id for c in claim(destination.id, owner="me").deliveries} == {first.id, other.id}
    assert claim(destination.id, owner="me").held == "empty"
    assert not has_due_head(destination.id)


@pytest.mark.parametrize(("blocks", "taken"), [(True, 0), (False, 1)])
def test_a_dead_letter_holds_its_lane_only_where_order_matters(blocks: bool, taken: int) -> None:
    destination = make_destination(dead_blocks_lane=blocks)
    make_delivery(destination, lane="one", status=DeliveryStatus.DEAD)
    make_delivery(destination, lane="one")
    assert has_due_head(destination.id) is (taken == 1)
    assert len(claim(destination.id, owner="me").deliveries) == taken


def test_an_earlier_one_that_comes_back_waits_for_the_later_one_in_flight() -> None:
    destination = make_destination(dead_blocks_lane=False)
    dead = make_delivery(destination, lane="one", status=DeliveryStatus.DEAD)
    later = make_delivery(destination, lane="one")
    assert [c.id for c in claim(destination.id, owner="me").deliveries] == [later.id]
    Delivery.objects.filter(pk=dead.pk).update(status=DeliveryStatus.READY)
    assert claim(destination.id, owner="me").deliveries == []


def test_what_is_scheduled_waits_and_holds_its_lane() -> None:
    destination = make_destination()
    make_delivery(destination, lane="one", next_attempt_at=now() + timedelta(minutes=5))
    make_delivery(destination, lane="one")
    assert claim(destination.id, owner="me").held == "empty"


def test_the_database_itself_refuses_two_in_flight_in_a_lane() -> None:
    destination = make_destination()
    make_delivery(destination, lane="one", status=DeliveryStatus.IN_DOUBT)
    with pytest.raises(IntegrityError, match="events_lease_pkey"), transaction.atomic():
        make_delivery(destination, lane="one", status=DeliveryStatus.IN_DOUBT)


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({"paused_at": now()}, "paused"),
        ({"retired_at": now()}, "retired"),
        ({"circuit": CircuitState.OPEN, "circuit_until": now() + timedelta(days=1)}, "circuit"),
        ({"tokens": 0, "rate_per_second": 0.001}, "rate"),
    ],
)
def test_a_held_destination_gives_nothing_and_uses_no_attempt(fields: dict[str, object], held: str) -> None:
    destination = make_destination(**fields)
    made = make_delivery(destination)
    found = claim(destination.id, owner="me")
    assert (found.deliveries, found.held) == ([], held)
    assert (fresh(made).attempt_no, fresh(made).status) == (0, DeliveryStatus.READY)


def test_an_unknown_destination_gives_nothing() -> None:
    assert claim(make_event().id, owner="me").held == "unknown"


def test_tokens_are_subtracted_and_come_back_with_time() -> None:
    destination = make_destination(rate_per_second=10, burst=5, tokens=5, tokens_at=now())
    for _ in range(8):
        make_delivery(destination)
    assert len(claim(destination.id, owner="me").deliveries) == 5
    held = claim(destination.id, owner="me")
    assert held.held == "rate"
    assert 0 < held.wait <= 0.1
    Destination.objects.filter(pk=destination.pk).update(tokens_at=now() - timedelta(seconds=0.25))
    assert len(claim(destination.id, owner="me").deliveries) in {2, 3}


def test_a_half_open_circuit_lets_the_oldest_repeat_safe_one_probe() -> None:
    destination = make_destination(circuit=CircuitState.OPEN, circuit_until=now() - timedelta(seconds=1))
    old = now() - timedelta(hours=1)
    make_delivery(destination, repeat_safe=False, next_attempt_at=old)
    safe = make_delivery(destination, next_attempt_at=old + timedelta(minutes=1))
    make_delivery(destination, next_attempt_at=old + timedelta(minutes=2))
    [probe] = claim(destination.id, owner="me").deliveries
    assert (probe.id, probe.trigger) == (safe.id, Trigger.PROBE)
    assert claim(destination.id, owner="me").held == "circuit"
    destination.refresh_from_db()
    assert destination.circuit == CircuitState.HALF_OPEN


def test_without_a_repeat_safe_one_the_oldest_probes() -> None:
    destination = make_destination(circuit=CircuitState.OPEN, circuit_until=now() - timedelta(seconds=1))
    made = make_delivery(destination, repeat_safe=False)
    assert [c.id for c in claim(destination.id, owner="me").deliveries] == [made.id]


def test_after_a_closed_circuit_a_tenth_of_the_burst_goes() -> None:
    destination = make_destination(rate_per_second=10, burst=50, tokens=50, circuit_closed_at=now())
    for _ in range(20):
        make_delivery(destination)
    assert len(claim(destination.id, owner="me").deliveries) == 5


def test_a_key_that_the_remote_has_forgotten_is_looked_up_first() -> None:
    destination = make_destination(key_memory_seconds=3600)
    made = make_delivery(destination, attempt_no=3, first_sent_at=now() - timedelta(hours=2))
    young = make_delivery(destination, attempt_no=1, first_sent_at=now() - timedelta(minutes=2))
    assert [c.id for c in claim(destination.id, owner="me").deliveries] == [young.id]
    stored = fresh(made)
    assert (stored.status, stored.failure_code, stored.attempt_no) == (DeliveryStatus.IN_DOUBT, "key_forgotten", 3)


def test_renewal_marks_what_may_have_been_sent_and_is_fenced() -> None:
    destination = make_destination(lease_seconds=60)
    first, second, third = (make_delivery(destination, repeat_safe=False) for _ in range(3))
    claimed = claim(destination.id, owner="me").deliveries
    Lease.objects.filter(delivery=second).update(fence=9)
    expire_lease(third)
    renewed = renew(claimed, 60)
    assert [one.id for one in renewed] == [first.id]
    assert renewed[0].lease_expires_at > claimed[0].lease_expires_at
    assert lease_of(first).sending_since == renewed[0].first_sent_at is not None
    assert lease_of(second).sending_since is None
    assert lease_of(third).sending_since is None


def test_what_is_repeat_safe_counts_as_sent_from_the_claim_on() -> None:
    destination = make_destination()
    made = make_delivery(destination)
    [claimed] = claim(destination.id, owner="me").deliveries
    assert lease_of(made).sending_since == claimed.first_sent_at is not None


@pytest.mark.django_db(transaction=True)
def test_eight_claimers_never_exceed_the_cap_nor_share_a_delivery() -> None:
    destination = make_destination(max_in_flight=4, batch_size=3)
    made = [make_delivery(destination, lane=f"lane-{number % 25}") for number in range(100)]
    most, lock = [0], threading.Lock()
    taken: list[tuple[str, UUID]] = []

    def work(number: int) -> None:
        for _ in range(60):
            got = claim(destination.id, owner=f"w{number}").deliveries
            in_flight = leased(destination)
            with lock:
                most[0] = max(most[0], in_flight)
                taken.extend((one.lane_key, one.id) for one in got)
            record(destination.id, [outcome(one) for one in got])

    in_threads(8, work)
    assert most[0] <= 4
    assert statuses(destination) == {"delivered": 100}
    assert len({id for _, id in taken}) == len(taken) == 100
    for lane in range(25):
        order = [delivery.id for delivery in made[lane::25]]
        assert [id for key, id in taken if key == f"lane-{lane}"] == order
