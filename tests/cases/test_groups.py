"""A group's life: acknowledged, ignored until, resolved in a version, regressed; by three persons."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import RoleGrant, User
from retailops.cases import services
from retailops.cases.inputs import IgnoreIn, InVersion
from retailops.cases.mentions import mentions_of, see_mentions
from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupEnding, GroupNote, GroupState, Mention
from retailops.events.models import Destination, Event
from retailops.events.verdicts import register_versions
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.lib.ids import uuid7
from retailops.lib.money import Money
from tests.cases.making import SYSTEM, case_in, opened, reader, told_of, worker

pytestmark = pytest.mark.django_db
EVIDENCE = {"ticket": "OPS-1"}
Command = Callable[[Actor, UUID], Any]
COMMANDS: dict[str, Command] = {
    "acknowledge": lambda actor, id: services.acknowledge_group(actor, id, "on it"),
    "ignore": lambda actor, id: services.ignore_group(actor, id, IgnoreIn(count=3), "known"),
    "take up": lambda actor, id: services.take_up_group(actor, id, "again"),
    "assign": lambda actor, id: services.assign_group(actor, id, None),
    "tag": lambda actor, id: services.tag_group(actor, id, ["bank"]),
    "note": lambda actor, id: services.note_group(actor, id, "hello"),
    "resolve": lambda actor, id: services.resolve_group(actor, id, "mended", EVIDENCE),
}


def group() -> CaseGroup:
    """Return the one group as it is stored."""
    return CaseGroup.objects.get()


def state_after(*verbs: str) -> str:
    """Return the state of a fresh group after these commands."""
    opened()
    for verb in verbs:
        COMMANDS[verb](worker(), group().id)
    return group().state


@pytest.mark.parametrize(
    ("verbs", "state"),
    [
        ([], "new"),
        (["acknowledge"], "acknowledged"),
        (["ignore"], "ignored"),
        (["acknowledge", "ignore", "ignore"], "ignored"),
        (["ignore", "take up"], "ongoing"),
        (["acknowledge", "take up"], "ongoing"),
        (["acknowledge", "resolve"], "resolved"),
        (["ignore", "resolve"], "resolved"),
    ],
)
def test_moves_that_are_possible(verbs: list[str], state: str) -> None:
    assert state_after(*verbs) == state
    assert len(told_of(group().id)) == len(verbs) == GroupNote.objects.count()


@pytest.mark.parametrize(
    "verbs",
    [["take up"], ["acknowledge", "acknowledge"], ["ignore", "acknowledge"], ["resolve", "resolve"],
     ["resolve", "acknowledge"], ["resolve", "ignore"], ["resolve", "take up"]],
)  # fmt: skip
def test_moves_that_are_not(verbs: list[str]) -> None:
    state_after(*verbs[:-1])
    before = (group().state, told_of(group().id))
    with pytest.raises(Conflict):
        COMMANDS[verbs[-1]](worker(), group().id)
    assert (group().state, told_of(group().id)) == before


@pytest.mark.parametrize("verb", COMMANDS)
def test_three_persons(verb: str) -> None:
    opened("EU")
    before = CaseGroup.objects.values().get()
    with pytest.raises(NotFound):
        COMMANDS[verb](worker("US"), group().id)
    with pytest.raises(Denied):
        COMMANDS[verb](reader(), group().id)
    assert CaseGroup.objects.values().get() == before
    assert (GroupNote.objects.count(), GroupEnding.objects.count(), told_of(group().id)) == (0, 0, [])
    if verb != "take up":
        COMMANDS[verb](worker("EU"), group().id)


@pytest.mark.parametrize("verb", ["acknowledge", "ignore", "assign", "resolve"])
def test_what_changes_every_case_takes_a_say_over_every_case(verb: str) -> None:
    opened("EU"), opened("US")
    with pytest.raises(Denied, match="other regions"):
        COMMANDS[verb](worker("EU"), group().id)
    assert (group().state, told_of(group().id)) == ("ongoing", [])
    COMMANDS[verb](worker("EU", "US"), group().id)


def test_notes_and_tags_take_one_region() -> None:
    opened("EU"), opened("US")
    services.tag_group(worker("EU"), group().id, [" Bank  Holiday ", "bank holiday", "EU"])
    services.note_group(worker("US"), group().id, "seen here too")
    assert group().tags == ["bank holiday", "eu"]
    assert told_of(group().id) == ["case_group.tagged", "case_group.noted"]
    with pytest.raises(Invalid):
        services.tag_group(worker(), group().id, ["<b>"])
    assert group().tags == ["bank holiday", "eu"]


@pytest.mark.parametrize(
    ("until", "pointers"),
    [
        (IgnoreIn(), ["/until"]),
        (IgnoreIn(until=now() - timedelta(hours=1)), ["/until"]),
        (IgnoreIn(count=0), ["/count"]),
        (IgnoreIn(money=Money(0, "GBP")), ["/amount"]),
    ],
)
def test_ignoring_needs_an_end(until: IgnoreIn, pointers: list[str]) -> None:
    opened()
    with pytest.raises(Invalid) as refused:
        services.ignore_group(worker(), group().id, until, "known")
    assert [fault.pointer for fault in refused.value.errors] == pointers
    assert group().state == "new"


def test_the_database_itself_refuses_to_ignore_for_ever() -> None:
    opened()
    with pytest.raises(IntegrityError, match="ignored_until_something"), transaction.atomic():
        CaseGroup.objects.update(state=GroupState.IGNORED)


def test_it_is_ignored_until_a_count() -> None:
    opened()
    services.ignore_group(worker(), group().id, IgnoreIn(count=2), "known")
    opened()
    assert (group().state, group().ignore_count_left) == ("ignored", 1)
    opened()
    assert (group().state, group().ignore_count_left, group().state_by) == ("ongoing", None, SYSTEM.key)
    assert told_of(group().id) == ["case_group.ignored", "case_group.woke"]


def test_it_is_ignored_until_an_amount_in_its_currency() -> None:
    opened()
    services.ignore_group(worker(), group().id, IgnoreIn(money=Money(4000, "GBP")), "small change")
    opened(money=Money(999_999, "EUR")), opened(money=None), opened()
    assert (group().state, group().ignore_amount_left) == ("ignored", 2001)
    opened(money=Money(2001, "GBP"))
    assert group().state == "ongoing"


def test_it_is_ignored_until_a_time() -> None:
    opened()
    services.ignore_group(worker(), group().id, IgnoreIn(until=now() + timedelta(hours=1)), "known")
    assert services.wake_groups() == 0
    CaseGroup.objects.update(ignored_until=now() - timedelta(seconds=1))
    assert (services.wake_groups(), services.wake_groups()) == (1, 0)
    assert group().state == "ongoing"
    assert told_of(group().id)[-1] == "case_group.woke"


def test_resolving_leaves_its_cases_to_their_deliveries() -> None:
    case = opened()
    services.resolve_group(worker(), group().id, "mapping mended", EVIDENCE)
    case.refresh_from_db()
    assert (case.status, group().state) == ("open", "resolved")
    services.resolve_troubles(SYSTEM, case.dedupe_key, "Delivered.", EVIDENCE)
    assert group().state == "resolved"
    assert GroupEnding.objects.get().reason == "mapping mended"


@pytest.mark.parametrize(("reason", "evidence"), [("", EVIDENCE), ("mended", {})])
def test_resolving_needs_reason_and_evidence(reason: str, evidence: dict[str, Any]) -> None:
    opened()
    with pytest.raises(Invalid):
        services.resolve_group(worker(), group().id, reason, evidence)
    assert (group().state, GroupEnding.objects.count()) == ("new", 0)


def test_what_comes_after_the_end_does_not_end_with_it() -> None:
    opened()
    services.resolve_group(worker(), group().id, "paid by hand", EVIDENCE, end_cases=True)
    later = opened()
    assert services.finish_endings() == 0
    later.refresh_from_db()
    assert (later.status, group().state) == ("open", "regressed")


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
    """Let a destination named stripe exist whose versions a test sets."""
    present = {"now": (3, 7)}
    Destination.objects.create(kind="handler", name="stripe", system="stripe")
    monkeypatch.setattr("retailops.events.verdicts._versions", {})
    register_versions("handler", lambda destination: present["now"])
    return present


@pytest.mark.parametrize(
    ("in_version", "resolved_in"),
    [(InVersion.PRESENT, (3, 7)), (InVersion.NEXT_MAPPING, (3, 8)), (InVersion.NEXT_CONFIG, (4, 7)),
     (InVersion.ANY, (None, None))],
)  # fmt: skip
def test_it_is_resolved_in_a_version(
    versions: dict[str, tuple[int, int]], in_version: str, resolved_in: tuple[int | None, int | None]
) -> None:
    opened(versions=(3, 7))
    services.resolve_group(worker(), group().id, "mended", EVIDENCE, in_version=in_version)
    assert (group().resolved_config_version, group().resolved_mapping_version) == resolved_in


@pytest.mark.parametrize(
    ("seen_in", "state"), [((3, 7), "ongoing"), ((3, 8), "regressed"), ((4, 9), "regressed"), (None, "regressed")]
)
def test_seen_again_it_regresses_from_that_version_on(
    versions: dict[str, tuple[int, int]], seen_in: tuple[int, int] | None, state: str
) -> None:
    opened(versions=(3, 7))
    services.resolve_group(worker(), group().id, "mended", EVIDENCE, in_version=InVersion.NEXT_MAPPING)
    opened(versions=seen_in)
    assert group().state == state
    assert (GroupEnding.objects.get().came_back_at is not None) == (state == "regressed")
    assert ("case_group.regressed" in told_of(group().id)) == (state == "regressed")


def test_a_straggler_leaves_the_version_to_hold(versions: dict[str, tuple[int, int]]) -> None:
    first = opened(versions=(3, 7))
    services.resolve_group(worker(), group().id, "mended", EVIDENCE, in_version=InVersion.NEXT_MAPPING)
    services.resolve_case(worker(), first.id, "mended", EVIDENCE)
    late = opened(versions=(3, 7))
    services.resolve_troubles(SYSTEM, late.dedupe_key, "Delivered.", EVIDENCE)
    assert (group().state, group().resolved_mapping_version) == ("resolved", 8)
    opened(versions=(3, 7))
    assert group().state == "ongoing"


def test_a_group_of_no_connection_is_resolved_in_no_version() -> None:
    opened(connection="", versions=None)
    with pytest.raises(Invalid):
        services.resolve_group(worker(), group().id, "mended", EVIDENCE, in_version=InVersion.PRESENT)
    assert group().state == "new"


def test_memory_tells_how_often_a_mending_held() -> None:
    for _ in range(2):
        case = opened()
        services.resolve_case(worker(), case.id, "sent again", EVIDENCE)
    held = [(each.reason, each.came_back_at is None, each.cases) for each in GroupEnding.objects.order_by("id")]
    assert held == [("sent again", False, 0), ("sent again", True, 0)]


def test_reopening_a_case_says_that_the_mending_did_not_hold() -> None:
    case = opened()
    services.resolve_case(worker(), case.id, "sent again", EVIDENCE)
    services.reopen_case(worker(), case.id, "it was not")
    assert group().state == "ongoing"
    assert GroupEnding.objects.get().came_back_at is not None


def test_two_last_cases_that_ended_at_once_are_settled_by_the_sweep() -> None:
    opened()
    ended = {"resolved_at": now(), "resolved_by": "user:x", "resolution_reason": "done"}
    Case.objects.update(status=CaseStatus.RESOLVED, resolution_evidence=EVIDENCE, **ended)
    assert (services.settle_groups(), services.settle_groups()) == (1, 0)
    assert (group().state, GroupEnding.objects.get().reason) == ("resolved", "done")


def a_person(name: str, email: str, role: str = "ops_agent", regions: list[str] | None = None) -> User:
    """Return a person with a role."""
    user = User.objects.create_user(email, "x" * 12, name=name)
    RoleGrant.objects.create(user=user, role=role, regions=regions or ["*"])
    return user


def test_whom_a_note_names_finds_it() -> None:
    case = opened()
    mia, noa = a_person("Mia Moss", "mia@example.com"), a_person("Noa North", "n.north@example.com")
    services.note_group(worker(), group().id, "@mia moss and @n.north, please look. Not x@mia.example")
    services.note_case(worker(), case.id, "@Mia Moss: called")
    assert [str(each.person) for each in Mention.objects.order_by("id")] == ["Mia Moss", "Noa North", "Mia Moss"]
    assert (mentions_of(mia.actor()).count(), mentions_of(noa.actor()).count()) == (2, 1)
    assert see_mentions(mia.actor()) == 2
    assert (mentions_of(mia.actor()).count(), see_mentions(mia.actor())) == (0, 0)
    assert list(Event.objects.filter(type="mentions.seen").values_list("data__count", flat=True)) == [2]


def test_nobody_is_called_to_a_closed_door() -> None:
    case = opened("EU")
    a_person("Fay French", "fay@example.com", regions=["FR"])
    for command in (
        lambda: services.note_group(worker(), group().id, "@fay look"),
        lambda: services.note_case(worker(), case.id, "@fay look"),
    ):
        with pytest.raises(Invalid, match="Fay French may not see this"):
            command()
    assert (Mention.objects.count(), GroupNote.objects.count(), case.notes.count()) == (0, 0, 0)


def test_a_group_of_unknown_id() -> None:
    with pytest.raises(NotFound):
        services.acknowledge_group(worker(), uuid7(), "x")


def test_the_owner_of_a_group_must_be_a_person() -> None:
    opened()
    mia = a_person("Mia Moss", "mia@example.com")
    with pytest.raises(Invalid):
        services.assign_group(worker(), group().id, uuid7())
    services.assign_group(worker(), group().id, mia.id)
    assert (group().owner, Case.objects.get().owner) == (mia, None)


def test_a_case_keeps_where_and_how_it_failed() -> None:
    case = services.open_case(SYSTEM, case_in(versions=(2, 5)))
    assert (case.connection, case.failure_class, case.failure_code, case.release) == (
        "stripe", "business", "charge_disputed", "stripe 2.5",
    )  # fmt: skip
