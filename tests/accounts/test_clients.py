"""API clients: a key is shown once, opens what was told, overlaps when it is rotated, and ends."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from retailops.accounts.actor import Actor
from retailops.accounts.api_keys import issue_api_key, recognize
from retailops.accounts.models import ApiClient, User
from retailops.events.models import Event, IdempotencyRecord
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.people.inputs import ClientIn, Scope
from retailops.people.services.clients import Issued, change_client, create_client, revoke_client, rotate_client
from tests.api.conftest import Api
from tests.workbench import world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
TILL = ClientIn("till-london", ["returns:read"], Scope(["GB"], ["*"]))


@pytest.fixture
def admin() -> User:
    return world.person("administrator", name="Ada Novak")


@pytest.fixture
def issued(admin: User) -> Issued:
    return create_client(admin.actor(), TILL, "new till")


def status(key: str, path: str = "/returns") -> int:
    return Api(ApiClient(), key).get(path).status


def told(client: ApiClient) -> list[str]:
    return list(Event.objects.filter(subject_id=client.id).order_by("position").values_list("type", flat=True))


def test_a_key_opens_its_scopes_and_is_kept_nowhere(issued: Issued, admin: User) -> None:
    assert status(issued.key) == 200
    assert status(issued.key, "/claims") == 403
    event = Event.objects.get(subject_id=issued.client.id)
    assert event.data == {
        "client_id": str(issued.client.id), "name": "till-london", "scopes": ["returns:read"], "regions": ["GB"],
        "brands": ["*"], "requests_per_minute": 6000, "expires_at": "",
    }  # fmt: skip
    assert (event.actor, issued.client.created_by) == (admin.actor_key, admin.actor_key)
    assert issued.key not in str(ApiClient.objects.values_list())


def test_a_rotated_key_overlaps_and_ends(issued: Issued, admin: User) -> None:
    second = rotate_client(admin.actor(), issued.client.id, overlap=timedelta(hours=1), reason="yearly")
    assert [status(issued.key), status(second.key)] == [200, 200]
    ApiClient.objects.update(previous_key_until=now() - timedelta(seconds=1))
    assert [status(issued.key), status(second.key)] == [401, 200]
    third = rotate_client(admin.actor(), issued.client.id, overlap=timedelta(), reason="leaked")
    assert [status(key) for key in (issued.key, second.key, third.key)] == [401, 401, 200]
    assert told(issued.client) == ["api_client.created", "api_client.rotated", "api_client.rotated"]


def test_a_remembered_key_does_not_outlive_its_overlap(issued: Issued, admin: User, settings: Any) -> None:
    settings.API_KEY_CACHE_SECONDS = 3600
    rotate_client(admin.actor(), issued.client.id, overlap=timedelta(hours=1), reason="yearly")
    found = recognize(issued.key)
    assert found is not None
    assert found.ends_at is not None
    assert timedelta(minutes=59) < found.ends_at - now() < timedelta(minutes=61)


def test_a_revoked_client_is_closed_for_good(issued: Issued, admin: User) -> None:
    second = rotate_client(admin.actor(), issued.client.id, overlap=timedelta(hours=1), reason="yearly")
    revoke_client(admin.actor(), issued.client.id, "till was stolen")
    assert [status(issued.key), status(second.key)] == [401, 401]
    before = counts()
    for attempt in (
        lambda: revoke_client(admin.actor(), issued.client.id, "x"),
        lambda: rotate_client(admin.actor(), issued.client.id, overlap=timedelta(), reason="x"),
        lambda: change_client(admin.actor(), issued.client.id, TILL, "x"),
    ):
        with pytest.raises(Conflict):
            attempt()
    assert counts() == before


def test_a_change_holds_for_the_key_of_now(issued: Issued, admin: User) -> None:
    wanted = ClientIn("till-london", ["claims:read"], Scope(["GB"]), 2, now() + timedelta(days=1))
    change_client(admin.actor(), issued.client.id, wanted, "does claims now")
    assert [status(issued.key), status(issued.key, "/claims")] == [403, 200]
    ApiClient.objects.update(expires_at=now())
    assert status(issued.key, "/claims") == 401


@pytest.mark.parametrize(
    "wrong",
    [
        ClientIn("", ["returns:read"]), ClientIn("x", []), ClientIn("x", ["all"]),
        ClientIn("x", ["returns:read"], Scope(["a b"])), ClientIn("x", ["returns:read"], requests_per_minute=-1),
        ClientIn("x", ["returns:read"], expires_at=now()),
    ],
)  # fmt: skip
def test_what_is_wrong_issues_nothing(admin: User, wrong: ClientIn) -> None:
    with pytest.raises(Invalid):
        create_client(admin.actor(), wrong, "x")
    assert not ApiClient.objects.exists()
    assert not Event.objects.exists()


def test_nobody_gives_more_than_the_own(issued: Issued, admin: User) -> None:
    local = world.person("administrator", regions=["FR"]).actor()
    with pytest.raises(NotFound):
        revoke_client(local, issued.client.id, "x")
    with pytest.raises(Denied, match="beyond"):
        create_client(local, TILL, "x")
    key = issue_api_key("directory", ["people:admin"])[0].actor()
    with pytest.raises(Denied, match="do not hold what returns:read"):
        create_client(key, TILL, "x")
    with pytest.raises(Denied, match="do not hold"):
        rotate_client(key, issued.client.id, overlap=timedelta(), reason="x")
    for stranger in (world.person("ops_lead").actor(), world.person().actor(), Actor("user", "x", "x")):
        with pytest.raises(Denied):
            create_client(stranger, TILL, "x")
        with pytest.raises(Denied):
            revoke_client(stranger, issued.client.id, "x")
    assert status(issued.key) == 200
    assert ApiClient.objects.count() == 2


def test_the_page_shows_a_new_key_once(admin: User) -> None:
    browser = world.signed_in(admin)
    sent = {
        "name": "till", "scopes": ["returns:read"], "regions": "GB", "brands": "*", "requests_per_minute": "60",
        "reason": "new",
    }  # fmt: skip
    page = browser.post("/api-clients/new/", sent)
    key = re.search(r"ro_[0-9a-f]{12}_[\w-]+", page.content.decode())
    assert key is not None
    assert "no-cache" in page["Cache-Control"] or "no-store" in page["Cache-Control"]
    assert status(key[0]) == 200
    client = ApiClient.objects.get()
    for address in ("/api-clients/", f"/api-clients/{client.id}/", f"/api-clients/{client.id}/change/"):
        assert key[0] not in browser.get(address).content.decode()
    assert "of all" not in browser.post("/api-clients/new/", sent | {"scopes": []}).content.decode()
    assert ApiClient.objects.count() == 1
    rotated = browser.post(f"/api-clients/{client.id}/rotate/", {"overlap_hours": "1", "reason": "yearly"})
    assert rotated.status_code == 200
    assert "Two keys open." in browser.get(f"/api-clients/{client.id}/").content.decode()
    assert browser.post(f"/api-clients/{client.id}/revoke/", {"reason": "over"}).status_code == 303
    assert 'aria-disabled="true"' in browser.get(f"/api-clients/{client.id}/").content.decode()


def test_the_api_does_the_same(admin: User) -> None:
    _, key = issue_api_key("directory", ["people:admin", "returns:read"])
    api = Api(ApiClient.objects.get(), key)
    body = {"name": "till", "scopes": ["returns:read"], "regions": ["GB"], "brands": ["*"], "reason": "new"}
    made = api.post("/api-clients", body, key="k1").ok(201)
    assert status(made["key"]) == 200
    # An answer with a key is never stored.
    assert not IdempotencyRecord.objects.exists()
    id = made["client"]["id"]
    assert "key" not in api.get(f"/api-clients/{id}").ok()
    rotated = api.post(f"/api-clients/{id}/rotate", {"overlap_hours": 0, "reason": "leaked"}).ok()
    assert [status(made["key"]), status(rotated["key"])] == [401, 200]
    assert api.post(f"/api-clients/{id}/revoke", {"reason": "over"}).ok()["revoked_at"]
    assert [row["name"] for row in api.get("/api-clients", open=True).ok()["results"]] == ["directory"]

    person = api.post("/people", {"email": "kim@shop.example", "name": "Kim", "reason": "joins"}).ok(201)
    role = {"role": "ops_agent", "regions": ["GB"], "brands": ["*"], "reason": "joins"}
    grant = api.post(f"/people/{person['id']}/grants", role).ok(201)
    api.post(f"/people/{person['id']}/grants", role).problem(409, "conflict")
    api.post(f"/people/{person['id']}/grants", role | {"role": "administrator"}).problem(403, "denied")
    assert api.get("/people", role="ops_agent").ok()["results"][0]["grants"][0]["id"] == grant["id"]
    assert api.post(f"/people/{person['id']}/grants/{grant['id']}/revoke", {"reason": "x"}).ok()["grants"] == []
    assert not api.post(f"/people/{person['id']}/deactivate", {"reason": "left"}).ok()["active"]
    assert api.post(f"/people/{person['id']}/reactivate", {"reason": "back"}).ok()["active"]
    api.post(f"/people/{admin.id}/deactivate", {"reason": "x"}).problem(403, "denied")
    admin.refresh_from_db()
    assert admin.is_active
    assert api.put("/access-rules", {"second_factor_roles": ["auditor"], "reason": "x"}).ok() == {
        "second_factor_roles": ["auditor"]
    }
    assert api.get("/access-rules").ok() == {"second_factor_roles": ["auditor"]}


def test_no_page_is_shown_to_strangers(issued: Issued) -> None:
    lead = world.signed_in(world.person("ops_lead"))
    assert [lead.get(path).status_code for path in ("/api-clients/", f"/api-clients/{issued.client.id}/")] == [403, 403]
    local = world.signed_in(world.person("administrator", regions=["FR"]))
    assert "till-london" not in local.get("/api-clients/").content.decode()
    assert local.get(f"/api-clients/{issued.client.id}/").status_code == 404
    assert Client().get("/api-clients/").status_code == 302
