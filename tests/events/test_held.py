"""One safe repetition goes out in some seconds without a question, and comes back until a worker has it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from retailops.accounts.actor import Actor
from retailops.events.engine import claim
from retailops.events.enums import DeliveryStatus
from retailops.events.held import HELD_SECONDS, replay_held, take_back_replay
from retailops.events.models import Attempt, Delivery, Event, Lease
from retailops.events.replay import ChangedSince, ReplayRefused, replay
from retailops.events.sending import drain
from retailops.events.transport import Finding
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, NotFound
from tests.events.factories import FakeTransport, expire_all_leases, fresh, make_destination
from tests.events.test_replay import AGENT, READER, STRANGER, dead
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
OTHER = Actor("user", "9", "Ann", AGENT.grants)


def make_due(delivery: Delivery) -> None:
    """Let its seconds be over."""
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=now() - timedelta(seconds=1))


def types() -> list[str]:
    return list(Event.objects.filter(type__startswith="delivery.").order_by("position").values_list("type", flat=True))


def test_nothing_goes_out_within_the_seconds_and_then_it_does(transport: FakeTransport) -> None:
    made = dead()
    held = replay_held(AGENT, made.id, fence=made.fence)
    wait = (held.next_attempt_at - now()).total_seconds()
    assert (held.status, held.fence, HELD_SECONDS - 1 < wait <= HELD_SECONDS) == ("ready", made.fence + 1, True)
    assert claim(made.destination_id, owner="w").held == "empty"
    make_due(made)
    drain(made.destination_id)
    assert fresh(made).status == DeliveryStatus.DELIVERED
    assert Attempt.objects.get(delivery=made).trigger == "manual"


def test_taken_back_it_has_stopped_as_before_and_can_go_again(transport: FakeTransport) -> None:
    made = dead()
    held = replay_held(AGENT, made.id, fence=made.fence)
    back = take_back_replay(AGENT, made.id, fence=held.fence)
    assert (back.status, back.fence, back.failure_code) == ("dead", held.fence + 1, "503")
    assert back.first_sent_at == made.first_sent_at
    assert types() == ["delivery.replayed", "delivery.replay_taken_back"]
    make_due(made)
    assert claim(made.destination_id, owner="w").held == "empty"
    with pytest.raises(ChangedSince):
        replay_held(AGENT, made.id, fence=made.fence)
    replay_held(AGENT, made.id, fence=back.fence)
    make_due(made)
    drain(made.destination_id)
    assert (fresh(made).status, Attempt.objects.count()) == (DeliveryStatus.DELIVERED, 1)


def test_since_when_it_stopped_is_as_before(transport: FakeTransport) -> None:
    made = dead()
    moment = now() - timedelta(hours=2)
    Attempt.objects.create(
        delivery=made, attempt_no=9, fence=1, trigger="auto", outcome="transient", started_at=moment,
        recorded_at=moment,
    )  # fmt: skip
    held = replay_held(AGENT, made.id, fence=made.fence)
    assert take_back_replay(AGENT, made.id, fence=held.fence).finished_at == moment


def test_what_a_worker_has_or_had_is_not_taken_back(transport: FakeTransport) -> None:
    made = dead()
    held = replay_held(AGENT, made.id, fence=made.fence)
    make_due(made)
    [claimed] = claim(made.destination_id, owner="w").deliveries
    before = counts()
    with pytest.raises(Conflict, match="nothing was taken back"):
        take_back_replay(AGENT, made.id, fence=held.fence)
    assert (fresh(made).status, Lease.objects.count(), counts()) == ("ready", 1, before)
    expire_all_leases(made.destination)  # the worker died: it may have been sent
    before = counts()
    with pytest.raises(Conflict):
        take_back_replay(AGENT, made.id, fence=held.fence)
    assert counts() == before
    assert claimed.fence == held.fence + 1


def test_what_got_through_is_not_taken_back(transport: FakeTransport) -> None:
    made = dead()
    held = replay_held(AGENT, made.id, fence=made.fence)
    make_due(made)
    drain(made.destination_id)
    before = counts()
    with pytest.raises(Conflict):
        take_back_replay(AGENT, made.id, fence=held.fence)
    assert (fresh(made).status, counts()) == ("delivered", before)


def test_only_who_wanted_it_takes_it_back(transport: FakeTransport) -> None:
    made = dead()
    held = replay_held(AGENT, made.id, fence=made.fence)
    before = counts()
    refusals: list[tuple[Actor, type[DomainError]]] = [
        (OTHER, Conflict), (READER, Denied), (STRANGER, NotFound),
    ]  # fmt: skip
    for actor, error in refusals:
        with pytest.raises(error):
            take_back_replay(actor, made.id, fence=held.fence)
    assert (fresh(made).status, counts()) == ("ready", before)


@pytest.mark.parametrize(("actor", "error"), [(READER, Denied), (STRANGER, NotFound)])
def test_others_send_nothing(transport: FakeTransport, actor: Actor, error: type[DomainError]) -> None:
    made = dead()
    before = counts()
    with pytest.raises(error):
        replay_held(actor, made.id, fence=made.fence)
    assert (fresh(made).status, counts()) == ("dead", before)


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ({"repeat_safe": False, "amount": 500, "currency": "GBP"}, False),  # money, on somebody's word that it is away
        ({"repeat_safe": False}, None),  # nobody knows
        ({"repeat_safe": False}, True),  # it is there
        ({"amount": 2_000_000, "currency": "GBP"}, False),  # above the limit for one person
    ],
)
def test_under_another_verdict_nothing_is_sent(
    transport: FakeTransport, fields: dict[str, object], finding: bool | None
) -> None:
    transport.finding = lambda claimed: Finding(finding)
    made = dead(**fields)
    before = counts()
    with pytest.raises(ReplayRefused):
        replay_held(AGENT, made.id, fence=made.fence)
    assert (fresh(made).status, counts()) == ("dead", before)


def test_without_money_what_is_not_there_goes_out_too(transport: FakeTransport) -> None:
    transport.finding = lambda claimed: Finding(False)
    made = dead(repeat_safe=False)
    held = replay_held(AGENT, made.id, fence=made.fence)
    assert (held.status, held.first_sent_at) == ("ready", None)


def test_money_goes_out_where_the_other_system_takes_it_once(transport: FakeTransport) -> None:
    made = dead(amount=500, currency="GBP")
    assert replay_held(AGENT, made.id, fence=made.fence).status == "ready"


def test_a_replay_that_was_asked_about_is_not_taken_back_by_an_older_fence(transport: FakeTransport) -> None:
    made = dead()
    replay(AGENT, made.id, "it works again")
    with pytest.raises(Conflict):
        take_back_replay(AGENT, made.id, fence=made.fence)
    with pytest.raises(ChangedSince):
        replay_held(AGENT, made.id, fence=fresh(made).fence)
    assert types() == ["delivery.replayed"]


def together(*calls: Callable[[], object]) -> list[object]:
    """Run the calls at once, each on a connection of its own; return what each returned or raised."""
    found: list[object] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place: int) -> None:
        try:
            start.wait()
            found[place] = calls[place]()
        except Conflict as refused:
            found[place] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.django_db(transaction=True)
def test_undo_and_claim_at_the_same_time_have_one_winner(transport: FakeTransport) -> None:
    destination = make_destination()
    for _ in range(12):
        made = dead(destination=destination, amount=500, currency="GBP")
        held = replay_held(AGENT, made.id, fence=made.fence)
        make_due(made)
        taken, claimed = together(
            partial(take_back_replay, AGENT, made.id, fence=held.fence),
            lambda: claim(destination.id, owner="w").deliveries,
        )
        sent = [one.id for one in claimed] == [made.id]  # type: ignore[attr-defined]  # a list of what was claimed
        came_back = isinstance(taken, Delivery)
        assert not (sent and came_back)
        assert fresh(made).status == ("dead" if came_back else "ready")
        assert Lease.objects.filter(delivery=made).exists() == sent
        drain(destination.id)
        expire_all_leases(destination)


@pytest.mark.django_db(transaction=True)
def test_a_claim_passes_by_what_is_being_taken_back(transport: FakeTransport) -> None:
    made = dead()
    held = replay_held(AGENT, made.id, fence=made.fence)
    make_due(made)
    with transaction.atomic():
        take_back_replay(AGENT, made.id, fence=held.fence)
        [found] = together(lambda: claim(made.destination_id, owner="w").held)
    assert found == "empty"
    assert claim(made.destination_id, owner="w").held == "empty"
    assert (fresh(made).status, Attempt.objects.count()) == ("dead", 0)
