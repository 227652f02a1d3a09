"""Verdicts and the commands on one delivery, by three persons: with rights, with the wrong scope, with none."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings

from retailops.accounts.actor import Actor, Grant
from retailops.accounts.permissions import Permission
from retailops.events import verdicts
from retailops.events.enums import DeliveryStatus, EffectStatus
from retailops.events.models import Attempt, Delivery, Event
from retailops.events.replay import ReplayRefused, discard, replay, supersede
from retailops.events.sending import drain
from retailops.events.transport import Finding
from retailops.events.verdicts import VerdictKind, register_versions, register_void_check, standing, verdict
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from tests.events.factories import FakeTransport, fresh, make_delivery, make_destination, make_effect, make_event

pytestmark = pytest.mark.django_db
ALLOWED = frozenset({Permission.DELIVERIES_VIEW, Permission.DELIVERIES_REPLAY, Permission.DELIVERIES_DISCARD})
AGENT = Actor("user", "1", "Olivia", (Grant(ALLOWED, frozenset({"EU"})),))
STRANGER = Actor("user", "2", "Sam", (Grant(ALLOWED, frozenset({"US"})),))
READER = Actor("user", "3", "Ron", (Grant(frozenset({Permission.DELIVERIES_VIEW})),))


@pytest.fixture(autouse=True)
def _registries() -> Iterator[None]:
    checks, versions = list(verdicts._void_checks), dict(verdicts._versions)
    verdicts._versions.clear()
    verdicts._void_checks.clear()
    yield
    verdicts._void_checks[:] = checks
    verdicts._versions.clear()
    verdicts._versions.update(versions)


def dead(**fields: object) -> Delivery:
    """Return a dead delivery of an EU return that was sent an hour ago."""
    destination = fields.pop("destination", None) or make_destination()
    sent = now() - timedelta(hours=1)
    defaults = {
        "event": make_event(region="EU"),
        "status": DeliveryStatus.DEAD,
        "failure_class": "transient",
        "failure_code": "503",
        "first_sent_at": sent,
        "sending_since": sent,
        "attempt_no": 9,
        "retry_no": 8,
        "finished_at": now(),
    }
    return fresh(make_delivery(destination, **(defaults | fields)))  # type: ignore[arg-type]  # test factory


def kind_of(delivery: Delivery) -> VerdictKind:
    """Return the verdict's kind."""
    return verdict(fresh(delivery)).kind


def test_safe_repeat_while_the_remote_remembers_the_key(transport: FakeTransport) -> None:
    made = dead()
    assert replay(AGENT, made.id, "it works again").kind == VerdictKind.SAFE_REPEAT
    stored = fresh(made)
    assert (stored.status, stored.retry_no, stored.next_trigger) == (DeliveryStatus.READY, 0, "manual")
    assert stored.fence == made.fence + 1
    drain(made.destination_id)
    assert fresh(made).status == DeliveryStatus.DELIVERED
    attempt = Attempt.objects.get(delivery=made)
    assert (attempt.trigger, attempt.actor, attempt.attempt_no) == ("manual", AGENT.key, 10)
    told = Event.objects.filter(data__delivery_id=str(made.id)).order_by("position")
    assert list(told.values_list("type", "actor", "remark__text")) == [
        ("delivery.replayed", AGENT.key, "it works again"),
        ("delivery.settled", "system:engine", None),
    ]
    assert transport.found == []


@pytest.mark.django_db(transaction=True)
def test_safe_absent_after_a_live_look_up(transport: FakeTransport) -> None:
    destination = make_destination()
    made = dead(destination=destination, repeat_safe=False, effect=make_effect(destination))
    transport.finding = lambda c: Finding(False, evidence={"listed": 0})
    assert replay(AGENT, made.id, "again").kind == VerdictKind.SAFE_ABSENT
    stored = fresh(made)
    assert (stored.status, stored.first_sent_at) == (DeliveryStatus.READY, None)
    assert stored.effect is not None
    assert stored.effect.status == EffectStatus.ABSENT
    assert transport.in_transaction == [False]


def test_already_done_by_look_up_is_delivered_and_told_to_the_domain(transport: FakeTransport) -> None:
    made = dead(repeat_safe=False)
    transport.finding = lambda c: Finding(True, "re_5", {"listed": 1}, {"id": "re_5"})
    assert replay(AGENT, made.id, "again").kind == VerdictKind.ALREADY_DONE
    stored = fresh(made)
    assert (stored.status, stored.external_reference) == (DeliveryStatus.DELIVERED, "re_5")
    assert [one.outcome.answer for one in transport.stored] == [{"id": "re_5"}]
    assert transport.sent == []
    assert Attempt.objects.get(delivery=made).code == "already_done"


def test_already_done_by_the_ledger_asks_nobody(transport: FakeTransport) -> None:
    destination = make_destination()
    effect = make_effect(
        destination, status=EffectStatus.CONFIRMED, external_reference="re_7", evidence={"answer": {"id": "re_7"}}
    )
    made = dead(destination=destination, repeat_safe=False, effect=effect)
    assert replay(AGENT, made.id, "again").kind == VerdictKind.ALREADY_DONE
    assert (fresh(made).status, fresh(made).external_reference) == ("delivered", "re_7")
    assert [one.outcome.answer for one in transport.stored] == [{"id": "re_7"}]
    assert transport.found == transport.sent == []


def test_a_forgotten_key_is_looked_up_even_if_repeat_safe(transport: FakeTransport) -> None:
    made = dead(destination=make_destination(key_memory_seconds=60))
    transport.finding = lambda c: Finding(None)
    assert kind_of(made) == VerdictKind.IN_DOUBT
    assert len(transport.found) == 1


def test_in_doubt_is_refused_and_asked_about(transport: FakeTransport) -> None:
    made = dead(status=DeliveryStatus.IN_DOUBT, repeat_safe=False, next_attempt_at=now() + timedelta(hours=1))
    with pytest.raises(ReplayRefused) as refused:
        replay(AGENT, made.id, "again")
    assert refused.value.extra["verdict"] == "in_doubt"
    stored = fresh(made)
    assert stored.status == DeliveryStatus.IN_DOUBT
    assert stored.next_attempt_at < now() + timedelta(seconds=2)
    assert transport.sent == []


def test_an_outright_refusal_proves_that_nothing_was_done(transport: FakeTransport) -> None:
    assert kind_of(dead(repeat_safe=False, failure_class="business")) == VerdictKind.SAFE_ABSENT


def test_blocked_behind_an_earlier_one(transport: FakeTransport) -> None:
    destination = make_destination()
    first = dead(destination=destination, lane="one")
    second = dead(destination=destination, lane="one")
    found = verdict(fresh(second))
    assert (found.kind, found.evidence["delivery_id"]) == (VerdictKind.BLOCKED, str(first.id))
    assert standing(fresh(make_delivery(destination, lane="one"))) == "blocked"


def test_superseded_by_the_state_of_the_domain(transport: FakeTransport) -> None:
    made = dead()
    register_void_check(lambda delivery: "The return is canceled." if delivery.id == made.id else "")
    with pytest.raises(ReplayRefused, match="canceled"):
        replay(AGENT, made.id, "again")
    assert fresh(made).status == DeliveryStatus.DEAD


def test_a_contract_error_must_be_corrected_first(transport: FakeTransport) -> None:
    destination = make_destination()
    made = dead(destination=destination, failure_class="contract")
    Attempt.objects.create(
        delivery=made, attempt_no=9, fence=1, trigger="auto", outcome="contract", mapping_version=3, started_at=now()
    )
    assert kind_of(made) == VerdictKind.NEEDS_EDIT
    register_versions("connection", lambda destination: (0, 3))
    assert kind_of(made) == VerdictKind.NEEDS_EDIT
    register_versions("connection", lambda destination: (0, 4))
    assert kind_of(made) == VerdictKind.SAFE_REPEAT
    register_versions("connection", lambda destination: (0, 3))
    Delivery.objects.filter(pk=made.pk).update(payload={"edited": True})
    assert kind_of(made) == VerdictKind.SAFE_REPEAT


def test_much_money_needs_a_second_person(transport: FakeTransport, settings: LazySettings) -> None:
    settings.REPLAY_APPROVAL_LIMITS = {"*": 1000, "GBP": 5000}
    made = dead(amount=5001, currency="GBP")
    with pytest.raises(ReplayRefused) as refused:
        replay(AGENT, made.id, "again")
    assert refused.value.extra["verdict"] == "needs_approval"
    with pytest.raises(Invalid):
        replay(AGENT, made.id, "again", approved_by=AGENT.key)
    assert fresh(made).status == DeliveryStatus.DEAD
    assert replay(AGENT, made.id, "again", approved_by="user:9").kind == VerdictKind.SAFE_REPEAT


def test_a_delivered_one_is_already_done_and_nothing_changes(transport: FakeTransport) -> None:
    made = dead(status=DeliveryStatus.DELIVERED)
    assert replay(AGENT, made.id, "again").kind == VerdictKind.ALREADY_DONE
    assert Attempt.objects.count() == Event.objects.filter(type="delivery.replayed").count() == 0


def test_a_change_in_between_is_a_conflict(transport: FakeTransport) -> None:
    made = dead(repeat_safe=False)

    def meanwhile(claimed: object) -> Finding:
        Delivery.objects.filter(pk=made.pk).update(fence=made.fence + 1)
        return Finding(False)

    transport.finding = meanwhile
    with pytest.raises(Conflict):
        replay(AGENT, made.id, "again")
    assert fresh(made).status == DeliveryStatus.DEAD


@pytest.mark.parametrize(("actor", "error"), [(STRANGER, NotFound), (READER, Denied)])
def test_others_may_not(transport: FakeTransport, actor: Actor, error: type[Exception]) -> None:
    made = dead()
    for command in (replay, discard):
        with pytest.raises(error):
            command(actor, made.id, "again")
    assert fresh(made).status == DeliveryStatus.DEAD
    assert Event.objects.filter(data__delivery_id=str(made.id)).count() == 0


def test_a_reason_is_required(transport: FakeTransport) -> None:
    made = dead()
    for command in (replay, discard):
        with pytest.raises(Invalid):
            command(AGENT, made.id, " ")
    assert fresh(made).status == DeliveryStatus.DEAD


def test_discard_frees_the_lane_with_a_full_deadline(transport: FakeTransport) -> None:
    destination = make_destination()
    first = dead(destination=destination, lane="one")
    second = make_delivery(destination, lane="one", deadline_at=now() - timedelta(hours=1))
    discard(AGENT, first.id, "the customer was paid by hand")
    assert fresh(first).status == DeliveryStatus.DISCARDED
    assert fresh(second).deadline_at > now() + timedelta(hours=1)
    drain(destination.id)
    assert transport.sent_keys() == [second.effect_key]
    assert Event.objects.get(type="delivery.discarded").remark.text == "the customer was paid by hand"


@pytest.mark.parametrize("status", [DeliveryStatus.IN_DOUBT, DeliveryStatus.DELIVERED, DeliveryStatus.DISCARDED])
def test_only_what_is_known_and_open_is_closed(transport: FakeTransport, status: DeliveryStatus) -> None:
    made = dead(status=status)
    for command in (discard, supersede):
        with pytest.raises(Conflict):
            command(AGENT, made.id, "enough")
    assert fresh(made).status == status


def test_supersede_closes_a_ready_one(transport: FakeTransport) -> None:
    made = dead(status=DeliveryStatus.READY)
    supersede(AGENT, made.id, "the return was canceled")
    assert fresh(made).status == DeliveryStatus.SUPERSEDED
    assert drain(made.destination_id).attempted == 0
