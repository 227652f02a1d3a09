"""Clocks follow events in the publishing transaction."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from retailops.events.models import Event
from retailops.events.publish import append, compose
from retailops.lib.clock import now
from retailops.sla.models import ClockState, SlaCalendar, SlaClock, SlaPolicy
from retailops.sla.sweeping import look_at_clocks
from returns.enums import ReturnKind
from returns.events.lines import LineInspected, LineReceiptReversed, LineReceived, LineShort
from returns.inputs import BlindReceiptIn, read
from returns.kinds import TRAITS
from returns.services.blind import receive_blind
from tests.factories import make_inspection, make_location, make_order, make_receipt, make_return, unique
from tests.sla.promising import SYSTEM, a_return, clock, promise, tell

pytestmark = pytest.mark.django_db
MINUTES = timedelta(minutes=1)
SCOPE = {"channel": "shopify-uk", "region": "uk", "brand": "acme", "legal_entity": "ACME-UK", "currency": "GBP"}


def moved(policy: Any, subject: Any) -> SlaClock:
    found = clock(policy, subject)
    assert found is not None
    return found


def test_a_clock_starts_with_its_event_and_is_due_after_its_target() -> None:
    policy, rma = promise(warn_seconds=2400), a_return()
    told = tell("received", rma, ago=10 * MINUTES)
    found = moved(policy, rma)
    assert (found.state, found.policy_id, found.started_at) == (ClockState.RUNNING, policy.id, told.occurred_at)
    assert found.due_at == told.occurred_at + timedelta(hours=1)
    assert found.warn_at == found.look_at == told.occurred_at + timedelta(minutes=40)
    assert (found.region, found.brand, found.channel) == ("uk", "acme", "web")
    assert (found.ended_at, found.elapsed_seconds, found.breached_at, found.warned_at) == (None, None, None, None)
    assert found.marks == [["start", told.occurred_at.isoformat(), str(told.id)]]


def test_a_stop_in_time_meets_it_and_tells_nobody() -> None:
    policy, rma = promise(), a_return()
    began, done = tell("received", rma, ago=50 * MINUTES), tell("inspected", rma, ago=20 * MINUTES)
    found = moved(policy, rma)
    assert (found.state, found.ended_at, found.breached_at, found.look_at) == ("met", done.occurred_at, None, None)
    assert found.elapsed_seconds == (done.occurred_at - began.occurred_at).total_seconds()
    assert not Event.objects.filter(type__startswith="sla.", subject_id=rma.id).exists()


def test_a_breach_is_the_due_time_and_is_told_once() -> None:
    policy, rma = promise(), a_return()
    told = tell("received", rma, ago=90 * MINUTES)
    assert look_at_clocks() == 1
    assert look_at_clocks() == 0
    found = moved(policy, rma)
    assert found.state == ClockState.RUNNING
    assert found.breached_at == found.due_at == told.occurred_at + timedelta(hours=1)
    breach = Event.objects.get(type="sla.breached", subject_id=rma.id)
    assert datetime.fromisoformat(breach.data["due_at"]) == found.due_at
    assert (breach.policy_version, breach.correlation_id) == (policy.label, rma.correlation_id)


def test_a_warning_comes_before_the_breach_and_not_after_it() -> None:
    early, late, policy = a_return(), a_return(), promise(warn_seconds=1800)
    tell("received", early, ago=40 * MINUTES)
    tell("received", late, ago=70 * MINUTES)
    look_at_clocks()
    assert Event.objects.filter(type="sla.warned").values_list("subject_id", flat=True).get() == early.id
    assert Event.objects.filter(type="sla.breached").values_list("subject_id", flat=True).get() == late.id
    found = moved(policy, early)
    assert (found.warned_at, found.look_at) == (found.warn_at, found.due_at)


def test_done_after_a_breach_is_late_and_told() -> None:
    policy, rma = promise(), a_return()
    tell("received", rma, ago=90 * MINUTES)
    look_at_clocks()
    tell("inspected", rma)
    found = moved(policy, rma)
    assert (found.state, found.breached_at) == ("met", found.due_at)
    met = Event.objects.get(type="sla.met", subject_id=rma.id)
    assert met.data["late"] is True


def test_a_fact_recorded_late_takes_the_breach_back_and_leaves_a_trace() -> None:
    policy, rma = promise(), a_return()
    tell("received", rma, ago=90 * MINUTES)
    look_at_clocks()
    done = tell("inspected", rma, ago=45 * MINUTES)
    found = moved(policy, rma)
    assert (found.state, found.breached_at, found.ended_at) == ("met", None, done.occurred_at)
    assert (found.withdrawn_at, found.breach_told_at) == (done.recorded_at, None)
    kinds = Event.objects.filter(subject_id=rma.id, type__startswith="sla.").order_by("position")
    assert list(kinds.values_list("type", flat=True)) == ["sla.breached", "sla.breach_withdrawn", "sla.met"]


def test_an_earlier_start_recorded_later_counts() -> None:
    policy, rma = promise(), a_return()
    tell("received", rma, ago=10 * MINUTES)
    earlier = tell("received", rma, ago=30 * MINUTES)
    later = tell("received", rma, ago=5 * MINUTES)
    found = moved(policy, rma)
    assert found.started_at == earlier.occurred_at
    assert [mark[2] for mark in found.marks].count(str(later.id)) == 0


def test_pauses_put_the_due_time_off_exactly() -> None:
    policy = promise(pauses=[{"type": "return_line.short"}], resumes=[{"type": "return_line.receipt_reversed"}])
    rma = a_return()
    began = tell("received", rma, ago=50 * MINUTES)
    tell(LineShort, rma, ago=40 * MINUTES)
    found = moved(policy, rma)
    assert (found.state, found.due_at, found.look_at) == (ClockState.PAUSED, None, None)
    paused, going = tell(LineShort, rma, ago=41 * MINUTES), tell(LineReceiptReversed, rma, ago=15 * MINUTES)
    found = moved(policy, rma)
    assert (found.state, found.look_at) == (ClockState.RUNNING, found.due_at)
    assert found.due_at == began.occurred_at + timedelta(hours=1) + (going.occurred_at - paused.occurred_at)


def test_a_cancellation_ends_it_and_a_revival_lets_it_go_on() -> None:
    cancels, revives = [{"type": "return_line.short"}], [{"type": "return_line.receipt_reversed"}]
    policy, rma = promise(cancels=cancels, revives=revives), a_return()
    began = tell("received", rma, ago=50 * MINUTES)
    off = tell(LineShort, rma, ago=40 * MINUTES)
    assert (moved(policy, rma).state, moved(policy, rma).look_at) == (ClockState.CANCELED, None)
    again = tell(LineReceiptReversed, rma, ago=10 * MINUTES)
    found = moved(policy, rma)
    assert (found.state, found.ended_at) == (ClockState.RUNNING, None)
    assert found.due_at == began.occurred_at + timedelta(hours=1) + (again.occurred_at - off.occurred_at)


def test_the_most_specific_version_in_force_applies() -> None:
    wide = promise()
    narrow = promise(wide.name, region="uk", target_seconds=600)
    narrower = promise(wide.name, region="uk", channel="web", target_seconds=60)
    promise(wide.name, region="de", target_seconds=1)
    promise(wide.name, region="uk", channel="web", brand="acme", effective_from=now() + timedelta(days=1))
    for scope, expected in [({}, narrower), ({"channel": "till"}, narrow), ({"region": "fr"}, wide)]:
        rma = a_return(**scope)
        tell("received", rma)
        assert moved(wide, rma).policy_id == expected.id


def test_a_running_clock_keeps_its_version() -> None:
    old, rma = promise(), a_return()
    tell("received", rma, ago=30 * MINUTES)
    new = promise(old.name, stops=[{"type": "return_line.short"}], target_seconds=60)
    tell(LineShort, rma)
    found = moved(old, rma)
    assert (found.policy_id, found.state, found.target_seconds) == (old.id, ClockState.RUNNING, 3600)
    other = a_return()
    tell("received", other)
    assert moved(old, other).policy_id == new.id


def test_business_hours_count() -> None:
    week = {day: [["09:00", "10:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    calendar = SlaCalendar.objects.create(name=unique("c"), title="Mornings", hours=week)
    policy, rma = promise(calendar=calendar, target_seconds=2 * 3600), a_return()
    told = tell("received", rma)
    found = moved(policy, rma)
    assert found.due_at is not None
    assert (found.due_at - told.occurred_at) > timedelta(hours=23)


def test_a_command_that_fails_leaves_no_clock() -> None:
    policy, rma = promise(), a_return()
    with transaction.atomic():
        tell("received", rma)
        assert clock(policy, rma) is not None
        transaction.set_rollback(True)
    assert clock(policy, rma) is None


def test_a_start_costs_one_statement_a_batch_and_what_nobody_listens_to_none() -> None:
    policy = promise()
    rmas = [a_return() for _ in range(10)]
    tell("received", a_return())  # the book is read, the statement prepared
    events = [_event(LineReceived, rma) for rma in rmas] + [_event(LineInspected, rma) for rma in rmas[:5]]
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        append(events, {event.id: "lane" for event in events})
    assert not [query for query in queries if "sla_" in query["sql"] and "FOR NO KEY UPDATE" in query["sql"]]
    assert SlaClock.objects.filter(name=policy.name, state="met").count() == 5
    assert SlaClock.objects.filter(name=policy.name, state="running").count() >= 5
    unheard = [_event(LineShort, rmas[0])]
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        append(unheard, {unheard[0].id: "lane"})
    assert not [query for query in queries if "sla_" in query["sql"]]


def _event(kind: Any, rma: Any) -> Event:
    fact = kind(return_id=str(rma.id), number="R", line_no=1, sku="S", quantity=1)
    return compose(fact, subject=rma, actor=SYSTEM)


def test_a_real_return_runs_the_shipped_promises() -> None:
    order = make_order()
    captured = moved("order_ingestion", order.id)
    assert (captured.state, captured.started_at, captured.breached_at) == ("met", order.placed_at, captured.due_at)
    rma = make_return(order)
    assert moved("decision", rma.id).state == "met"
    assert moved("refund_cycle", rma.id).state == "running"
    make_receipt(rma)
    assert moved("receipt_to_inspection", rma.id).state == "running"
    make_inspection(rma)
    assert moved("receipt_to_inspection", rma.id).state == "met"
    assert {moved("inspection_to_refund", rma.id).state, moved("refund_cycle", rma.id).state} == {"running"}


def test_what_nobody_asked_for_waits_for_no_decision() -> None:
    parcel = {"scan_id": unique("scan-"), "location": make_location().code, "lines": [{"sku": "S", "quantity": 1}]}
    blind = receive_blind(actor=SYSTEM, receipt=read(BlindReceiptIn, parcel | SCOPE))
    assert set(SlaClock.objects.filter(subject_id=blind.id).values_list("name", "state")) == {
        ("refund_cycle", "running"), ("receipt_to_inspection", "running"), ("receipt_to_stock", "running"),
    }  # fmt: skip


def test_a_decision_is_waited_for_of_every_kind_that_somebody_asks_for() -> None:
    [start] = SlaPolicy.objects.get(name="decision", version=1).starts
    asked_for = {kind for kind in ReturnKind if TRAITS[kind].requestable}
    assert set(start["where"]["kind"]) == asked_for
    assert asked_for == set(ReturnKind) - {ReturnKind.BLIND, ReturnKind.RETURN_TO_SENDER}
