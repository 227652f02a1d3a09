"""Connections: health, pause and resume, probe, and the sandbox's faults in demo mode."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from connectors.models import Connection
from connectors.outbound_http import close_clients
from connectors.services import create_connection
from connectors.web.faults import SWITCHES
from retailops.events.enums import CircuitState, DeliveryStatus
from retailops.events.models import Destination
from retailops.lib.clock import now
from tests.connectors.sandbox_server import SandboxServer
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def connector_admin() -> Client:
    return world.signed_in(world.person("connector_admin"))


def test_the_list_counts_what_is_stopped_and_in_doubt(connector_admin: Client) -> None:
    story = world.Story.told()
    world.stopped(world.received(), story.connection, status=DeliveryStatus.IN_DOUBT)
    page = connector_admin.get("/connections/").content.decode()
    for state, label in (("in_doubt", "In doubt"), ("dead", "Stopped")):
        link = f'href="/deliveries/?state={state}&amp;system=stripe"><span class="phone-only">{label} </span>1</a>'
        assert link in page
    lead = world.signed_in(world.person("ops_lead"))
    for state in ("dead", "in_doubt"):
        assert lead.get(f"/deliveries/?state={state}&system=stripe").content.decode().count('class="row-link') == 1


def test_those_in_trouble_come_first(connector_admin: Client) -> None:
    stripe = world.stripe()
    config = {"base_url": "http://127.0.0.1:9/stripe"}
    secrets = {"api_key": "a", "webhook_secret": "b"}
    create_connection(
        actor=world.SYSTEM, vendor="stripe", name="a-second", label="A second", config=config, secrets=secrets
    )
    page = connector_admin.get("/connections/").content.decode()
    assert page.index("A second") < page.index(">Stripe<")
    Destination.objects.filter(pk=stripe.destination_id).update(
        circuit=CircuitState.OPEN, circuit_until=now() + timedelta(seconds=30)
    )
    page = connector_admin.get("/connections/").content.decode()
    assert page.index(">Stripe<") < page.index("A second")
    assert "Not answering" in page


def test_pausing_needs_a_reason_and_resuming_ends_it(connector_admin: Client) -> None:
    stripe = world.stripe()
    assert connector_admin.post("/connections/stripe/pause/", {"reason": ""}).status_code == 422
    stripe.destination.refresh_from_db()
    assert not stripe.destination.paused
    assert connector_admin.post("/connections/stripe/pause/", {"reason": "maintenance"}).status_code == 303
    stripe.destination.refresh_from_db()
    assert (stripe.destination.paused, stripe.destination.pause_reason) == (True, "maintenance")
    assert "maintenance" in connector_admin.get("/connections/").content.decode()
    assert connector_admin.post("/connections/stripe/resume/").status_code == 303
    stripe.destination.refresh_from_db()
    assert not stripe.destination.paused


def test_an_agent_sees_health_but_no_switches() -> None:
    stripe = world.stripe()
    agent = world.signed_in(world.person("ops_agent"))
    page = agent.get("/connections/stripe/").content.decode()
    assert "Pause…" not in page
    assert agent.post("/connections/stripe/pause/", {"reason": "x"}).status_code == 403
    assert agent.post("/connections/stripe/resume/").status_code == 403
    stripe.destination.refresh_from_db()
    assert not stripe.destination.paused


def test_no_secret_is_ever_shown(connector_admin: Client) -> None:
    world.stripe()
    page = connector_admin.get("/connections/stripe/").content.decode()
    assert "sk_test_x" not in page
    assert "whsec_x" not in page
    assert "Secret key" in page


def sandboxed(sandbox: SandboxServer) -> Connection:
    close_clients()
    return create_connection(
        actor=world.SYSTEM,
        vendor="stripe",
        name="stripe",
        label="Stripe",
        config={"base_url": f"{sandbox.url}/stripe"},
        secrets={"api_key": "sk_test_ours", "webhook_secret": "whsec_x"},
    )


def test_a_probe_says_whether_the_system_answers(connector_admin: Client, sandbox: SandboxServer) -> None:
    sandboxed(sandbox)
    page = connector_admin.post("/connections/stripe/probe/", follow=True).content.decode()
    assert "Stripe answers (" in page
    Connection.objects.update(config={"base_url": "http://127.0.0.1:9/stripe"})
    page = connector_admin.post("/connections/stripe/probe/", follow=True).content.decode()
    assert "Stripe does not answer as it should" in page
    close_clients()


def test_demo_mode_switches_faults_of_the_sandbox(
    connector_admin: Client, sandbox: SandboxServer, settings: Settings
) -> None:
    settings.DEMO, settings.SANDBOX_URL = True, sandbox.url
    sandboxed(sandbox)
    page = connector_admin.get("/connections/stripe/").content.decode()
    assert "Timeouts after effect" in page
    assert 'aria-checked="true"' not in page
    for switch in SWITCHES:
        assert f'<label for="fault-{switch.key}">' in page
        assert f'id="fault-{switch.key}" role="switch"' in page
    connector_admin.post("/connections/stripe/faults/lost_answer/", {"on": "1"})
    connector_admin.post("/connections/stripe/faults/slow/", {"on": "1"})
    active = {fault["kind"] for fault in sandbox.control("GET", "/stripe/faults")["faults"]}
    assert active == {"lost_answer", "drop_webhooks", "slow"}
    connector_admin.post("/connections/stripe/faults/slow/", {"on": "0"})
    active = {fault["kind"] for fault in sandbox.control("GET", "/stripe/faults")["faults"]}
    assert active == {"lost_answer", "drop_webhooks"}
    assert connector_admin.get("/connections/stripe/").content.decode().count('aria-checked="true"') == 1


def test_outside_demo_mode_there_are_no_switches(
    connector_admin: Client, sandbox: SandboxServer, settings: Settings
) -> None:
    settings.DEMO, settings.SANDBOX_URL = False, sandbox.url
    sandboxed(sandbox)
    assert "Timeouts after effect" not in connector_admin.get("/connections/stripe/").content.decode()
    assert connector_admin.post("/connections/stripe/faults/slow/", {"on": "1"}).status_code == 404
    assert sandbox.control("GET", "/stripe/faults")["faults"] == []
