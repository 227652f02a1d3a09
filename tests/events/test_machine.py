"""A state machine of the engine: random outcomes, crashes, pauses, replays; what must hold, holds after every step."""

import contextlib
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from retailops.accounts.actor import Actor
from retailops.events import destinations
from retailops.events.engine import claim, renew
from retailops.events.enums import CircuitState, DeliveryStatus, OutcomeClass
from retailops.events.expiry import expire_leases
from retailops.events.held import replay_held, take_back_replay
from retailops.events.lookup import look_up_due
from retailops.events.models import Attempt, Delivery, Destination, Lease
from retailops.events.recording import record
from retailops.events.replay import ReplayRefused, discard, replay
from retailops.events.transport import Claimed, Finding
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from tests.events.factories import FakeTransport, expire_all_leases, leased, make_delivery, make_destination, outcome

OPS = Actor.system("machine")
LANES = ("a", "b", "c")
CAP = 3


class Engine(RuleBasedStateMachine):
    """The remote does each effect when it is sent, or not; it is idempotent for nothing."""

    transport: FakeTransport

    def __init__(self) -> None:
        super().__init__()
        self.done: Counter[str] = Counter()
        self.order: dict[str, list[int]] = defaultdict(list)
        self.held: list[Claimed] = []
        self.sent: list[tuple[Claimed, bool]] = []
        self.kept: list[Delivery] = []
        self.attempts = 0

    @initialize(blocks=st.just(True))
    def begin(self, blocks: bool) -> None:
        self.destination = make_destination(max_in_flight=CAP, dead_blocks_lane=blocks)
        self.transport.finding = lambda claimed: Finding(self.done[claimed.effect_key] > 0)

    @rule(lane=st.sampled_from(LANES))
    def publish(self, lane: str) -> None:
        make_delivery(self.destination, lane=lane, repeat_safe=False)

    @rule()
    def claim_some(self) -> None:
        self.held += claim(self.destination.id, owner="w", limit=2).deliveries

    @precondition(lambda self: self.held)
    @rule(data=st.data(), does_it=st.booleans())
    def send(self, data: st.DataObject, does_it: bool) -> None:
        """Renew and send one of those held; the remote does it or not."""
        claimed = data.draw(st.sampled_from(self.held))
        self.held.remove(claimed)
        for one in renew([claimed], 60):
            if does_it:
                self.done[one.effect_key] += 1
                self.order[one.lane_key].append(Delivery.objects.get(pk=one.id).lane_seq)
            self.sent.append((one, does_it))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), failure=st.sampled_from(["transient", "business", "contract", "auth", "in_doubt"]))
    def answer(self, data: st.DataObject, failure: str) -> None:
        """The answer arrives, in time or late: what was done is delivered or in doubt, what was not done fails."""
        one, was_done = data.draw(st.sampled_from(self.sent))
        self.sent.remove((one, was_done))
        result = failure if failure == "in_doubt" else "delivered" if was_done else failure
        record(self.destination.id, [outcome(one, OutcomeClass(result), code="x")])

    @rule(lose=st.booleans())
    def crash(self, lose: bool) -> None:
        """All workers vanish: with what they held and, if `lose`, with the answers on their way."""
        self.held.clear()
        if lose:
            self.sent.clear()
        expire_all_leases(self.destination)
        expire_leases()

    @rule()
    def time_passes(self) -> None:
        due = now() - timedelta(seconds=1)
        Delivery.objects.filter(status__in=[DeliveryStatus.READY, DeliveryStatus.IN_DOUBT]).update(next_attempt_at=due)
        Destination.objects.filter(circuit=CircuitState.OPEN).update(circuit_until=due)
        Destination.objects.update(tokens=1000)

    @rule()
    def look_up(self) -> None:
        look_up_due()

    @rule()
    def pause(self) -> None:
        destinations.pause(actor=OPS, destination_id=self.destination.id, reason="test")

    @rule()
    def resume(self) -> None:
        destinations.resume(actor=OPS, destination_id=self.destination.id, reason="test")

    @rule(data=st.data())
    def replay_a_dead_one(self, data: st.DataObject) -> None:
        if dead := list(Delivery.objects.filter(status=DeliveryStatus.DEAD).order_by("lane_seq")):
            with contextlib.suppress(ReplayRefused):
                replay(OPS, data.draw(st.sampled_from(dead)).id, "test")

    @rule(data=st.data())
    def replay_a_dead_one_in_some_seconds(self, data: st.DataObject) -> None:
        if dead := list(Delivery.objects.filter(status=DeliveryStatus.DEAD).order_by("lane_seq")):
            one = data.draw(st.sampled_from(dead))
            with contextlib.suppress(ReplayRefused):
                self.kept.append(replay_held(OPS, one.id, fence=one.fence))

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def take_one_back(self, data: st.DataObject) -> None:
        """In time or late: what a worker has, or had, goes its way."""
        one = data.draw(st.sampled_from(self.kept))
        self.kept.remove(one)
        with contextlib.suppress(Conflict):
            take_back_replay(OPS, one.id, fence=one.fence)

    @rule()
    def discard_the_first_dead_one(self) -> None:
        dead = Delivery.objects.filter(status=DeliveryStatus.DEAD).order_by("lane_seq").first()
        if dead is not None and not self.done[dead.effect_key]:
            discard(OPS, dead.id, "test")

    @invariant()
    def nothing_is_done_twice(self) -> None:
        assert all(count == 1 for count in self.done.values())

    @invariant()
    def lanes_are_done_in_order(self) -> None:
        assert all(numbers == sorted(numbers) for numbers in self.order.values())

    @invariant()
    def one_in_flight_a_lane_and_the_cap_is_kept(self) -> None:
        held = Counter(Lease.objects.values_list("lane_key", flat=True))
        assert all(count == 1 for count in held.values())
        doubtful = Delivery.objects.filter(status=DeliveryStatus.IN_DOUBT).values_list("lane_key", flat=True)
        assert set(doubtful) <= set(held)
        assert len(held) - len(doubtful) == leased(self.destination) <= CAP

    @invariant()
    def attempts_only_grow(self) -> None:
        count = Attempt.objects.count()
        assert count >= self.attempts
        self.attempts = count

    @invariant()
    def delivered_means_done(self) -> None:
        delivered = Delivery.objects.filter(status=DeliveryStatus.DELIVERED).values_list("effect_key", flat=True)
        assert all(self.done[key] == 1 for key in delivered)

    def teardown(self) -> None:
        """In the end everything gets through: nothing is lost."""
        if hasattr(self, "destination"):
            self.crash(lose=True)
            destinations.resume(actor=OPS, destination_id=self.destination.id, reason="end")
            for _ in range(200):
                if not self._one_more_round():
                    break
            open_ones = Delivery.objects.exclude(status__in=["delivered", "discarded"])
            assert list(open_ones.values_list("status", "failure_code")) == []
            self.nothing_is_done_twice()
            self.lanes_are_done_in_order()

    def _one_more_round(self) -> bool:
        self.time_passes()
        look_up_due()
        for one in renew(claim(self.destination.id, owner="w").deliveries, 60):
            self.done[one.effect_key] += 1
            self.order[one.lane_key].append(Delivery.objects.get(pk=one.id).lane_seq)
            record(self.destination.id, [outcome(one)])
        for dead in Delivery.objects.filter(status=DeliveryStatus.DEAD).order_by("lane_seq"):
            Delivery.objects.filter(pk=dead.pk).update(failure_class="transient")  # as if its mapping were corrected
            try:
                replay(OPS, dead.id, "end")
            except ReplayRefused:
                continue
        return Delivery.objects.exclude(status__in=["delivered", "discarded"]).exists()


@pytest.mark.django_db
def test_whatever_happens_lanes_keep_order_and_nothing_is_lost_or_done_twice(transport: FakeTransport) -> None:
    class InSavepoint(Engine):
        """Each run begins with an empty database."""

        def __init__(self) -> None:
            super().__init__()
            self.savepoint = connection.savepoint() or ""

        def teardown(self) -> None:
            try:
                super().teardown()
            finally:
                connection.savepoint_rollback(self.savepoint)

    InSavepoint.transport = transport
    run_state_machine_as_test(
        InSavepoint,
        settings=settings(
            max_examples=20, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
