"""Adding, testing, editing, going back and retiring a connection by the pages, against the sandbox over HTTP."""

import re
from typing import Any

import pytest
from django.test import Client

from connectors.models import Connection, ConnectionVersion, Credential
from connectors.outbound_http import close_clients
from connectors.services import configure_connection, create_connection
from retailops.events.models import Destination, Event
from tests.connectors.sandbox_server import SandboxServer
from tests.workbench import world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Client:
    return world.signed_in(world.person("connector_admin", name="Cleo Admin"))


@pytest.fixture
def agent() -> Client:
    return world.signed_in(world.person("ops_agent"))


def filled(sandbox_url: str, **changes: str) -> dict[str, str]:
    """Return the form for a Stripe connection, as a browser sends it."""
    return {
        "label": "Stripe UK", "name": "stripe-uk",
        "config__base_url": f"{sandbox_url}/stripe", "config__account": "", "config__tolerance_seconds": "300",
        "secrets__api_key": "sk_test_typed", "expiries__api_key": "2030-01-31",
        "secrets__webhook_secret": "whsec_typed",
        "scope__regions": "UK, IE", "scope__brands": "", "scope__channels": "web",
        "limits__rate_per_second": "12.5", "limits__burst": "20", "limits__max_in_flight": "4",
        "limits__timeout_seconds": "7", "limits__retry_schedule": "5s, 2m, 6h", "limits__deadline_seconds": "2d",
        "limits__dead_blocks_lane": "on", "limits__key_memory_seconds": "23h", "limits__look_up_seconds": "2s",
        "limits__absent_after_seconds": "15s", "limits__lease_seconds": "60s", "limits__batch_size": "50",
    } | changes  # fmt: skip


def errors_of(page: str) -> dict[str, str]:
    """Return the first error beside each field of the page, by the field's id."""
    return dict(re.findall(r'class="errors" id="id_(\w+)_error"><li>(.*?)</li>', page))


def test_the_form_is_made_of_the_vendors_schema(manager: Client) -> None:
    page = manager.get("/connections/new/netsuite/").content.decode()
    for told in ("Client id", "Of the integration record.", "Item for the rest", "Create return authorizations"):
        assert told in page
    assert 'type="checkbox" name="config__sync_return_authorizations"' in page
    assert '<textarea name="secrets__private_key"' in page
    stripe = manager.get("/connections/new/stripe/").content.decode()
    assert 'value="https://api.stripe.com"' in stripe
    assert re.search(r'<input type="number" name="config__tolerance_seconds" value="300" min="30" max="3600"', stripe)
    assert 'type="password" name="secrets__api_key"' in stripe
    assert 'name="limits__rate_per_second" value="80"' in stripe
    listed = manager.get("/connections/new/").content.decode()
    assert [name for name in ("Stripe", "Shopify", "NetSuite", "Warehouse (REST)") if name in listed] != []
    assert manager.get("/connections/new/acme/").status_code == 404


def test_a_connection_is_added(manager: Client, sandbox: SandboxServer) -> None:
    answer = manager.post("/connections/new/stripe/", filled(sandbox.url))
    assert (answer.status_code, answer["Location"]) == (303, "/connections/stripe-uk/")
    made = Connection.objects.select_related("destination").get()
    assert (made.label, made.regions, made.brands, made.channels) == ("Stripe UK", ["UK", "IE"], [], ["web"])
    assert made.config == {"base_url": f"{sandbox.url}/stripe", "account": "", "tolerance_seconds": 300}
    there = made.destination
    assert (there.rate_per_second, there.burst, there.max_in_flight, there.timeout_seconds) == (12.5, 20, 4, 7.0)
    assert (there.retry_schedule, there.deadline_seconds, there.key_memory_seconds) == ([5, 120, 21600], 172800, 82800)
    ends = dict(Credential.objects.values_list("name", "expires_at"))
    assert (str(ends["api_key"])[:10], ends["webhook_secret"]) == ("2030-01-31", None)
    page = manager.get("/connections/stripe-uk/").content.decode()
    assert "sk_test_typed" not in page
    assert "whsec_typed" not in page


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "Stripe-UK"}, {"name": "Use small letters and digits, with single hyphens between them."}),
        ({"name": "new"}, {"name": "This name is an address of a page."}),
        ({"config__base_url": "ftp://x"}, {"config__base_url": "String should match pattern &#x27;^https?://[^\\s]+$&#x27;"}),
        ({"secrets__webhook_secret": ""}, {"secrets__webhook_secret": "This field is required."}),
        ({"limits__burst": "0"}, {"limits__burst": "Ensure this value is greater than or equal to 1."}),
        (
            {"limits__retry_schedule": "soon"},
            {"limits__retry_schedule": "“soon” is no length of time: write 30s, 2m, 6h or 2d."},
        ),
        ({"limits__timeout_seconds": "90"}, {"limits__timeout_seconds": "It must be shorter than the lease (60 s)."}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_made(
    manager: Client, sandbox: SandboxServer, changes: dict[str, str], expected: dict[str, str]
) -> None:
    before = counts()
    answer = manager.post("/connections/new/stripe/", filled(sandbox.url, **changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert errors_of(page) == expected
    assert "sk_test_typed" not in page
    assert "whsec_typed" not in page
    assert "Nothing was added" in page
    assert counts() == before
    assert not Destination.objects.filter(kind="connection").exists()


def test_a_name_that_is_taken_is_told(manager: Client, sandbox: SandboxServer) -> None:
    world.stripe()
    answer = manager.post("/connections/new/stripe/", filled(sandbox.url, name="stripe"))
    assert answer.status_code == 422
    assert "The name &#x27;stripe&#x27; is taken." in answer.content.decode()
    assert Connection.objects.count() == 1
    assert 'name="name" value="stripe-2"' in manager.get("/connections/new/stripe/").content.decode()


def test_it_is_tested_before_it_is_added(manager: Client, sandbox: SandboxServer) -> None:
    before = counts()
    tested = {"do": "test"}
    answer = manager.post("/connections/new/stripe/", filled(sandbox.url) | tested)
    page = answer.content.decode()
    assert "It answers (" in page
    assert "Stripe answers and takes the key." in page
    assert "sk_test_typed" not in page
    nobody = manager.post(
        "/connections/new/stripe/", filled("http://127.0.0.1:9") | tested,
        headers={"HX-Request": "true", "HX-Target": "tested"},
    )  # fmt: skip
    part = nobody.content.decode()
    assert "It does not answer as it should" in part
    assert "<form" not in part
    wrong = manager.post(
        "/connections/new/stripe/", filled(sandbox.url, config__base_url="x") | tested,
        headers={"HX-Request": "true", "HX-Target": "tested"},
    )  # fmt: skip
    assert "Not tested." in wrong.content.decode()
    assert counts() == before


def test_who_may_not_manage_adds_and_changes_nothing(agent: Client, sandbox: SandboxServer) -> None:
    connection = world.stripe()
    before = counts()
    for path in ("new/", "new/stripe/", "stripe/edit/", "stripe/versions/1/restore/", "stripe/secrets/api_key/",
                 "stripe/mute/", "stripe/retire/"):  # fmt: skip
        assert agent.get(f"/connections/{path}").status_code == 403, path
    for path in ("new/stripe/", "stripe/edit/", "stripe/versions/1/restore/", "stripe/secrets/api_key/",
                 "stripe/mute/", "stripe/unmute/", "stripe/retire/", "stripe/mapping/"):  # fmt: skip
        assert agent.post(f"/connections/{path}", filled(sandbox.url)).status_code == 403, path
    assert counts() == before
    connection.destination.refresh_from_db()
    assert connection.destination.retired_at is None
    assert "Add a connection" not in agent.get("/connections/").content.decode()


# Editing -------------------------------------------------------------------------------------------------------------


def edited(connection: Connection, **changes: str) -> dict[str, str]:
    """Return the edit form of world.stripe() as a browser sends it."""
    there = connection.destination
    plain = {name: value for name, value in filled("").items() if name.startswith("limits__")} | {
        "limits__rate_per_second": str(there.rate_per_second), "limits__burst": str(there.burst),
        "limits__max_in_flight": str(there.max_in_flight), "limits__timeout_seconds": str(there.timeout_seconds),
        "limits__retry_schedule": ", ".join(f"{step}s" for step in there.retry_schedule),
        "limits__batch_size": str(there.batch_size),
    }  # fmt: skip
    return {
        "label": connection.label, "config__base_url": connection.config["base_url"], "config__account": "",
        "config__tolerance_seconds": "300", "scope__regions": "", "scope__brands": "", "scope__channels": "",
        "version": str(connection.versions.count()), "reason": "a test", **plain,
    } | changes  # fmt: skip


def digest_of(page: str) -> str:
    found = re.search(r'name="previewed" value="(\w+)"', page)
    assert found is not None
    return found[1]


def test_a_change_is_previewed_before_it_is_applied(manager: Client) -> None:
    connection = world.stripe()
    change = edited(connection, config__tolerance_seconds="120", limits__burst="7", scope__regions="US")
    preview = manager.post("/connections/stripe/edit/", change | {"do": "preview"})
    page = preview.content.decode()
    assert preview.status_code == 200
    assert "What this change means" in page
    for told in ("Webhook age", "Burst", "Regions"):
        assert f'<th scope="row">{told}</th>' in page
    assert ConnectionVersion.objects.count() == 1
    applied = manager.post("/connections/stripe/edit/", change | {"do": "apply", "previewed": digest_of(page)})
    assert (applied.status_code, applied["Location"]) == (303, "/connections/stripe/")
    connection.refresh_from_db()
    connection.destination.refresh_from_db()
    assert (connection.config["tolerance_seconds"], connection.destination.burst) == (120, 7)
    assert connection.regions == ["US"]
    kept = ConnectionVersion.objects.get(number=2)
    assert (kept.reason, kept.limits["burst"]) == ("a test", 7)
    assert kept.changed_by.startswith("user:")


def test_only_what_was_previewed_is_applied(manager: Client) -> None:
    connection = world.stripe()
    page = manager.post("/connections/stripe/edit/", edited(connection, limits__burst="7") | {"do": "preview"})
    digest = digest_of(page.content.decode())
    other = edited(connection, limits__burst="9999") | {"do": "apply", "previewed": digest}
    again = manager.post("/connections/stripe/edit/", other)
    assert "What this change means" in again.content.decode()
    unseen = manager.post("/connections/stripe/edit/", edited(connection, limits__burst="7") | {"do": "apply"})
    assert unseen.status_code == 200
    assert ConnectionVersion.objects.count() == 1
    connection.destination.refresh_from_db()
    assert connection.destination.burst == 40


def test_a_stale_edit_is_told_and_not_applied(manager: Client) -> None:
    connection = world.stripe()
    change = edited(connection, limits__burst="7")
    digest = digest_of(manager.post("/connections/stripe/edit/", change).content.decode())
    configure_connection(actor=world.SYSTEM, connection_id=connection.id, label="Stripe, theirs", reason="quicker")
    late = manager.post("/connections/stripe/edit/", change | {"do": "apply", "previewed": digest})
    assert late.status_code == 409
    assert "Somebody else changed it meanwhile" in late.content.decode()
    connection.refresh_from_db()
    connection.destination.refresh_from_db()
    assert (connection.label, connection.destination.burst) == ("Stripe, theirs", 40)


def test_an_edit_is_tested_with_the_stored_secrets_unless_it_goes_elsewhere(
    manager: Client, sandbox: SandboxServer
) -> None:
    connection = create_connection(
        actor=world.SYSTEM, vendor="stripe", name="stripe", label="Stripe",
        config={"base_url": f"{sandbox.url}/stripe"}, secrets={"api_key": "sk_test_ours", "webhook_secret": "whsec_x"},
    )  # fmt: skip
    page = manager.post("/connections/stripe/edit/", edited(connection) | {"do": "test"}).content.decode()
    assert "It answers (" in page
    elsewhere = edited(connection, config__base_url=f"{sandbox.url}/netsuite") | {"do": "test"}
    page = manager.post("/connections/stripe/edit/", elsewhere).content.decode()
    assert "credential_missing" in page
    close_clients()


def test_versions_are_listed_compared_and_gone_back_to(manager: Client) -> None:
    connection = world.stripe()
    configure_connection(
        actor=world.SYSTEM, connection_id=connection.id, limits={"burst": 9}, channels=["web"], reason="a busy week"
    )
    configure_connection(actor=world.SYSTEM, connection_id=connection.id, label="Stripe II", reason="a new name")
    page = manager.get("/connections/stripe/versions/?from=1&to=3").content.decode()
    for told in ("a busy week", "a new name", "In force", "Burst", "Channels", "Label"):
        assert told in page
    assert "Version 1 compared with 3" in page
    assert "Burst" not in manager.get("/connections/stripe/versions/").content.decode()
    assert manager.get("/connections/stripe/versions/?from=1&to=99").status_code == 404
    shown = manager.get("/connections/stripe/versions/1/restore/").content.decode()
    assert "What it would mean" in shown
    went = manager.post("/connections/stripe/versions/1/restore/", {"version": 3, "reason": "over"})
    assert (went.status_code, went["Location"]) == (303, "/connections/stripe/versions/")
    connection.refresh_from_db()
    connection.destination.refresh_from_db()
    assert (connection.label, connection.channels, connection.destination.burst) == ("Stripe", [], 40)
    assert ConnectionVersion.objects.get(number=4).reason == "over"
    stale = manager.post("/connections/stripe/versions/2/restore/", {"version": 3, "reason": "late"})
    assert stale.status_code == 422
    assert ConnectionVersion.objects.count() == 4


def test_a_secret_is_replaced_with_its_overlap_shown(manager: Client) -> None:
    world.stripe()
    for path, overlap in (("api_key", ""), ("webhook_secret", "12h")):
        typed = {"value": f"typed-{path}", "overlap": overlap, "expires_on": "2031-05-01"}
        assert manager.post(f"/connections/stripe/secrets/{path}/", typed).status_code == 303
    page = manager.get("/connections/stripe/").content.decode()
    assert page.count("the former one counts until") == 1
    assert page.count(", ends ") == 2
    assert "typed-" not in page
    past = manager.post("/connections/stripe/secrets/api_key/", {"value": "typed-late", "expires_on": "2001-01-01"})
    assert past.status_code == 422
    assert "typed-late" not in past.content.decode()
    assert manager.get("/connections/stripe/secrets/pin/").status_code == 404
    assert Event.objects.filter(data__change="secret_replaced").count() == 2


def test_a_connection_is_retired_by_its_name(manager: Client) -> None:
    connection = world.stripe()
    shown = manager.get("/connections/stripe/retire/").content.decode()
    assert "What it would mean" in shown
    wrong = manager.post("/connections/stripe/retire/", {"name": "strip", "reason": "moved"})
    assert wrong.status_code == 422
    connection.destination.refresh_from_db()
    assert connection.destination.retired_at is None
    assert manager.post("/connections/stripe/retire/", {"name": "stripe", "reason": "moved"}).status_code == 303
    assert manager.get("/connections/stripe/").status_code == 404
    assert "Stripe" not in _main(manager.get("/connections/"))


def _main(answer: Any) -> str:
    page = str(answer.content.decode())
    return page[page.index('<section class="card" aria-label="Connections">') : page.index("</main>")]


def test_alerts_are_held_and_go_on_by_themselves(manager: Client, settings: Any) -> None:
    connection = world.stripe()
    assert manager.post("/connections/stripe/mute/", {"length": "4h", "reason": "they move"}).status_code == 303
    page = manager.get("/connections/stripe/").content.decode()
    assert "Alerts are held until" in page
    assert "they move" in page
    assert "Alerts held" in _main(manager.get("/connections/"))
    connection.mutes.update(until=connection.created_at)
    assert "Alerts are held until" not in manager.get("/connections/stripe/").content.decode()
    assert manager.post("/connections/stripe/mute/", {"length": "2y", "reason": "x"}).status_code == 422
    assert manager.post("/connections/stripe/mute/", {"length": "1h", "reason": ""}).status_code == 422
    assert connection.mutes.count() == 1
