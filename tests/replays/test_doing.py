"""Commands on many things: each once, with its result, whatever happens between two of them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from django.conf import LazySettings

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.cases import services as cases
from retailops.cases.models import Case, CaseNote
from retailops.events.models import Event
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.lib.ids import uuid7
from retailops.replays import case_commands, commands
from retailops.replays.case_commands import NOTE, RESOLVE
from retailops.replays.freezing import Selection
from retailops.replays.models import BulkItem, BulkOperation
from retailops.replays.services import cancel_operation, do_to_many, resume_operation
from retailops.replays.working import advance
from tests.cases.making import opened
from tests.workbench.world import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _by_hand(settings: LazySettings) -> None:
    settings.NUDGE_WORKERS = False


@pytest.fixture
def me() -> User:
    return person("ops_agent", name="Mia Moss")


def noting(actor: Actor, *some: Case, **more: Any) -> BulkOperation:
    """Return the operation that notes on these cases, begun and not worked yet."""
    selection = Selection(ids=[each.id for each in some])
    return do_to_many(actor, NOTE, selection, "tell them", {"text": "it is back"}, **more)


def results(operation: BulkOperation) -> list[str]:
    return list(operation.items.order_by("position").values_list("result", flat=True))


class Killed(BaseException):
    """The process ends here."""


def test_a_worker_that_dies_between_two_repeats_and_loses_nothing(me: User, monkeypatch: pytest.MonkeyPatch) -> None:
    some = [opened("EU") for _ in range(5)]
    operation = noting(me.actor(), *some)
    written: list[UUID] = []

    def dying(actor: Actor, case_id: UUID, given: Mapping[str, Any]) -> str:
        told = case_commands.RUNS[NOTE](actor, case_id, given)
        written.append(case_id)
        if len(written) == 3:  # noted, and not yet committed
            raise Killed
        return told

    before = commands.command_of(NOTE)
    monkeypatch.setitem(
        commands._commands, NOTE, commands.Command(before.permission, before.viewed_with, before.things, dying)
    )
    with pytest.raises(Killed):
        advance(operation.id, seconds=10)
    assert results(operation) == ["done", "done", "", "", ""]
    assert CaseNote.objects.filter(kind="note").count() == 2
    advance(operation.id, seconds=10)
    operation.refresh_from_db()
    assert (operation.status, results(operation)) == ("finished", ["done"] * 5)
    assert sorted(CaseNote.objects.filter(kind="note").values_list("case_id", flat=True)) == sorted(c.id for c in some)


def test_cancel_ends_what_was_not_begun_and_resume_takes_it_up(me: User) -> None:
    some = [opened("EU") for _ in range(3)]
    operation = noting(me.actor(), *some)
    advance(operation.id, seconds=0)
    assert results(operation) == ["done", "", ""]
    cancel_operation(me.actor(), operation.id, "not these")
    assert advance(operation.id, seconds=10) == 0
    assert results(operation) == ["done", "canceled", "canceled"]
    again = resume_operation(me.actor(), operation.id, "these after all")
    assert (again.resumes_id, again.total, again.status) == (operation.id, 2, "running")
    advance(again.id, seconds=10)
    assert results(again) == ["done", "done"]
    assert CaseNote.objects.filter(kind="note").count() == 3
    with pytest.raises(Conflict):
        resume_operation(me.actor(), again.id, "once more")


def test_who_loses_the_right_stops_it_and_another_goes_on(me: User) -> None:
    operation = noting(me.actor(), opened("EU"), opened("EU"))
    me.grants.all().delete()
    advance(operation.id, seconds=10)
    operation.refresh_from_db()
    assert (operation.status, results(operation)) == ("stopped", ["", ""])
    assert operation.ended_reason == "Mia Moss may not do this any more: somebody else must."
    other = person("ops_lead")
    assert resume_operation(other.actor(), operation.id, "I do").id == operation.id
    advance(operation.id, seconds=10)
    assert results(operation) == ["done", "done"]
    assert set(Event.objects.filter(type="case.noted").values_list("actor", flat=True)) == {other.actor().key}


def test_one_that_is_refused_or_breaks_stops_no_other(me: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, odd, fine = opened("EU"), opened("EU"), opened("EU")
    cases.resolve_case(me.actor(), ended.id, "done", {"ticket": "1"})
    real = cases.resolve_case

    def breaking(actor: Actor, case_id: UUID, *rest: Any) -> Case:
        if case_id == odd.id:
            raise ZeroDivisionError("odd")
        return real(actor, case_id, *rest)

    monkeypatch.setattr(cases, "resolve_case", breaking)
    given = {"reason": "mended", "evidence": "T-1"}
    selection = Selection(ids=[ended.id, odd.id, fine.id])
    operation = do_to_many(me.actor(), RESOLVE, selection, "mended", given)
    advance(operation.id, seconds=10)
    told = dict(operation.items.values_list("subject_id", "detail"))
    assert told == {
        ended.id: "The case is resolved already.", odd.id: "ZeroDivisionError: odd", fine.id: "Resolved.",
    }  # fmt: skip
    assert results(operation) == ["refused", "refused", "done"]


def test_refused_outright_nothing_is_begun(me: User) -> None:
    near, far = opened("EU"), opened("US")
    local, auditor = person("ops_agent", regions=["EU"]).actor(), person("auditor").actor()
    for actor, some, refusal in ((local, [near, far], NotFound), (auditor, [near], Denied), (me.actor(), [], Invalid)):
        with pytest.raises(refusal):
            noting(actor, *some)
    with pytest.raises(Invalid):
        do_to_many(me.actor(), NOTE, Selection(ids=[near.id]), " ", {"text": "x"})
    with pytest.raises(NotFound):
        do_to_many(me.actor(), "odd", Selection(ids=[near.id]), "why", {})
    assert (BulkOperation.objects.count(), BulkItem.objects.count(), CaseNote.objects.count()) == (0, 0, 0)


def test_a_form_is_one_operation_and_nobody_elses(me: User) -> None:
    case, id = opened("EU"), uuid7()
    first = noting(me.actor(), case, operation_id=id)
    assert noting(me.actor(), case, operation_id=id).id == first.id == id
    with pytest.raises(Conflict):
        noting(person("ops_agent").actor(), case, operation_id=id)
    assert (BulkOperation.objects.count(), BulkItem.objects.count()) == (1, 1)


def test_others_see_and_end_it_as_far_as_they_may(me: User) -> None:
    operation = noting(me.actor(), opened("EU"), opened("US"))
    for actor, refusal in (
        (person("ops_agent", regions=["EU"]).actor(), NotFound), (person("auditor").actor(), Denied),
    ):  # fmt: skip
        with pytest.raises(refusal):
            cancel_operation(actor, operation.id, "stop")
    operation.refresh_from_db()
    assert operation.status == "running"
    cancel_operation(person("ops_lead").actor(), operation.id, "stop")
