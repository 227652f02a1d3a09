"""Doubt: look-ups, expired leases, forgotten keys. Nothing that may have been done is sent again unasked."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from retailops.events.engine import claim
from retailops.events.enums import DeliveryStatus, EffectStatus
from retailops.events.expiry import expire_leases
from retailops.events.leases import is_mine
from retailops.events.lookup import look_up_due
from retailops.events.models import Attempt, Delivery, Destination, Event
from retailops.events.recording import record
from retailops.events.sending import drain, take
from retailops.events.transport import Finding, Recorded
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from tests.events.factories import (
    FakeTransport,
    expire_lease,
    fresh,
    make_delivery,
    make_destination,
    make_due,
    make_effect,
    outcome,
)

pytestmark = pytest.mark.django_db


def doubtful(transport: FakeTransport, **fields: object) -> Delivery:
    """Return a delivery in doubt, with an effect, whose look-up is due."""
    destination = make_destination(**fields)
    made = make_delivery(destination, repeat_safe=False, effect=make_effect(destination), amount=500, currency="EUR")
    transport.answer = lambda c: outcome(c, "in_doubt", code="timeout")
    drain(destination.id)
    assert fresh(made).status == DeliveryStatus.IN_DOUBT
    transport.answer = outcome
    make_due(made)
    return made


def settled(delivery: Delivery) -> list[str]:
    """Return what was found, as told by delivery.settled."""
    rows = Event.objects.filter(type="delivery.settled", data__delivery_id=str(delivery.id))
    return list(rows.values_list("data__finding", flat=True))


@pytest.mark.django_db(transaction=True)
def test_found_there_is_delivered_with_evidence_and_not_sent_again(transport: FakeTransport) -> None:
    made = doubtful(transport)
    transport.finding = lambda c: Finding(True, "re_9", {"listed": 1}, {"id": "re_9"})
    assert look_up_due() == 1
    stored = fresh(made)
    assert (stored.status, stored.external_reference, stored.in_doubt_since) == ("delivered", "re_9", None)
    assert stored.effect is not None
    assert (stored.effect.status, stored.effect.external_reference) == (EffectStatus.CONFIRMED, "re_9")
    assert stored.effect.evidence["look_up"] == {"listed": 1}
    assert [one.outcome.answer for one in transport.stored][-1] == {"id": "re_9"}
    assert list(Attempt.objects.filter(delivery=made).values_list("trigger", "code")) == [
        ("auto", "timeout"),
        ("look_up", "found"),
    ]
    assert settled(made) == ["present"]
    assert drain(made.destination_id).attempted == 0
    assert len(transport.sent) == 1
    assert transport.in_transaction == [False, False]


def test_found_absent_is_sent_again_and_only_then(transport: FakeTransport) -> None:
    made = doubtful(transport)
    assert drain(made.destination_id).attempted == 0
    transport.finding = lambda c: Finding(False)
    assert look_up_due() == 1
    stored = fresh(made)
    assert (stored.status, stored.first_sent_at) == (DeliveryStatus.READY, None)
    assert stored.effect is not None
    assert stored.effect.status == EffectStatus.ABSENT
    assert settled(made) == ["absent"]
    assert drain(made.destination_id).attempted == 1
    assert fresh(made).status == DeliveryStatus.DELIVERED
    assert fresh(made).effect.status == EffectStatus.CONFIRMED  # type: ignore[union-attr]  # made with an effect


def test_absent_is_not_believed_while_the_remote_may_still_be_at_it(transport: FakeTransport) -> None:
    made = doubtful(transport, absent_after_seconds=60)
    transport.finding = lambda c: Finding(False)
    assert look_up_due() == 0
    assert fresh(made).status == DeliveryStatus.IN_DOUBT
    assert settled(made) == []
    Delivery.objects.filter(pk=made.pk).update(sending_since=now() - timedelta(seconds=61))
    make_due(made)
    assert look_up_due() == 1
    assert fresh(made).status == DeliveryStatus.READY


def test_unknown_stays_in_doubt_and_is_asked_ever_more_rarely(transport: FakeTransport) -> None:
    made = doubtful(transport, look_up_seconds=2)
    waits = []
    for _ in range(3):
        make_due(made)
        assert look_up_due() == 0
        waits.append((fresh(made).next_attempt_at - now()).total_seconds())
    assert [round(wait) for wait in waits] == [4, 8, 16]
    assert fresh(made).status == DeliveryStatus.IN_DOUBT
    assert len(transport.sent) == 1


def test_a_find_that_fails_knows_nothing(transport: FakeTransport) -> None:
    made = doubtful(transport)

    def explode(claimed: object) -> Finding:
        raise RuntimeError("bug")

    transport.finding = explode
    assert look_up_due() == 0
    assert fresh(made).status == DeliveryStatus.IN_DOUBT


def test_paused_destinations_are_not_asked(transport: FakeTransport) -> None:
    made = doubtful(transport)
    Destination.objects.filter(pk=made.destination_id).update(paused_at=now())
    assert look_up_due() == 0
    assert transport.found == []


def test_what_the_domain_cannot_store_is_dead_with_its_evidence(transport: FakeTransport) -> None:
    made = doubtful(transport)

    def refuse(records: Sequence[Recorded]) -> None:
        raise Conflict("closed")

    transport.on_recorded = refuse
    transport.finding = lambda c: Finding(True, "re_9", answer={"id": "re_9"})
    assert look_up_due() == 1
    stored = fresh(made)
    assert (stored.status, stored.failure_code, stored.external_reference) == ("dead", "answer_refused", "re_9")
    assert stored.effect is not None
    assert stored.effect.status == EffectStatus.CONFIRMED


def test_a_look_up_that_settles_twice_settles_once(transport: FakeTransport) -> None:
    made = doubtful(transport)

    def meanwhile(claimed: object) -> Finding:
        Delivery.objects.filter(pk=made.pk).update(status=DeliveryStatus.DELIVERED)
        return Finding(False)

    transport.finding = meanwhile
    assert look_up_due() == 0
    assert fresh(made).status == DeliveryStatus.DELIVERED
    assert settled(made) == []


def test_a_lease_that_ran_out_before_sending_costs_nothing(transport: FakeTransport) -> None:
    destination = make_destination()
    made = make_delivery(destination, repeat_safe=False)
    [claimed] = claim(destination.id, owner="gone").deliveries
    assert expire_leases() == 0
    expire_lease(made)
    assert expire_leases() == 1
    stored = fresh(made)
    assert (stored.status, stored.attempt_no, stored.retry_no) == (DeliveryStatus.READY, 0, 0)
    assert Attempt.objects.filter(delivery=made).count() == 0
    assert record(destination.id, [outcome(claimed)]) == []
    assert fresh(made).status == DeliveryStatus.READY


@pytest.mark.parametrize(("safe", "status"), [(True, DeliveryStatus.READY), (False, DeliveryStatus.IN_DOUBT)])
def test_a_lease_that_ran_out_after_sending(transport: FakeTransport, safe: bool, status: DeliveryStatus) -> None:
    destination = make_destination()
    made = make_delivery(destination, repeat_safe=safe)
    [claimed] = take(destination.id).deliveries
    expire_lease(made)
    assert expire_leases() == 1
    stored = fresh(made)
    assert (stored.status, stored.failure_code, stored.attempt_no) == (status, "lease_expired", 1)
    assert not is_mine(claimed)
    assert record(destination.id, [outcome(claimed)]) == []
    assert fresh(made).status == status
    assert list(Attempt.objects.filter(delivery=made).order_by("recorded_at").values_list("code", "late")) == [
        ("lease_expired", False),
        ("", True),
    ]


def test_a_forgotten_key_is_asked_about_then_sent_as_a_new_one(transport: FakeTransport) -> None:
    destination = make_destination(key_memory_seconds=3600, absent_after_seconds=15)
    made = make_delivery(
        destination, attempt_no=2, first_sent_at=now() - timedelta(hours=2), sending_since=now() - timedelta(hours=1)
    )
    transport.finding = lambda c: Finding(False)
    drain(destination.id)
    assert transport.sent == []
    assert look_up_due() == 1
    assert drain(destination.id).attempted == 1
    assert fresh(made).status == DeliveryStatus.DELIVERED


@pytest.mark.django_db(transaction=True)
def test_many_doubts_are_asked_at_once(transport: FakeTransport) -> None:
    destination = make_destination()
    made = [
        make_delivery(destination, status=DeliveryStatus.IN_DOUBT, repeat_safe=False, in_doubt_since=now())
        for _ in range(10)
    ]
    transport.finding = lambda c: Finding(True)
    assert look_up_due(threads=4) == 10
    assert {fresh(one).status for one in made} == {DeliveryStatus.DELIVERED}
