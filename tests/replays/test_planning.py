"""From a selection to a frozen plan: whom it takes in, the eight verdicts, money by verdict, hash and approval."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from retailops.accounts.actor import Actor
from retailops.events.enums import DeliveryStatus, EffectStatus
from retailops.events.models import Attempt, Delivery, Event
from retailops.events.transport import Finding
from retailops.events.verdicts import VerdictKind, register_void_check
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.replays import judging
from retailops.replays.freezing import Selection
from retailops.replays.models import BulkItem, BulkOperation
from retailops.replays.rules import Rules
from retailops.replays.services import change_rules, leave_out_above_limit, plan_again, plan_replay
from retailops.replays.working import advance
from tests.events.factories import FakeTransport, make_destination, make_effect
from tests.replays import world
from tests.workbench.world import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent() -> Actor:
    return world.agent()


def test_a_plan_freezes_exactly_what_was_named(agent: Actor) -> None:
    first, second, _ = world.stopped(), world.stopped(), world.stopped()
    made = plan_replay(agent, Selection(ids=[second.id, first.id, second.id]), "the gateway is back")
    assert (made.status, made.total, made.reason, made.hash) == ("planning", 2, "the gateway is back", "")
    frozen = made.items.order_by("position").values_list("subject_id", "fence", "status", "stage")
    assert list(frozen) == [(first.id, 9, "dead", "new"), (second.id, 9, "dead", "new")]
    told = Event.objects.get(type="bulk_operation.requested")
    assert (told.actor, told.data["total"], told.remark.text) == (agent.key, 2, "the gateway is back")


def test_all_that_match_are_those_that_came_by_the_cut_off(agent: Actor) -> None:
    destination = make_destination()
    seen = world.stopped(destination)
    late = world.stopped(destination, finished_at=now())
    world.stopped(destination, status=DeliveryStatus.DELIVERED)
    rows = Delivery.objects.filter(destination=destination)
    cut_off = now() - timedelta(minutes=1)
    made = plan_replay(agent, Selection(rows=rows, filter={"system": "x"}, cut_off=cut_off), "all of them")
    assert [item.subject_id for item in made.items.all()] == [seen.id]
    assert (made.newcomers, made.cut_off, made.filter) == (1, cut_off, {"system": "x"})
    assert late.id not in world.items(made)


def test_the_eight_verdicts_with_their_money(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    repeat = world.stopped(destination, amount=100, currency="GBP")
    absent = world.stopped(destination, repeat_safe=False, amount=200, currency="GBP")
    confirmed = make_effect(destination, status=EffectStatus.CONFIRMED, external_reference="re_1")
    done = world.stopped(destination, effect=confirmed, amount=400, currency="GBP")
    void = world.stopped(destination, amount=800, currency="GBP")
    register_void_check(lambda delivery: "The return is canceled." if delivery.id == void.id else "")
    world.stopped(destination, lane="lane", amount=1, currency="EUR")
    blocked = world.stopped(destination, lane="lane", amount=1600, currency="GBP")
    much = world.stopped(destination, amount=2_000_000, currency="GBP")
    unfit = world.stopped(destination, failure_class="contract", amount=3200, currency="GBP")
    Attempt.objects.create(
        delivery=unfit, attempt_no=9, fence=9, trigger="auto", outcome="contract", started_at=now(), mapping_version=2
    )
    doubt = world.stopped(destination, repeat_safe=False, status=DeliveryStatus.IN_DOUBT, in_doubt_since=now())
    answers = {absent.id: Finding(False, evidence={"listed": 0}), doubt.id: Finding(None)}
    transport.finding = lambda claimed: answers[claimed.id]
    cases = [repeat, absent, done, void, blocked, much, unfit, doubt]
    made = world.planned(agent, *cases)
    assert [world.verdict_of(made, each) for each in cases] == [
        "safe_repeat", "safe_absent", "already_done", "superseded", "blocked", "needs_approval", "needs_edit",
        "in_doubt",
    ]  # fmt: skip
    assert set(map(str, VerdictKind)) == {world.verdict_of(made, each) for each in cases}
    # Sent are the safe ones and the one above the limit; what the blocked one waits for is not in the plan.
    assert (made.status, made.money, made.needs_approval) == ("planned", {"GBP": 2_000_300}, True)
    acting = {each for each in cases if world.items(made)[each.id].acts}
    assert acting == {repeat, absent, done, void, much}
    assert len(made.hash) == 64
    assert [claimed.id for claimed in transport.found] == [absent.id, doubt.id]
    assert set(transport.sent) == set()


def test_what_waits_in_a_lane_follows_what_the_plan_deals_with(agent: Actor) -> None:
    destination = make_destination()
    lane = [world.stopped(destination, lane="lane", amount=100, currency="GBP") for _ in range(3)]
    made = world.planned(agent, *lane)
    assert [world.verdict_of(made, each) for each in lane] == ["safe_repeat", "blocked", "blocked"]
    assert [world.items(made)[each.id].after_id for each in lane] == [None, lane[0].id, lane[1].id]
    assert all(item.sends for item in world.items(made).values())
    assert made.money == {"GBP": 300}


def test_verdicts_of_many_take_a_fixed_number_of_queries(agent: Actor) -> None:
    destination = make_destination()
    few, many = [[world.stopped(destination) for _ in range(n)] for n in (3, 12)]
    counts = []
    for some in (few, many):
        made = plan_replay(agent, Selection(ids=[each.id for each in some]), "x")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert judging.judge_known(made) == len(some)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_system_that_does_not_answer_is_not_asked_about_all(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    doubts = [world.stopped(destination, repeat_safe=False) for _ in range(12)]
    made = world.planned(agent, *doubts)
    assert {world.verdict_of(made, each) for each in doubts} == {"in_doubt"}
    assert len(transport.found) == judging.ASKED_AT_ONCE


@pytest.mark.django_db(transaction=True)
def test_other_systems_are_asked_outside_transactions_and_side_by_side(transport: FakeTransport) -> None:
    agent, destination = world.agent(), make_destination()
    made = plan_replay(
        agent, Selection(ids=[world.stopped(destination, repeat_safe=False).id for _ in range(3)]), "again"
    )
    transport.finding = lambda claimed: Finding(False)
    advance(made.id, seconds=10, threads=3)
    made.refresh_from_db()
    assert made.status == "planned"
    assert transport.in_transaction == [False, False, False]
    assert {item.verdict for item in made.items.all()} == {"safe_absent"}


def test_another_worker_goes_on_where_one_died(agent: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    destination = make_destination()
    monkeypatch.setattr(judging, "CHUNK", 2)
    made = plan_replay(agent, Selection(ids=[world.stopped(destination).id for _ in range(5)]), "again")
    assert judging.judge_known(made) == 2  # and here it was killed
    assert made.items.filter(stage="judged").count() == 2
    world.run(made)
    assert (made.status, made.items.filter(verdict="safe_repeat").count()) == ("planned", 5)


def test_the_hash_is_over_rules_items_and_money(agent: Actor) -> None:
    one = world.stopped(amount=100, currency="GBP")
    made = world.planned(agent, one)
    before = made.hash
    assert change_rules(agent, made.id, world.AT_ONCE).hash == before
    assert change_rules(agent, made.id, Rules(rate=5)).hash != before
    Delivery.objects.filter(pk=one.pk).update(amount=101)
    other = plan_again(agent, made.id)
    assert (other.status, other.hash) == ("planning", "")
    advance(other.id, seconds=5)
    other.refresh_from_db()
    assert (other.status, other.money) == ("planned", {"GBP": 101})
    assert [event.remark.text for event in Event.objects.filter(type="bulk_operation.changed")] == [
        "how it runs was changed",
        "verdicts anew",
    ]


def test_the_sum_of_many_small_ones_needs_a_second_person(agent: Actor, settings: LazySettings) -> None:
    settings.REPLAY_APPROVAL_LIMITS = {"*": 1000}
    some = [world.stopped(amount=400, currency="GBP") for _ in range(3)]
    made = world.planned(agent, *some)
    assert {item.verdict for item in made.items.all()} == {"safe_repeat"}
    assert (made.money, made.needs_approval) == ({"GBP": 1200}, True)
    assert world.planned(agent, *some[:2]).needs_approval is False


def test_what_is_above_the_limit_may_be_left_for_later(agent: Actor) -> None:
    small, much = world.stopped(amount=10, currency="GBP"), world.stopped(amount=2_000_000, currency="GBP")
    made = world.planned(agent, small, much)
    before = made.hash
    made = leave_out_above_limit(agent, made.id)
    assert (made.money, made.needs_approval) == ({"GBP": 10}, False)
    assert made.hash != before
    assert world.items(made)[much.id].acts is False
    with pytest.raises(Conflict):
        leave_out_above_limit(agent, made.id)


def test_refused_plans_leave_nothing(agent: Actor) -> None:
    one, abroad = world.stopped(), world.stopped(region="FR")
    reader, british = person("auditor").actor(), world.agent(regions=["GB"])
    far = Selection(ids=[one.id, abroad.id])
    for actor, selection, error in (
        (agent, Selection(), Invalid),
        (agent, Selection(rows=Delivery.objects.none()), Invalid),
        (british, far, NotFound),
        (reader, Selection(ids=[one.id]), Denied),
        (person().actor(), Selection(ids=[one.id]), NotFound),
    ):
        with pytest.raises(error):
            plan_replay(actor, selection, "again")
    with pytest.raises(Invalid):
        plan_replay(agent, far, "  ")
    with pytest.raises(Invalid) as refused:
        plan_replay(agent, far, "again", rules=Rules(canary=(0,), rate=0, stop_percent=101, stop_after=0))
    assert [fault.pointer for fault in refused.value.errors] == ["/canary", "/rate", "/stop_percent", "/stop_after"]
    assert not BulkOperation.objects.exists()
    assert not BulkItem.objects.exists()
    assert not Event.objects.filter(type__startswith="bulk_operation.").exists()


def test_a_filter_takes_in_only_what_the_person_may_send(agent: Actor) -> None:
    mine, _ = world.stopped(), world.stopped(region="FR")
    british = world.agent(regions=["GB"])
    made = plan_replay(british, Selection(rows=Delivery.objects.all()), "again")
    assert [item.subject_id for item in made.items.all()] == [mine.id]
    assert (made.regions, made.brands) == (["GB"], ["north"])
