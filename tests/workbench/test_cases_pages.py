"""Cases: tabs, one case, note, take, assign, resolve."""

import re

import pytest
from django.test import Client

from retailops.accounts.models import User
from retailops.cases.models import CaseStatus
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> world.Story:
    return world.Story.told()


@pytest.fixture
def me() -> User:
    return world.person("ops_agent", name="Mia Moss")


@pytest.fixture
def agent(me: User) -> Client:
    return world.signed_in(me)


def titles(page: str) -> list[str]:
    return re.findall(r'class="row-link" href="/cases/[0-9a-f-]+/">([^<]+)</a>', page)


def test_tabs_hold_what_they_say(agent: Client, story: world.Story) -> None:
    title = story.case.title
    assert title in titles(agent.get("/cases/").content.decode())
    assert title in titles(agent.get("/cases/?tab=unassigned").content.decode())
    assert title not in titles(agent.get("/cases/?tab=mine").content.decode())
    assert agent.post(f"/cases/{story.case.id}/take/").status_code == 303
    assert title in titles(agent.get("/cases/?tab=mine").content.decode())
    assert title not in titles(agent.get("/cases/?tab=unassigned").content.decode())


def test_a_case_tells_cause_return_and_next_step(agent: Client, story: world.Story) -> None:
    page = agent.get(f"/cases/{story.case.id}/").content.decode()
    for text in ("The parcel holds a mug.", "Ask the customer.", story.rma.number):
        assert text in page


def test_notes_are_kept_with_their_author(agent: Client, story: world.Story) -> None:
    answer = agent.post(f"/cases/{story.case.id}/note/", {"text": "Called <b>her</b>."}, follow=True)
    page = answer.content.decode()
    assert "Called &lt;b&gt;her&lt;/b&gt;." in page
    assert "Mia Moss" in page


def test_an_empty_note_is_refused(agent: Client, story: world.Story) -> None:
    before = story.case.notes.count()
    assert agent.post(f"/cases/{story.case.id}/note/", {"text": " "}).status_code == 422
    assert story.case.notes.count() == before


def test_assigning_gives_it_to_a_person(agent: Client, story: world.Story) -> None:
    other = world.person("ops_agent", name="Noa North")
    assert agent.post(f"/cases/{story.case.id}/assign/", {"owner": str(other.id)}).status_code == 303
    story.case.refresh_from_db()
    assert story.case.owner == other


def test_resolving_needs_reason_and_evidence(agent: Client, me: User, story: world.Story) -> None:
    address = f"/cases/{story.case.id}/resolve/"
    for form in ({"reason": "x"}, {"evidence": "y"}):
        assert agent.post(address, form).status_code == 422
    story.case.refresh_from_db()
    assert story.case.status == CaseStatus.OPEN
    assert agent.post(address, {"reason": "Sent back to her", "evidence": "TICKET-7"}).status_code == 303
    story.case.refresh_from_db()
    assert (story.case.status, story.case.resolved_by) == (CaseStatus.RESOLVED, f"user:{me.id}")
    assert story.case.resolution_evidence == {"reference": "TICKET-7"}
