"""Webhook subscriptions by the pages: added, tested, changed, rotated, held, removed; the secret is shown once."""

import re

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.models import WebhookEndpoint
from retailops.events.models import Delivery
from retailops.lib.ids import uuid7
from tests.workbench import connected, world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
TYPED = {
    "url": "https://hooks.example.com/a", "description": "Loyalty", "types": "return.*\nrefund.succeeded",
    "regions": "UK, IE", "brands": "",
}  # fmt: skip


@pytest.fixture
def manager() -> Client:
    return world.signed_in(world.person("connector_admin"))


def test_a_subscription_is_added_and_its_secret_shown_once(manager: Client) -> None:
    answer = manager.post("/connections/subscriptions/new/", TYPED)
    made = WebhookEndpoint.objects.get()
    (secret,) = set(re.findall(r"whsec_[\w+/=]+", answer.content.decode()))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert (made.url, made.types, made.regions) == (TYPED["url"], ["return.*", "refund.succeeded"], ["UK", "IE"])
    for path in (
        "/connections/subscriptions/",
        f"/connections/subscriptions/{made.id}/",
        f"/connections/subscriptions/{made.id}/edit/",
    ):
        page = manager.get(path).content.decode()
        assert secret not in page
        assert "Loyalty" in page


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"url": "ftp://x"}, "url", "It must be an https address."),
        ({"types": "order.eaten"}, "types", "No event type is called &#x27;order.eaten&#x27;."),
        ({"types": ""}, "types", "This field is required."),
        ({"regions": "x" * 33}, "regions", "At most 32 characters."),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_made(
    manager: Client, changes: dict[str, str], field: str, why: str
) -> None:
    before = counts()
    answer = manager.post("/connections/subscriptions/new/", TYPED | changes)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"><li>{why}</li>' in answer.content.decode()
    assert counts() == before
    assert not WebhookEndpoint.objects.exists()


def test_it_is_tested_changed_rotated_held_and_removed(manager: Client) -> None:
    made = connected.subscription()
    path, endpoint = f"/connections/subscriptions/{made.endpoint.id}/", made.endpoint
    assert "Nobody listens there." in manager.get(path).content.decode()
    assert manager.post(f"{path}test/").status_code == 303
    assert Delivery.objects.filter(destination=endpoint.destination, event__type="webhook_endpoint.tested").count() == 1
    assert manager.post(f"{path}edit/", TYPED | {"types": "*"}).status_code == 303
    rotated = manager.post(f"{path}rotate/", {"overlap": "2h"}).content.decode()
    (secret,) = set(re.findall(r"whsec_[\w+/=]+", rotated))
    assert secret != made.secret
    assert "Signed with the former one, too, until" in manager.get(path).content.decode()
    assert manager.post(f"{path}disable/", {"reason": ""}).status_code == 422
    assert manager.post(f"{path}disable/", {"reason": "they move"}).status_code == 303
    endpoint.refresh_from_db()
    assert (endpoint.types, endpoint.disabled_reason) == (["*"], "they move")
    page = manager.get(path).content.decode()
    assert "they move" in page
    assert "Send a test" not in page
    assert manager.post(f"{path}enable/").status_code == 303
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is None
    assert manager.post(f"{path}remove/", {"reason": "over"}).status_code == 303
    assert manager.get(path).status_code == 404
    assert "No subscriptions yet" in manager.get("/connections/subscriptions/").content.decode()


def test_who_may_not_manage_changes_nothing() -> None:
    endpoint = connected.subscription().endpoint
    path = f"/connections/subscriptions/{endpoint.id}/"
    agent = world.signed_in(world.person("ops_agent"))
    assert agent.get(path).status_code == 200
    assert "Send a test" not in agent.get(path).content.decode()
    before = counts()
    for step in ("test/", "edit/", "rotate/", "disable/", "enable/", "remove/"):
        assert agent.post(path + step, TYPED | {"reason": "x"}).status_code == 403, step
    assert agent.post("/connections/subscriptions/new/", TYPED).status_code == 403
    assert counts() == before
    assert world.signed_in(world.person()).get(path).status_code == 403
    french = world.signed_in(world.person("ops_agent", regions=["FR"]))
    assert "Nobody listens there." not in french.get(path).content.decode()
    assert agent.get(f"/connections/subscriptions/{uuid7()}/").status_code == 404


def test_the_queries_do_not_grow_with_the_subscriptions(manager: Client) -> None:
    counts = []
    for _ in range(2):
        endpoint = connected.subscription().endpoint
        found = []
        for path in ("/connections/subscriptions/", f"/connections/subscriptions/{endpoint.id}/"):
            with CaptureQueriesContext(database) as captured:
                assert manager.get(path).status_code == 200
            found.append(len(captured))
        counts.append(found)
    assert counts[0] == counts[1]
