"""Nobody sees or does on a page what the role, region or brand does not allow; every address is walked."""

from collections.abc import Iterator
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from connectors.web import urls as connection_urls
from inventory.web import urls as stock_urls
from retailops.accounts.models import DeniedAttempt
from retailops.lib.ids import uuid7
from retailops.workbench import urls as workbench_urls
from returns.models import Return
from returns.web import claim_urls, fraud_urls, policy_urls
from returns.web import urls as return_urls
from tests.workbench import world

pytestmark = pytest.mark.django_db

MODULES = (
    workbench_urls,
    return_urls,
    connection_urls,
    policy_urls,
    stock_urls,
    claim_urls,
    fraud_urls,
)
OPEN_TO_ALL = {"workbench:home"}
# These lists are open to a person of another region; they are empty for it.
LISTS = {
    "workbench:cases",
    "workbench:dead",
    "workbench:search",
    "workbench:approvals",
    "workbench:limits",
    "returns:list",
    "returns:export",
    "returns:check",
    "stock:overview",
    "stock:balances",
    "stock:balances_export",
    "stock:moves",
    "stock:quarantine",
    "stock:quarantine_export",
    "stock:drifts",
    "stock:locations",
    "stock:shift",
    "stock:count",
    "stock:location_add",
    "returns:new",
    "returns:blind",
    "returns:sender",
    "returns:batches",
    "claims:list",
    "fraud:list",
}
# Not of a region: what applies everywhere is shown everywhere (who may change it: test_policies_pages.py).
EVERYWHERE = ("connections", "policies")
# These are about no object: they offer the places of the person's own regions, and refuse an empty form.
FORMS = {"stock:shift", "stock:count", "stock:location_add", "returns:blind", "returns:sender"}


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
def story(request: pytest.FixtureRequest) -> world.Story:
    told = world.Story.told()
    # What only some pages show is made for them, and now: before anything is counted.
    params = getattr(request.node, "callspec", None)
    app, _, name = (params.params.get("name", "") if params else "").partition(":")
    if app == "stock":
        assert told.stock.drift.status == "raised"
    if app in ("claims", "fraud") or "warranty" in name:
        assert all((told.claim, told.part, told.review, told.assessed))
    return told


def known_in(story: world.Story) -> dict[str, list[Any]]:
    """Return the values that a part of an address may have, by its name, or by "app:name" where an app has its own."""
    return {
        "number": [story.rma.number],
        "correlation_id": [story.rma.correlation_id],
        "delivery_id": [story.delivery.id],
        "case_id": [story.case.id],
        "name": [story.connection.name],
        "policies:name": ["standard"],
        "version": [1],
        "vocabulary": ["condition"],
        "code": ["used"],
        "stock:code": [story.stock.drift.location.code],
        "refund_id": [uuid7()],
        "receipt_id": [story.rma.receipts.get().id],
        "verdict": ["approve"],
        "verb": ["retire"],
        "step": ["snooze"],
        "stock:step": ["recount"],
        "sku": ["JUMPER-M"],
        "drift_id": [story.stock.drift.id],
        "snapshot_id": [story.stock.drift.last_snapshot_id],
        "adjustment_id": [story.stock.adjustment.id],
        "approval_id": [story.approval.id],
        "key": ["lost_answer"],
        "returns:key": ["receive", "cancel"],
        "policies:key": ["submit", "retire"],
        "kind": ["return"],
        "subject_id": [story.rma.id],
        "file_id": [story.file.id],
        "order_id": [story.rma.order_id],
    }


def addresses(story: world.Story, pattern: URLPattern, name: str) -> Iterator[str]:
    """Yield the addresses of a pattern that belong to the story."""
    known, app = known_in(story), name.split(":")[0]
    taken = pattern.pattern.regex.groupindex
    # These cost much, and few addresses name them.
    if "batch_id" in taken:
        known["batch_id"] = [story.batch.id]
    if "slice_id" in taken:
        known["slice_id"] = [story.part.id if app == "claims" else story.judged.id]
    if app == "claims":
        known |= {"claim_number": [story.claim.number], "claim_key": ["send", "close"]}
    if app == "fraud":
        known |= {"review_id": [story.review.id], "review_verdict": ["clear"]}
    if "assessment_id" in taken:
        known |= {"number": [story.assessed.rma.number], "assessment_id": [story.assessed.id]}
        known |= {"warranty_step": ["accept"]}
    values = {part: known.get(f"{app}:{part}") or known[part] for part in taken}
    for chosen in product(*values.values()):
        yield reverse(name, kwargs=dict(zip(values, chosen, strict=True)))


@pytest.mark.parametrize(("name", "pattern"), ROUTES, ids=NAMES)
def test_nobody_gets_in_without_signing_in(story: world.Story, name: str, pattern: URLPattern) -> None:
    for address in addresses(story, pattern, name):
        for answer in (Client().get(address), Client().post(address)):
            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize(("name", "pattern"), ROUTES, ids=NAMES)
def test_a_person_without_a_role_sees_and_does_nothing(story: world.Story, name: str, pattern: URLPattern) -> None:
    client = world.signed_in(world.person())
    found = list(addresses(story, pattern, name))
    before = world.counts()
    for address in found:
        shown = client.get(address)
        assert shown.status_code in ({200} if name in OPEN_TO_ALL else {403, 404, 405}), address
        sent = client.post(address, {"reason": "because", "text": "x", "on": "1", "evidence": "y", "wake": "hour"})
        assert sent.status_code in {403, 404, 405}, address
        for told in (shown.content.decode(), sent.content.decode()):
            assert story.rma.number not in told or story.rma.number in address
            assert story.case.title not in told
    assert world.counts() == before


@pytest.mark.parametrize(("name", "pattern"), [r for r in ROUTES if r[0].split(":")[0] not in EVERYWHERE])
def test_a_person_of_another_region_does_not_learn_of_it(story: world.Story, name: str, pattern: URLPattern) -> None:
    client = world.signed_in(world.person("ops_lead", regions=["FR"]))
    found = list(addresses(story, pattern, name))
    before = world.counts()
    for address in found:
        shown = client.get(address)
        expected = {200} if name in OPEN_TO_ALL | LISTS else {404, 405}
        assert shown.status_code in expected, address
        body = world.body_of(shown)
        assert story.case.title not in body
        assert str(story.delivery.id) not in body
        assert story.rma.number not in body or story.rma.number in address
        sent = client.post(address, {"reason": "because", "text": "x", "evidence": "y"})
        assert sent.status_code in ({422} if name in FORMS else {404, 405}), address
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
