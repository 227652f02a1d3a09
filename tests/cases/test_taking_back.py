"""A note is taken back by who wrote it, for a short time; that there was one stays."""

from datetime import timedelta

import pytest

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission
from retailops.cases import services
from retailops.cases.mentions import mentions_of
from retailops.cases.models import CaseNote, GroupNote
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, NotFound
from tests.cases.making import opened, worker
from tests.factories import everyone_with
from tests.workbench import world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
KINDS = ("case", "group")


def noted(kind: str, actor: Actor, text: str = "called the bank") -> CaseNote | GroupNote:
    case = opened()
    if kind == "case":
        return services.note_case(actor, case.id, text)
    return services.note_group(actor, case.group_id, text)


def taken_back(actor: Actor, note: CaseNote | GroupNote) -> CaseNote | GroupNote:
    if isinstance(note, CaseNote):
        return services.take_back_case_note(actor, note.case_id, note.pk)
    return services.take_back_group_note(actor, note.group_id, note.pk)


@pytest.mark.parametrize("kind", KINDS)
def test_its_author_takes_it_back_once_and_the_words_stay_in_the_record(kind: str) -> None:
    author = worker()
    note = noted(kind, author)
    assert services.may_take_back(author, note)
    assert taken_back(author, note).taken_back_at is not None
    note.refresh_from_db()
    assert (note.text, services.may_take_back(author, note)) == ("called the bank", False)
    told = Event.objects.latest("position")
    assert told.type == ("case.note_taken_back" if kind == "case" else "case_group.note_taken_back")
    assert (told.actor, told.data["note"], "called" in str(told.data)) == (author.key, note.pk, False)
    before = counts()
    with pytest.raises(Conflict, match="taken back already"):
        taken_back(author, note)
    assert counts() == before


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_while_it_stays(kind: str) -> None:
    author = worker()
    note = noted(kind, author)
    type(note).objects.filter(pk=note.pk).update(at=now() - timedelta(seconds=901))
    note.refresh_from_db()
    before = counts()
    with pytest.raises(Conflict, match="too long ago"):
        taken_back(author, note)
    note.refresh_from_db()
    assert (note.taken_back_at, services.may_take_back(author, note)) == (None, False)
    assert counts() == before


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_else_takes_it_back(kind: str) -> None:
    note = noted(kind, worker())
    rights, elsewhere, nobody = everyone_with(Permission.CASES_WORK, Permission.CASES_VIEW, region="EU")
    before = counts()
    refusals: list[tuple[Actor, type[DomainError]]] = [(rights, Denied), (elsewhere, NotFound)]
    # Of a group, which is of no region, who sees no case at all is told so.
    refusals.append((nobody, NotFound if kind == "case" else Denied))
    for actor, error in refusals:
        with pytest.raises(error):
            taken_back(actor, note)
    note.refresh_from_db()
    assert note.taken_back_at is None
    assert counts() == before


def test_what_was_done_is_no_note_and_one_of_another_case_is_not_found() -> None:
    author, case, other = worker(), opened(), opened()
    services.assign_case(author, case.id, None)
    [line] = case.notes.all()
    note = services.note_case(author, other.id, "here")
    before = counts()
    for id in (line.pk, note.pk):
        with pytest.raises(NotFound):
            services.take_back_case_note(author, case.id, id)
    assert counts() == before


@pytest.mark.parametrize("kind", KINDS)
def test_whom_it_names_is_not_called_any_more(kind: str) -> None:
    ada: User = world.person("administrator", name="Ada Ames")
    author = worker()
    note = noted(kind, author, "@Ada Ames look")
    assert mentions_of(ada.actor()).count() == 1
    taken_back(author, note)
    assert mentions_of(ada.actor()).count() == 0
