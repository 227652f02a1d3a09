"""Nobody sees or does on a page what the role, region or brand does not allow; every address is walked."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from connectors.web import urls as connection_urls
from reconciliation.web import urls as discrepancy_urls
from retailops.accounts.models import DeniedAttempt
from retailops.lib.ids import uuid7
from retailops.workbench import urls as workbench_urls
from returns.models import Return
from returns.web import customer_urls, order_urls
from returns.web import urls as return_urls
from tests.workbench import world

pytestmark = pytest.mark.django_db

MODULES = (workbench_urls, return_urls, order_urls, customer_urls, discrepancy_urls, connection_urls)
OPEN_TO_ALL = {"workbench:home"}
# These lists are open to a person of another region; they are empty for it.
LISTS = {
    "workbench:cases",
    "workbench:dead",
    "workbench:search",
    "workbench:approvals",
    "returns:list",
    "returns:export",
    "customers:list",
    "discrepancies:list",
    "discrepancies:truth",
}
# Rules of the whole house: seen by who may see policies, changed by an administrator alone, whatever the region.
RULES = {"discrepancies:own", "discrepancies:disown"}


def routes() -> list[tuple[str, URLPattern]]:
    return [
        (f"{module.app_name}:{pattern.name}", pattern)
        for module in MODULES
        for pattern in module.urlpatterns
        if isinstance(pattern, URLPattern)
    ]


ROUTES = routes()
NAMES = [name for name, _ in ROUTES]


@pytest.fixture
def story() -> world.Story:
    return world.Story.told()


def addresses(story: world.Story, pattern: URLPattern, name: str) -> Iterator[str]:
    """Yield the addresses of a pattern that belong to the story."""
    known: dict[str, list[Any]] = {
        "number": [story.rma.number],
        "correlation_id": [story.rma.correlation_id],
        "delivery_id": [story.delivery.id],
        "case_id": [story.case.id],
        "name": [story.connection.name],
        "refund_id": [uuid7()],
        "receipt_id": [story.rma.receipts.get().id],
        "verdict": ["approve"],
        "step": ["snooze"],
        "order_id": [story.rma.order_id],
        "customer_id": [story.merge.winner_id],
        "other_id": [story.rma.customer_id],
        "merge_id": [story.merge.id],
        "discrepancy_id": [story.discrepancy.id],
        "repair": ["leave"],
        "truth_id": [story.truth.pk],
        "approval_id": [story.approval.id],
        "key": ["receive", "cancel"] if name.startswith("returns:") else ["lost_answer"],
    }
    taken = pattern.pattern.regex.groupindex
    kwargs = {key: known[key][0] for key in taken}
    yield reverse(name, kwargs=kwargs)
    if "key" in taken:
        for other in known["key"][1:]:
            yield reverse(name, kwargs=kwargs | {"key": other})


@pytest.mark.parametrize(("name", "pattern"), ROUTES, ids=NAMES)
def test_nobody_gets_in_without_signing_in(story: world.Story, name: str, pattern: URLPattern) -> None:
    for address in addresses(story, pattern, name):
        for answer in (Client().get(address), Client().post(address)):
            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize(("name", "pattern"), ROUTES, ids=NAMES)
def test_a_person_without_a_role_sees_and_does_nothing(story: world.Story, name: str, pattern: URLPattern) -> None:
    client = world.signed_in(world.person())
    before = world.counts()
    for address in addresses(story, pattern, name):
        shown = client.get(address)
        assert shown.status_code in ({200} if name in OPEN_TO_ALL else {403, 404, 405}), address
        sent = client.post(address, {"reason": "because", "text": "x", "on": "1", "evidence": "y", "wake": "hour"})
        assert sent.status_code in {403, 404, 405}, address
        for told in (shown.content.decode(), sent.content.decode()):
            assert story.rma.number not in told or story.rma.number in address
            assert story.case.title not in told
    assert world.counts() == before


@pytest.mark.parametrize(("name", "pattern"), [r for r in ROUTES if r[0].split(":")[0] != "connections"])
def test_a_person_of_another_region_does_not_learn_of_it(story: world.Story, name: str, pattern: URLPattern) -> None:
    client = world.signed_in(world.person("ops_lead", regions=["FR"]))
    before = world.counts()
    for address in addresses(story, pattern, name):
        shown = client.get(address)
        expected = {200} if name in OPEN_TO_ALL | LISTS else {403} if name in RULES else {404, 405}
        assert shown.status_code in expected, address
        body = world.body_of(shown)
        assert story.case.title not in body
        assert str(story.delivery.id) not in body
        assert story.rma.number not in body or story.rma.number in address
        sent = client.post(address, {"reason": "because", "text": "x", "evidence": "y"})
        assert sent.status_code in ({403} if name in RULES else {404, 405}), address
    assert world.counts() == before


def test_an_auditor_reads_everything_and_changes_nothing(story: world.Story) -> None:
    client = world.signed_in(world.person("auditor"))
    page = client.get(f"/returns/{story.rma.number}/").content.decode()
    assert "Inspect" not in _actions(page)
    before = world.counts()
    refused = client.post(f"/returns/{story.rma.number}/do/inspect/", {"reason": "x"})
    assert refused.status_code == 403
    assert world.counts() == before


def _actions(page: str) -> str:
    start = page.index('class="page-actions act"')
    return page[start : page.index("</details>", start)] if "</details>" in page[start : start + 4000] else ""


def test_a_denied_attempt_is_recorded(story: world.Story) -> None:
    auditor = world.person("auditor")
    world.signed_in(auditor).post(f"/returns/{story.rma.number}/do/cancel/", {"reason": "x"})
    attempt = DeniedAttempt.objects.get(actor=f"user:{auditor.id}")
    assert (attempt.method, attempt.path) == ("POST", f"/returns/{story.rma.number}/do/cancel/")


def test_each_region_sees_its_own_returns(story: world.Story) -> None:
    french: Return = world.requested("FR")
    page = world.signed_in(world.person("ops_agent", regions=["FR"])).get("/returns/").content.decode()
    assert french.number in page
    assert story.rma.number not in page


def test_the_search_tells_no_stranger_that_an_id_exists(story: world.Story) -> None:
    stranger = world.signed_in(world.person("ops_agent", regions=["FR"]))
    ids: list[UUID | str] = [story.rma.number, story.rma.tracking, story.delivery.id, story.rma.correlation_id]
    for id in ids:
        assert "Nothing bears this id" in stranger.get("/trace/", {"q": str(id)}).content.decode()
