"""Promises are drafted, activated, followed and retired; calendars are revised."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.permissions import Permission
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.sla import book, services
from retailops.sla.inputs import CalendarIn, PolicyDraftIn
from retailops.sla.models import PolicyStatus, SlaCalendar, SlaClock, SlaPolicy
from retailops.sla.preview import preview
from tests.factories import actor_with, everyone_with, unique
from tests.sla.promising import SYSTEM, a_return, promise, tell

pytestmark = pytest.mark.django_db
MANAGE, VIEW = Permission.POLICIES_MANAGE, Permission.POLICIES_VIEW
BOSS = actor_with(MANAGE, VIEW)


def content(**fields: Any) -> PolicyDraftIn:
    return PolicyDraftIn(**({"title": "Inspect", "target_seconds": 7200, "warn_seconds": 3600} | fields))


def hours(name: str, **fields: Any) -> CalendarIn:
    week: Any = {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], "sat": [["10:00", "24:00"]]}
    return CalendarIn.model_validate(
        {"name": name, "title": "Shop", "timezone": "Europe/London", "hours": week} | fields
    )


def test_a_version_is_drafted_edited_activated_and_ends_the_former() -> None:
    old = promise()
    draft = services.draft_policy(actor=BOSS, based_on=old.id)
    assert (draft.version, draft.status, draft.based_on, draft.starts) == (2, "draft", old.label, old.starts)
    draft = services.edit_draft(actor=BOSS, policy_id=draft.id, draft=content(), revision=1)
    assert (draft.target_seconds, draft.warn_seconds, draft.revision, draft.stops) == (7200, 3600, 2, old.stops)
    active = services.activate_policy(actor=BOSS, policy_id=draft.id, reason="slower")
    old.refresh_from_db()
    assert active.effective_from is not None
    assert old.effective_to == active.effective_from > now() + book.LEAD - timedelta(seconds=5)
    assert (old.status, active.status) == (PolicyStatus.ACTIVE, PolicyStatus.ACTIVE)
    told = Event.objects.get(type="sla.policy_activated", subject_id=active.id)
    assert told.data["ended"] == [old.label]
    kinds = Event.objects.filter(subject_id=active.id).order_by("position").values_list("type", flat=True)
    assert list(kinds) == ["sla.policy_drafted", "sla.policy_edited", "sla.policy_activated"]


def test_another_scope_does_not_end_it_and_another_draft_of_the_scope_is_refused() -> None:
    old = promise()
    draft = services.draft_policy(actor=BOSS, based_on=old.id)
    with pytest.raises(Conflict, match="begun already"):
        services.draft_policy(actor=BOSS, based_on=old.id)
    services.edit_draft(actor=BOSS, policy_id=draft.id, draft=content(region="de"))
    services.activate_policy(actor=BOSS, policy_id=draft.id, reason="Germany is quicker")
    old.refresh_from_db()
    assert old.effective_to is None


@pytest.mark.parametrize("change", [{"target_seconds": 1}, {"starts": []}, {"region": "de"}, {"status": "draft"}])
def test_what_was_in_force_is_never_edited(change: dict[str, Any]) -> None:
    policy = promise()
    with pytest.raises(Conflict, match="not a draft"):
        services.edit_draft(actor=BOSS, policy_id=policy.id, draft=content())
    with pytest.raises(IntegrityError), transaction.atomic():
        SlaPolicy.objects.filter(pk=policy.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        SlaPolicy.objects.filter(pk=policy.pk).delete()


def test_a_stale_edit_is_refused_and_changes_nothing() -> None:
    draft = services.draft_policy(actor=BOSS, based_on=promise().id)
    services.edit_draft(actor=BOSS, policy_id=draft.id, draft=content(), revision=1)
    with pytest.raises(Conflict, match="Somebody changed it"):
        services.edit_draft(actor=BOSS, policy_id=draft.id, draft=content(target_seconds=9999), revision=1)
    draft.refresh_from_db()
    assert draft.target_seconds == 7200


def test_retired_it_starts_no_clock_and_the_wider_one_applies() -> None:
    wide = promise()
    narrow = promise(wide.name, region="uk")
    retired = services.retire_policy(actor=BOSS, policy_id=narrow.id, reason="no need")
    assert (retired.status, retired.effective_to is not None) == (PolicyStatus.RETIRED, True)
    with pytest.raises(Conflict):
        services.retire_policy(actor=BOSS, policy_id=narrow.id, reason="again")
    with pytest.raises(Invalid):
        services.retire_policy(actor=BOSS, policy_id=wide.id, reason=" ")


def test_three_persons() -> None:
    policy = promise(region="uk")
    rights, elsewhere, nobody = everyone_with(MANAGE, VIEW)
    draft = services.draft_policy(actor=rights, based_on=policy.id)
    with pytest.raises(Denied):  # it would hold where this person has no say
        services.edit_draft(actor=rights, policy_id=draft.id, draft=content(region="de"))
    for actor in (elsewhere, nobody):
        with pytest.raises(NotFound):
            services.draft_policy(actor=actor, based_on=policy.id)
        with pytest.raises(NotFound):
            services.activate_policy(actor=actor, policy_id=draft.id, reason="x")
    with pytest.raises(Denied):
        services.revise_calendar(actor=rights, calendar=hours(unique("c")))
    assert SlaPolicy.objects.filter(name=policy.name).count() == 2
    draft.refresh_from_db()
    assert (draft.status, draft.region) == ("draft", "uk")


def test_a_calendar_is_revised_with_the_promises_that_count_by_it() -> None:
    name = unique("c")
    first = services.revise_calendar(actor=BOSS, calendar=hours(name))
    assert services.revise_calendar(actor=BOSS, calendar=hours(name)).pk == first.pk
    policy = promise(calendar=first)
    holidays: Any = [{"date": "2026-12-25", "name": "Christmas Day"}]
    second = services.revise_calendar(actor=BOSS, calendar=hours(name, holidays=holidays))
    assert (second.version, second.holidays) == (2, holidays)
    policy.refresh_from_db()
    follower = SlaPolicy.objects.get(name=policy.name, version=2)
    assert (follower.calendar_id, follower.status, follower.effective_from) == (
        second.id,
        "active",
        policy.effective_to,
    )
    assert (follower.target_seconds, follower.starts) == (policy.target_seconds, policy.starts)
    assert Event.objects.get(type="sla.calendar_revised", subject_id=second.id).data["policies"] == [follower.label]
    with pytest.raises(IntegrityError), transaction.atomic():
        SlaCalendar.objects.filter(pk=first.pk).update(title="other")


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": {}},
        {"hours": {"mon": [["09:00", "08:00"]]}},
        {"hours": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}},
        {"timezone": "Nowhere/Land"},
    ],
)
def test_impossible_hours_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        hours("c_1", **wrong)


def test_the_preview_counts_what_another_target_would_have_broken() -> None:
    policy = promise()
    for minutes, channel in [(10, "web"), (40, "web"), (50, "till"), (90, "web")]:
        rma = a_return(channel=channel)
        tell("received", rma, ago=timedelta(minutes=minutes))
        tell("inspected", rma)
    draft = services.draft_policy(actor=BOSS, based_on=policy.id)
    draft = services.edit_draft(actor=BOSS, policy_id=draft.id, draft=content(target_seconds=1800, warn_seconds=None))
    found = preview(SYSTEM, draft)
    assert (found.clocks, found.were, found.would, found.sampled) == (4, 1, 3, False)
    assert found.by_channel == [("web", 2), ("till", 1)]
    narrow = services.edit_draft(
        actor=BOSS, policy_id=draft.id, draft=content(target_seconds=60, warn_seconds=None, channel="till")
    )
    assert preview(SYSTEM, narrow).clocks == 1


def test_moves_are_edited_by_events_of_the_catalogue() -> None:
    draft = services.draft_policy(actor=BOSS, based_on=promise().id)
    moves: dict[str, Any] = {
        "starts": [{"type": "return.requested"}], "stops": [{"type": "refund.succeeded", "at": "recorded"}],
        "pauses": [{"type": "refund.action_required", "where": {"currency": "GBP"}}],
    }  # fmt: skip
    draft = services.edit_draft(actor=BOSS, policy_id=draft.id, draft=content(**moves))
    assert draft.starts == [{"type": "return.requested", "at": "", "where": {}}]
    assert draft.stops == [{"type": "refund.succeeded", "at": "recorded", "where": {}}]
    assert draft.pauses == [{"type": "refund.action_required", "at": "", "where": {"currency": "GBP"}}]


@pytest.mark.parametrize(
    ("moves", "pointer"),
    [
        ({"starts": []}, "/starts"),
        ({"stops": []}, "/stops"),
        ({"stops": [{"type": "delivery.dead"}]}, "/stops/0/type"),
        ({"pauses": [{"type": "refund.pending", "where": {"mood": "bad"}}]}, "/pauses/0/where"),
        ({"starts": [{"type": "return.requested", "at": "yesterday"}]}, "/starts/0/at"),
    ],
)
def test_moves_that_tell_of_no_such_thing_are_refused(moves: dict[str, Any], pointer: str) -> None:
    draft = services.draft_policy(actor=BOSS, based_on=promise().id)
    with pytest.raises(Invalid) as refused:
        services.edit_draft(actor=BOSS, policy_id=draft.id, draft=content(**moves))
    assert [fault.pointer for fault in refused.value.errors] == [pointer]
    draft.refresh_from_db()
    assert (draft.revision, draft.target_seconds) == (1, 3600)


def test_the_preview_lets_the_events_of_those_days_move_the_clocks_anew() -> None:
    policy = promise()
    for minutes in (10, 90):
        rma = a_return()
        tell("received", rma, ago=timedelta(minutes=minutes))
        tell("inspected", rma)
    silent = a_return(channel="till")
    tell("inspected", silent, ago=timedelta(minutes=70))
    draft = services.draft_policy(actor=BOSS, based_on=policy.id)
    assert not preview(SYSTEM, draft).moved
    moves: dict[str, Any] = {"starts": [{"type": "return_line.inspected"}], "stops": [{"type": "return_line.received"}]}
    draft = services.edit_draft(
        actor=BOSS, policy_id=draft.id, draft=content(target_seconds=3600, warn_seconds=None, **moves)
    )
    before = SlaClock.objects.count()
    found = preview(SYSTEM, draft)
    assert (found.moved, found.clocks, found.were, found.would) == (True, 3, 1, 1)
    assert (found.fresh, found.gone) == (1, 0)
    assert found.by_channel == [("till", 1)]
    assert preview(actor_with(), draft).clocks == 0
    assert SlaClock.objects.count() == before
