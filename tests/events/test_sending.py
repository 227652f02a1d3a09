"""Send and record: every class of outcome, retries, circuit, pause on refused credentials, late answers, threads."""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection

from retailops.events.engine import claim, renew
from retailops.events.enums import CircuitState, DeliveryStatus, EffectStatus, OutcomeClass
from retailops.events.leases import hold_in_doubt, is_leased
from retailops.events.models import Attempt, Delivery, Destination, Event, Lease
from retailops.events.recording import record
from retailops.events.sending import drain, take
from retailops.events.transport import Claimed, Outcome, Recorded
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from tests.events.factories import (
    FakeTransport,
    fresh,
    leased,
    make_delivery,
    make_destination,
    make_due,
    make_effect,
    outcome,
    statuses,
)

pytestmark = pytest.mark.django_db


def attempts_of(delivery: Delivery) -> list[tuple[int, str, str, bool]]:
    """Return (attempt number, outcome, code, late) of each attempt, in order."""
    rows = Attempt.objects.filter(delivery=delivery).order_by("recorded_at", "id")
    return list(rows.values_list("attempt_no", "outcome", "code", "late"))


def events_about(destination: Destination) -> list[str]:
    """Return the types of the kernel's events about the destination or its deliveries, in order."""
    rows = Event.objects.filter(data__destination_id=str(destination.id)).order_by("position")
    return list(rows.values_list("type", flat=True))


def test_delivered_is_recorded_with_attempt_effect_and_the_domains_part(transport: FakeTransport) -> None:
    destination = make_destination()
    effect = make_effect(destination)
    made = make_delivery(destination, effect=effect)
    transport.answer = lambda c: outcome(
        c, external_reference="re_1", http_status=200, answer={"id": "re_1"}, request={"a": 1}, response={"b": 2}
    )
    assert drain(destination.id).attempted == 1
    stored = fresh(made)
    assert (stored.status, stored.external_reference) == (DeliveryStatus.DELIVERED, "re_1")
    assert stored.finished_at is not None
    assert (stored.attempt_no, stored.fence, leased(destination)) == (1, 1, 0)
    attempt = Attempt.objects.get(delivery=made)
    assert (attempt.outcome, attempt.http_status, attempt.external_reference) == ("delivered", 200, "re_1")
    assert (attempt.request, attempt.response, attempt.trigger) == ({"a": 1}, {"b": 2}, "auto")
    effect.refresh_from_db()
    assert (effect.status, effect.external_reference) == (EffectStatus.CONFIRMED, "re_1")
    assert effect.evidence == {"http_status": 200, "answer": {"id": "re_1"}}
    assert [(one.outcome.claimed.id, one.status) for one in transport.stored] == [(made.id, DeliveryStatus.DELIVERED)]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_within_a_transaction(transport: FakeTransport) -> None:
    destination = make_destination()
    make_delivery(destination)
    drain(destination.id)
    assert transport.in_transaction == [False]


def test_lanes_keep_their_order_through_failures(transport: FakeTransport) -> None:
    destination = make_destination()
    first, second, third = (make_delivery(destination, lane="one") for _ in range(3))
    failing = {first.effect_key}
    transport.answer = lambda c: outcome(c, "transient" if c.effect_key in failing else "delivered")
    drain(destination.id)
    assert transport.sent_keys() == [first.effect_key]
    failing.clear()
    make_due(first)
    drain(destination.id)
    assert transport.sent_keys()[1:] == [first.effect_key, second.effect_key, third.effect_key]


def test_transient_is_tried_again_by_the_schedule_until_the_deadline(transport: FakeTransport) -> None:
    destination = make_destination(retry_schedule=[5, 30])
    made = make_delivery(destination)
    transport.answer = lambda c: outcome(c, "transient", code="connect", message="refused by 10.0.0.1")
    waits = []
    for _ in range(3):
        make_due(made)
        drain(destination.id)
        waits.append((fresh(made).next_attempt_at - now()).total_seconds())
    assert 3.5 < waits[0] < 6.1
    assert 23 < waits[1] < 36.1
    assert 23 < waits[2] < 36.1
    stored = fresh(made)
    assert (stored.status, stored.retry_no, stored.attempt_no) == (DeliveryStatus.READY, 3, 3)
    Delivery.objects.filter(pk=made.pk).update(deadline_at=now())
    make_due(made)
    drain(destination.id)
    stored = fresh(made)
    assert (stored.status, stored.failure_class, stored.failure_code) == (DeliveryStatus.DEAD, "transient", "connect")
    assert events_about(destination) == ["delivery.dead"]


@pytest.mark.parametrize(
    ("fields", "low", "high"),
    [
        ({"retry_after": 90}, 88, 91),
        ({"retry_after": 10 * 3600}, 6 * 3600 - 2, 6 * 3600 + 1),
        ({"http_status": 429}, 58, 61),
        ({"code": "timeout"}, 58, 61),
        ({"code": "network.ReadTimeout"}, 58, 61),
        ({"http_status": 503}, 3.5, 6.1),
    ],
)
def test_waits_respect_the_remote(transport: FakeTransport, fields: dict[str, object], low: float, high: float) -> None:
    destination = make_destination(retry_schedule=[5], deadline_seconds=172800)
    made = make_delivery(destination, deadline_at=now() + timedelta(days=2))
    transport.answer = lambda c: outcome(c, "transient", **fields)
    drain(destination.id)
    assert low < (fresh(made).next_attempt_at - now()).total_seconds() < high


@pytest.mark.parametrize("failure", ["business", "contract"])
def test_refusals_are_dead_at_once_and_told(transport: FakeTransport, failure: str) -> None:
    destination = make_destination()
    made = make_delivery(destination, amount=1999, currency="GBP")
    transport.answer = lambda c: outcome(c, failure, code="charge_refunded", message="Charge ch_123456 is refunded")
    drain(destination.id)
    stored = fresh(made)
    assert (stored.status, stored.failure_class, stored.failure_code) == ("dead", failure, "charge_refunded")
    assert len(stored.fingerprint) == 32
    told = Event.objects.get(type="delivery.dead")
    assert told.data["delivery_id"] == str(made.id)
    assert (told.data["amount"], told.data["currency"]) == (1999, "GBP")
    assert (told.subject_id, told.causation_id) == (made.event.subject_id, made.event_id)
    assert attempts_of(made) == [(1, failure, "charge_refunded", False)]


def test_deliveries_that_fail_alike_share_a_fingerprint(transport: FakeTransport) -> None:
    destination = make_destination()
    made = [make_delivery(destination) for _ in range(3)]
    messages = iter(["Refund re_abc123 of 10.00 GBP failed", "Refund re_xyz789 of 7.50 GBP failed", "Other trouble"])
    transport.answer = lambda c: outcome(c, "business", code="x", message=next(messages))
    drain(destination.id)
    prints = [fresh(one).fingerprint for one in made]
    assert prints[0] == prints[1] != prints[2]


def test_refused_credentials_pause_the_destination_once_and_use_no_try(transport: FakeTransport) -> None:
    destination = make_destination()
    made = [make_delivery(destination) for _ in range(3)]
    transport.answer = lambda c: outcome(c, "auth", code="401", message="bad key", http_status=401)
    drain(destination.id)
    destination.refresh_from_db()
    assert destination.paused
    assert "bad key" in destination.pause_reason
    assert statuses(destination) == {"ready": 3}
    assert [fresh(one).retry_no for one in made] == [0, 0, 0]
    assert events_about(destination) == ["connection.paused"]
    assert Event.objects.get(type="connection.paused").data["cause"] == "auth"


def test_in_doubt_waits_for_a_look_up_and_holds_its_lane(transport: FakeTransport) -> None:
    destination = make_destination(look_up_seconds=2)
    made = make_delivery(destination, lane="one", repeat_safe=False)
    make_delivery(destination, lane="one")
    transport.answer = lambda c: outcome(c, "in_doubt", code="timeout")
    drain(destination.id)
    stored = fresh(made)
    assert stored.status == DeliveryStatus.IN_DOUBT
    assert 1 < (stored.next_attempt_at - now()).total_seconds() <= 2
    assert len(transport.sent) == 1
    assert events_about(destination) == ["delivery.in_doubt"]


def test_a_late_answer_is_evidence_and_never_state(transport: FakeTransport) -> None:
    destination = make_destination()
    made = make_delivery(destination)
    [claimed] = take(destination.id).deliveries
    Lease.objects.filter(delivery=made).update(fence=2)
    assert record(destination.id, [outcome(claimed, "business", code="no")]) == []
    assert is_leased(fresh(made))
    assert attempts_of(made) == [(1, "business", "no", True)]
    assert transport.stored == []
    assert events_about(destination) == []


def test_a_late_answer_to_a_doubt_has_it_looked_up_soon(transport: FakeTransport) -> None:
    destination = make_destination()
    made = make_delivery(destination)
    [claimed] = take(destination.id).deliveries
    later = now() + timedelta(hours=1)
    Delivery.objects.filter(pk=made.pk).update(status=DeliveryStatus.IN_DOUBT, fence=1, next_attempt_at=later)
    hold_in_doubt(destination.id, [made.lane_key])
    record(destination.id, [outcome(claimed)])
    assert fresh(made).status == DeliveryStatus.IN_DOUBT
    assert fresh(made).next_attempt_at <= now()


def test_a_batch_records_each_by_its_own_fence(transport: FakeTransport) -> None:
    destination = make_destination()
    kept, lost = make_delivery(destination), make_delivery(destination)
    claimed = take(destination.id).deliveries
    Lease.objects.filter(delivery=lost).update(fence=7)
    recorded = record(destination.id, [outcome(one) for one in claimed])
    assert [(one.outcome.claimed.id, one.status) for one in recorded] == [(kept.id, "delivered")]
    assert is_leased(fresh(lost))


def test_a_sender_that_fails_or_forgets_leaves_nothing_behind(transport: FakeTransport) -> None:
    destination = make_destination()
    safe, unsafe = make_delivery(destination), make_delivery(destination, repeat_safe=False)

    def explode(batch: Sequence[Claimed]) -> list[Outcome]:
        raise RuntimeError("bug in the sender")

    transport.send = explode  # type: ignore[method-assign]  # a broken transport
    drain(destination.id)
    assert (fresh(safe).status, fresh(safe).failure_code) == (DeliveryStatus.READY, "sender_failed")
    assert (fresh(unsafe).status, fresh(unsafe).failure_code) == (DeliveryStatus.IN_DOUBT, "sender_failed")
    transport.send = lambda batch: []  # type: ignore[method-assign]  # a transport without answers
    make_due(safe)
    drain(destination.id)
    assert (fresh(safe).status, fresh(safe).failure_code) == (DeliveryStatus.READY, "no_answer")


def test_one_answer_that_the_domain_cannot_store_spoils_no_other(transport: FakeTransport) -> None:
    destination = make_destination()
    effect = make_effect(destination)
    good, bad = make_delivery(destination), make_delivery(destination, effect=effect)

    def refuse(records: Sequence[Recorded]) -> None:
        if any(one.outcome.claimed.id == bad.id for one in records):
            raise Conflict("the refund is closed")

    transport.on_recorded = refuse
    transport.answer = lambda c: outcome(c, external_reference="re_1", answer={"ok": True})
    drain(destination.id)
    assert fresh(good).status == DeliveryStatus.DELIVERED
    stored = fresh(bad)
    assert (stored.status, stored.failure_class, stored.failure_code) == ("dead", "contract", "answer_refused")
    assert stored.external_reference == "re_1"
    assert "the refund is closed" in stored.failure_message
    effect.refresh_from_db()
    assert (effect.status, effect.evidence["answer"]) == ("confirmed", {"ok": True})
    assert [one.outcome.claimed.id for one in transport.stored] == [good.id]


def test_text_that_postgresql_cannot_store_loses_no_answer(transport: FakeTransport) -> None:
    destination = make_destination()
    made = make_delivery(destination)
    transport.answer = lambda c: outcome(
        c, "business", code="x", message="a\x00b" * 2000, response={"body": "\u0000"}, request={"ok": 1}
    )
    drain(destination.id)
    assert fresh(made).status == DeliveryStatus.DEAD
    assert Attempt.objects.get(delivery=made).response is None


def test_the_circuit_opens_probes_and_closes(transport: FakeTransport) -> None:
    destination = make_destination(batch_size=5)
    made = [make_delivery(destination) for _ in range(15)]
    transport.answer = lambda c: outcome(c, "transient", http_status=503)
    assert drain(destination.id).ended == "circuit"
    destination.refresh_from_db()
    assert (destination.circuit, len(transport.sent)) == (CircuitState.OPEN, 10)
    assert 28 < (destination.circuit_until - now()).total_seconds() <= 30  # type: ignore[operator]  # open has a time
    Destination.objects.filter(pk=destination.pk).update(circuit_until=now())
    assert drain(destination.id).attempted == 1
    destination.refresh_from_db()
    assert (destination.circuit, destination.circuit_open_seconds) == (CircuitState.OPEN, 60)
    transport.answer = outcome
    Destination.objects.filter(pk=destination.pk).update(circuit_until=now())
    make_due(*made)
    assert claim_one(destination) == 1
    destination.refresh_from_db()
    assert (destination.circuit, destination.window_calls) == (CircuitState.CLOSED, 0)
    assert events_about(destination) == [
        "connection.circuit_opened",
        "connection.circuit_opened",
        "connection.circuit_closed",
    ]


def claim_one(destination: Destination) -> int:
    """Send one batch and return its size."""
    taken = take(destination.id)
    record(destination.id, [outcome(one) for one in taken.deliveries])
    return len(taken.deliveries)


def test_refusals_never_open_the_circuit(transport: FakeTransport) -> None:
    destination = make_destination()
    for _ in range(20):
        make_delivery(destination)
    transport.answer = lambda c: outcome(c, "business", code="no")
    drain(destination.id)
    destination.refresh_from_db()
    assert (destination.circuit, destination.window_calls, destination.window_transient) == ("closed", 20, 0)


def test_a_slow_rate_is_kept(transport: FakeTransport) -> None:
    destination = make_destination(rate_per_second=20, burst=2, tokens=2, tokens_at=now())
    for _ in range(8):
        make_delivery(destination)
    began = time.monotonic()
    assert drain(destination.id, seconds=5).attempted == 8
    assert time.monotonic() - began >= 0.25


@pytest.mark.django_db(transaction=True)
def test_senders_overlap_and_a_slow_answer_holds_nobody_back(transport: FakeTransport) -> None:
    destination = make_destination(batch_size=1, max_in_flight=3)
    slow = make_delivery(destination, lane="slow")
    others = [make_delivery(destination, lane=f"lane-{n % 5}") for n in range(40)]
    released, seen = threading.Event(), []

    def answer(claimed: Claimed) -> Outcome:
        seen.append(statuses_now(destination))
        if claimed.id == slow.id:
            assert released.wait(20)
        elif len(transport.sent) == 41:
            released.set()
        return outcome(claimed)

    transport.answer = answer
    assert drain(destination.id, seconds=20, senders=3).attempted == 41
    assert released.is_set()
    assert statuses(destination) == {"delivered": 41}
    assert max(seen) <= 3
    for lane in range(5):
        keys = [one.effect_key for one in others[lane::5]]
        assert [key for key in transport.sent_keys() if key in keys] == keys


def statuses_now(destination: Destination) -> int:
    """Return how many are leased, from a sender thread of its own connection."""
    try:
        return leased(destination)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_recording_that_loses_a_race_is_done_again(transport: FakeTransport) -> None:
    destination = make_destination()
    make_delivery(destination)
    tries = []

    def lose_once(records: Sequence[Recorded]) -> None:
        tries.append(1)
        if len(tries) == 1:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40P01'; END $$")

    transport.on_recorded = lose_once
    drain(destination.id)
    assert len(tries) == 2
    assert statuses(destination) == {"delivered": 1}
    assert Attempt.objects.count() == 1


def test_renewal_decides_what_is_sent(transport: FakeTransport) -> None:
    destination = make_destination()
    made = make_delivery(destination)
    [claimed] = claim(destination.id, owner="me").deliveries
    Lease.objects.filter(delivery=made).update(fence=5)
    assert renew([claimed], 60) == []


def test_a_finished_batch_leaves_the_destinations_marks(transport: FakeTransport) -> None:
    destination = make_destination()
    make_delivery(destination)
    make_delivery(destination)
    answers = iter([OutcomeClass.DELIVERED, OutcomeClass.BUSINESS])
    transport.answer = lambda c: outcome(c, next(answers))
    drain(destination.id)
    destination.refresh_from_db()
    assert destination.last_success_at is not None
    assert destination.last_failure_at is not None
    assert destination.last_claimed_at is not None
