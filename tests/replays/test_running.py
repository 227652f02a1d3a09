"""The run of a plan: canary, rate, stop rule, changes since, kill and resume; nothing is sent twice."""

from collections import Counter
from datetime import timedelta

import pytest

from retailops.accounts.actor import Actor
from retailops.accounts.models import RoleGrant
from retailops.events.enums import DeliveryStatus, EffectStatus
from retailops.events.models import Attempt, Delivery, Event
from retailops.events.replay import discard, replay
from retailops.events.sending import drain
from retailops.events.verdicts import register_void_check
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.replays import acting, running
from retailops.replays.models import BulkItem, BulkOperation
from retailops.replays.observing import observe
from retailops.replays.rules import Rules
from retailops.replays.services import PlanChanged, cancel_operation, change_rules, execute_plan, resume_operation
from retailops.replays.working import advance
from tests.events.factories import FakeTransport, fresh, make_destination, make_effect, outcome
from tests.replays import world
from tests.workbench.world import person

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


@pytest.fixture
def agent() -> Actor:
    return world.agent()


def test_what_is_planned_is_done_and_told_item_by_item(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    sent = world.stopped(destination, amount=100, currency="GBP")
    confirmed = make_effect(destination, status=EffectStatus.CONFIRMED, external_reference="re_1")
    done = world.stopped(destination, effect=confirmed)
    void = world.stopped(destination)
    register_void_check(lambda delivery: "The return is canceled." if delivery.id == void.id else "")
    doubt = world.stopped(destination, repeat_safe=False)
    operation = world.run(world.started(agent, sent, done, void, doubt))
    assert operation.status == "finished"
    assert [world.result_of(operation, each) for each in (sent, done, void, doubt)] == [
        "delivered", "already_done", "closed", "left_out",
    ]  # fmt: skip
    statuses = [fresh(each).status for each in (sent, done, void, doubt)]
    assert statuses == ["delivered", "delivered", "superseded", "dead"]
    assert transport.sent_keys() == [sent.effect_key]
    assert Attempt.objects.get(delivery=sent).trigger == "bulk"
    assert "cannot tell now" in world.items(operation)[doubt.id].detail
    told = list(Event.objects.filter(subject_id=operation.id).order_by("position").values_list("type", "actor"))
    assert told == [
        ("bulk_operation.requested", agent.key),
        ("bulk_operation.planned", "system:bulk operations"),
        ("bulk_operation.executed", agent.key),
        ("bulk_operation.finished", "system:bulk operations"),
    ]
    replayed = Event.objects.get(type="delivery.replayed", data__delivery_id=str(sent.id))
    assert (replayed.actor, replayed.remark.text) == (agent.key, "it works again")


def test_each_wave_of_the_canary_must_get_through_before_the_next(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    some = [world.stopped(destination) for _ in range(6)]
    operation = world.started(agent, *some, rules=Rules(canary=(1, 2), rate=200))
    released = []
    for _ in range(4):
        advance(operation.id, seconds=0.5)
        released.append(BulkItem.objects.filter(operation=operation, sent_fence__isnull=False).count())
        drain(destination.id)
    assert released[:3] == [1, 3, 6]
    assert world.run(operation).status == "finished"
    assert Counter(transport.sent_keys()) == Counter({each.effect_key: 1 for each in some})


def test_a_canary_that_fails_stops_the_run(agent: Actor, transport: FakeTransport) -> None:
    transport.answer = lambda claimed: outcome(claimed, "business", code="closed", message="Account closed.")
    some = [world.stopped() for _ in range(5)]
    operation = world.run(world.started(agent, *some, rules=Rules(canary=(1,))))
    assert operation.status == "stopped"
    assert operation.ended_reason == "1 of the last 1 tries failed in wave 1 of the canary; it stops at 20 %."
    assert len(transport.sent) == 1
    assert Counter(item.result for item in operation.items.all()) == {"failed": 1, "": 4}
    assert operation.items.get(result="failed").detail == "Account closed."
    assert Event.objects.get(type="bulk_operation.stopped").remark.text == operation.ended_reason


def test_a_try_that_fails_for_now_stops_the_canary_too(agent: Actor, transport: FakeTransport) -> None:
    transport.answer = lambda claimed: outcome(claimed, "transient", code="503")
    operation = world.run(world.started(agent, world.stopped(), world.stopped(), rules=Rules(canary=(1,))))
    assert (operation.status, len(transport.sent)) == ("stopped", 1)


def test_the_run_stops_where_a_share_of_the_last_tries_failed(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    some = [world.stopped(destination) for _ in range(30)]
    bad = {each.id for each in some[10:]}
    transport.answer = lambda claimed: outcome(claimed, "business" if claimed.id in bad else "delivered", code="x")
    operation = world.started(agent, *some, rules=Rules(canary=(), rate=1, stop_percent=20, stop_after=10))
    for _ in range(30):
        one_more = now() - timedelta(seconds=len(transport.sent))
        BulkOperation.objects.filter(pk=operation.pk).update(wave_began_at=one_more)
        advance(operation.id, seconds=0.1)
        drain(destination.id)
    operation.refresh_from_db()
    assert operation.status == "stopped"
    assert 13 <= len(transport.sent) <= 15
    assert operation.items.filter(stage="judged").count() == 30 - len(transport.sent)


def test_the_rate_is_kept(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    operation = world.started(agent, *[world.stopped(destination) for _ in range(9)], rules=Rules(canary=(), rate=2))
    BulkOperation.objects.filter(pk=operation.pk).update(wave_began_at=now() - timedelta(seconds=1.6))
    advance(operation.id, seconds=0.01)
    assert operation.items.filter(stage="released").count() == 4


def test_a_delivery_that_changed_is_left_out_with_its_new_verdict(agent: Actor, transport: FakeTransport) -> None:
    kept, discarded, sent = world.stopped(), world.stopped(), world.stopped()
    operation = world.started(agent, kept, discarded, sent)
    discard(SYSTEM, discarded.id, "paid in cash")
    replay(SYSTEM, sent.id, "by hand")
    drain(sent.destination_id)
    operation = world.run(operation)
    assert [world.result_of(operation, each) for each in (kept, discarded, sent)] == ["delivered", "changed", "changed"]
    assert world.items(operation)[discarded.id].detail == (
        "It changed since it was planned (discarded now). Superseded: It was discarded."
    )
    assert Counter(transport.sent_keys()) == {kept.effect_key: 1, sent.effect_key: 1}


def test_what_was_not_planned_to_be_sent_is_not_sent(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    effect = make_effect(destination, status=EffectStatus.CONFIRMED)
    made = world.stopped(destination, effect=effect)
    operation = world.started(agent, made)
    effect.status = EffectStatus.ABSENT
    effect.save()
    operation = world.run(operation)
    assert (world.result_of(operation, made), transport.sent) == ("left_out", [])
    assert fresh(made).status == DeliveryStatus.DEAD


def test_a_plan_sends_as_it_was_where_that_was_chosen(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    made, unfit = world.stopped(destination), world.stopped(destination, failure_class="contract", first_sent_at=None)
    Attempt.objects.create(
        delivery=made, attempt_no=9, fence=9, outcome="transient", mapping_version=4, started_at=now(), duration_ms=1
    )
    anew = world.planned(agent, made, rules=Rules(canary=()))
    before = anew.hash
    change_rules(agent, anew.id, Rules(canary=(), as_was=True))
    anew.refresh_from_db()
    assert anew.hash != before
    operation = world.run(world.started(agent, made, unfit, rules=Rules(canary=(), rate=200.0, as_was=True)))
    assert [(claimed.id, claimed.mapping_version) for claimed in transport.sent] == [(made.id, 4)]
    assert world.result_of(operation, made) == "delivered"
    assert world.result_of(operation, unfit) == "left_out"
    assert "As it was, it did not fit" in world.items(operation)[unfit.id].detail


@pytest.mark.parametrize("as_was", [False, True])
def test_other_money_stops_the_run_however_it_is_rendered(agent: Actor, transport: FakeTransport, as_was: bool) -> None:
    made = world.stopped(amount=100, currency="GBP")
    operation = world.started(agent, made, rules=Rules(canary=(), as_was=as_was))
    Delivery.objects.filter(pk=made.pk).update(amount=900)
    assert world.run(operation).status == "stopped"
    assert transport.sent == []


def test_the_run_stops_before_it_sends_other_money_than_planned(agent: Actor, transport: FakeTransport) -> None:
    made, other = world.stopped(amount=100, currency="GBP"), world.stopped(amount=7, currency="GBP")
    operation = world.started(agent, made, other)
    Delivery.objects.filter(pk=made.pk).update(amount=900)
    operation = world.run(operation)
    assert operation.status == "stopped"
    assert operation.ended_reason == "The money sent departs from the plan: 9.00 GBP in place of 1.00 GBP."
    assert transport.sent == []
    assert fresh(made).status == DeliveryStatus.DEAD


def test_the_run_stops_where_the_ledger_shows_other_money(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    effect = make_effect(destination, amount=100, currency="GBP")
    made = world.stopped(destination, effect=effect, amount=100, currency="GBP")
    waits = world.stopped(destination, amount=7, currency="GBP")
    operation = world.started(agent, made, waits, rules=Rules(canary=(1,)))
    advance(operation.id, seconds=0.1)
    effect.amount = 500
    effect.save()
    operation = world.run(operation)
    assert operation.ended_reason == "The money sent departs from the plan: 5.00 GBP in place of 1.00 GBP."
    assert fresh(waits).status == DeliveryStatus.DEAD


def test_a_lane_is_sent_in_its_order_and_ends_where_one_fails(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    good = [world.stopped(destination, lane="good") for _ in range(3)]
    bad = [world.stopped(destination, lane="bad") for _ in range(3)]
    transport.answer = lambda c: outcome(c, "business" if c.id == bad[1].id else "delivered", code="x", message="No.")
    operation = world.run(world.started(agent, *good, *bad, rules=Rules(canary=(), rate=200, stop_percent=100)))
    assert [key for key in transport.sent_keys() if key in {e.effect_key for e in good}] == [e.effect_key for e in good]
    assert [world.result_of(operation, each) for each in bad] == ["delivered", "failed", "left_out"]
    assert world.items(operation)[bad[2].id].detail == "What it waits for in its lane did not get through."
    assert operation.status == "finished"


class Killed(BaseException):
    """The worker process ends here."""


def test_a_worker_killed_between_items_loses_and_repeats_nothing(
    agent: Actor, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = make_destination()
    some = [world.stopped(destination) for _ in range(9)]
    operation = world.started(agent, *some)
    real, acted = acting.act, 0

    def dying(*args: object) -> str:
        nonlocal acted
        if acted == 4:
            raise Killed
        acted += 1
        return real(*args)  # type: ignore[arg-type]  # what the run gives

    monkeypatch.setattr(running, "act", dying)
    with pytest.raises(Killed):
        advance(operation.id, seconds=5)
    monkeypatch.setattr(running, "act", real)
    assert operation.items.filter(stage="released").count() == 4
    operation = world.run(operation)
    assert operation.status == "finished"
    assert {item.result for item in operation.items.all()} == {"delivered"}
    assert Counter(transport.sent_keys()) == Counter({each.effect_key: 1 for each in some})


def test_a_worker_killed_within_an_item_leaves_it_as_it_was(
    agent: Actor, transport: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world.stopped()
    operation = world.started(agent, made)

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("retailops.events.replay.nudge_after_commit", dies)
        with pytest.raises(Killed):
            advance(operation.id, seconds=5)
    assert (fresh(made).status, fresh(made).fence) == (DeliveryStatus.DEAD, 9)
    assert operation.items.get().stage == "judged"
    operation = world.run(operation)
    assert (operation.status, transport.sent_keys()) == ("finished", [made.effect_key])


def test_execute_takes_the_hash_of_the_plan_and_no_other(agent: Actor) -> None:
    operation = world.planned(agent, world.stopped())
    seen = operation.hash
    change_rules(agent, operation.id, Rules(rate=3))
    with pytest.raises(PlanChanged) as refused:
        execute_plan(agent, operation.id, seen)
    assert (refused.value.status, refused.value.code) == (409, "plan-changed")
    operation.refresh_from_db()
    assert (operation.status, operation.executed_at) == ("planned", None)


def test_a_double_click_starts_it_once(agent: Actor, transport: FakeTransport) -> None:
    made = world.stopped()
    operation = world.started(agent, made)
    assert execute_plan(agent, operation.id, operation.hash).executed_at == operation.executed_at
    with pytest.raises(Conflict):
        execute_plan(world.agent(), operation.id, operation.hash)
    world.run(operation)
    with pytest.raises(Conflict):
        execute_plan(agent, operation.id, operation.hash)
    assert transport.sent_keys() == [made.effect_key]
    assert Event.objects.filter(type="bulk_operation.executed").count() == 1


def test_two_plans_of_one_delivery_send_it_once(agent: Actor, transport: FakeTransport) -> None:
    made = world.stopped()
    first, second = world.planned(agent, made), world.planned(agent, made)
    for each in (first, second):
        execute_plan(agent, each.id, each.hash)
    assert (world.run(first).status, world.run(second).status) == ("finished", "finished")
    assert sorted([world.result_of(first, made), world.result_of(second, made)]) == ["changed", "delivered"]
    assert transport.sent_keys() == [made.effect_key]


def test_cancel_leaves_what_was_not_begun(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    some = [world.stopped(destination) for _ in range(4)]
    operation = world.started(agent, *some, rules=Rules(canary=(1,)))
    advance(operation.id, seconds=0.1)
    canceled = cancel_operation(agent, operation.id, "the wrong ones")
    assert (canceled.status, canceled.ended_reason) == ("canceled", "the wrong ones")
    operation = world.run(operation)
    assert Counter(item.result for item in operation.items.all()) == {"delivered": 1, "canceled": 3}
    assert len(transport.sent) == 1
    with pytest.raises(Conflict):
        cancel_operation(agent, operation.id, "again")


def test_a_stopped_run_goes_on_when_a_person_says_so(agent: Actor, transport: FakeTransport) -> None:
    destination = make_destination()
    some = [world.stopped(destination) for _ in range(3)]
    transport.answer = lambda claimed: outcome(claimed, "business", code="x")
    operation = world.run(world.started(agent, *some, rules=Rules(canary=(1,))))
    transport.answer = outcome
    assert resume_operation(agent, operation.id, "mended").id == operation.id
    operation = world.run(operation)
    assert operation.status == "finished"
    assert Counter(item.result for item in operation.items.all()) == {"failed": 1, "delivered": 2}
    again = resume_operation(agent, operation.id, "the last one")
    assert (again.resumes_id, again.total, again.filter) == (operation.id, 1, {"failed_of": str(operation.id)})
    advance(again.id, seconds=5)
    again.refresh_from_db()
    assert world.run(execute_plan(agent, again.id, again.hash)).status == "finished"
    assert {fresh(each).status for each in some} == {"delivered"}
    with pytest.raises(Conflict):
        resume_operation(agent, again.id, "once more")


def test_what_still_tries_gets_its_last_word_later(agent: Actor, transport: FakeTransport) -> None:
    made = world.stopped()
    transport.answer = lambda claimed: outcome(claimed, "transient", code="503")
    operation = world.run(world.started(agent, made, rules=Rules(canary=(), stop_after=5)))
    BulkItem.objects.update(released_at=now() - timedelta(minutes=5))
    operation = world.run(operation)
    assert (operation.status, world.result_of(operation, made)) == ("finished", "retrying")
    Delivery.objects.filter(pk=made.pk).update(status=DeliveryStatus.DELIVERED, external_reference="re_9")
    assert observe() == 1
    item = world.items(operation)[made.id]
    assert (item.result, item.detail) == ("delivered", "re_9")


def test_who_lost_the_right_meanwhile_sends_nothing_more(transport: FakeTransport) -> None:
    user = person("ops_agent")
    operation = world.started(user.actor(), world.stopped())
    RoleGrant.objects.all().delete()
    operation = world.run(operation)
    assert (operation.status, transport.sent) == ("stopped", [])
    assert operation.items.get().stage == "judged"


def test_others_do_nothing_with_it(agent: Actor) -> None:
    operation = world.planned(agent, world.stopped())
    abroad, auditor, nobody = world.agent(regions=["FR"]), person("auditor").actor(), person().actor()
    for actor, error in ((abroad, NotFound), (auditor, Denied), (nobody, NotFound)):
        for command in (execute_plan, cancel_operation, resume_operation):
            with pytest.raises(error):
                command(actor, operation.id, operation.hash)
    for command in (cancel_operation, resume_operation):
        with pytest.raises(Invalid):
            command(agent, operation.id, " ")
    before = operation.hash
    operation.refresh_from_db()
    assert (operation.status, operation.hash) == ("planned", before)
