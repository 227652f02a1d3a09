"""Commands on connections: who may, what is refused, what is published, what can be gone back to."""

import json

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from connectors import credentials
from connectors.context import context_named, context_of
from connectors.failures import VendorFailure
from connectors.models import Connection, ConnectionVersion, Credential
from connectors.services import (
    configure_connection,
    create_connection,
    pause_connection,
    restore_version,
    resume_connection,
    retire_connection,
    rotate_secret,
)
from connectors.services.versions import difference
from retailops.accounts.permissions import Permission
from retailops.events.models import Destination, Event
from retailops.events.publish import words_of
from retailops.events.sending import drain
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from tests.connectors.conftest import ADMIN, API_KEY, SubmitRefund
from tests.factories import actor_with

pytestmark = pytest.mark.django_db
SECRETS = {"api_key": API_KEY, "webhook_secret": "whsec_1"}


def make(**changes: object) -> Connection:
    fields: dict[str, object] = {
        "actor": ADMIN,
        "vendor": "stripe",
        "name": "stripe",
        "label": "Stripe",
        "config": {"base_url": "https://api.example.test"},
        "secrets": SECRETS,
    }
    return create_connection(**(fields | changes))  # type: ignore[arg-type]  # fields are replaced by name


def pointers(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return sorted(error.pointer for error in refused.value.errors)


def test_a_connection_takes_the_vendors_limits_and_its_own() -> None:
    connection = make(limits={"rate_per_second": 3, "timeout_seconds": 2.5})
    destination = Destination.objects.get(pk=connection.destination_id)
    assert (destination.kind, destination.name, destination.system) == ("connection", "stripe", "stripe")
    assert (destination.rate_per_second, destination.timeout_seconds) == (3, 2.5)
    assert (destination.key_memory_seconds, destination.max_in_flight) == (23 * 3600, 16)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"config": {"base_url": "ftp://x"}}, ["/config/base_url"]),
        ({"config": {"base_url": "https://x.test", "surprise": 1}}, ["/config/surprise"]),
        ({"config": {"base_url": "https://x.test", "tolerance_seconds": 1}}, ["/config/tolerance_seconds"]),
        ({"secrets": {"api_key": "k"}}, ["/secrets/webhook_secret"]),
        ({"secrets": SECRETS | {"api_key": ""}}, ["/secrets/api_key"]),
        ({"secrets": SECRETS | {"pin": "1"}}, ["/secrets/pin"]),
        ({"limits": {"rate_per_second": 0}}, ["/limits/rate_per_second"]),
        ({"limits": {"speed": 5}}, ["/limits/speed"]),
        ({"limits": {"max_in_flight": True}}, ["/limits/max_in_flight"]),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(changes: dict[str, object], expected: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        make(**changes)
    assert pointers(refused) == expected
    assert not Connection.objects.exists()
    assert not Destination.objects.filter(name="stripe").exists()


def test_in_production_a_private_address_is_refused(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_DESTINATIONS = False
    with pytest.raises(Invalid) as refused:
        make(config={"base_url": "http://10.1.2.3/stripe"})
    assert pointers(refused) == ["/config/base_url"]


def test_a_name_is_taken_once() -> None:
    make()
    with pytest.raises(Conflict):
        make(label="Another")
    assert Connection.objects.count() == 1


def test_an_unknown_vendor_is_not_found() -> None:
    with pytest.raises(NotFound):
        make(vendor="acme-pay")


def test_only_those_who_manage_connections_may() -> None:
    connection = make()
    viewer = actor_with(Permission.CONNECTIONS_VIEW)
    with pytest.raises(Denied):
        make(actor=viewer, name="other")
    with pytest.raises(Denied):
        configure_connection(actor=viewer, connection_id=connection.id, label="Mine")
    with pytest.raises(Denied):
        pause_connection(actor=viewer, connection_id=connection.id, reason="x")
    with pytest.raises(Denied):
        rotate_secret(actor=viewer, connection_id=connection.id, name="api_key", value="stolen")
    with pytest.raises(NotFound):
        pause_connection(actor=actor_with(), connection_id=connection.id, reason="x")
    assert Connection.objects.get().label == "Stripe"
    assert not Destination.objects.get(pk=connection.destination_id).paused


def test_secrets_are_stored_encrypted_and_never_published() -> None:
    connection = make()
    rotate_secret(actor=ADMIN, connection_id=connection.id, name="api_key", value="sk_test_second")
    for row in Credential.objects.all():
        assert b"sk_test" not in bytes(row.ciphertext)
        assert b"whsec" not in bytes(row.ciphertext)
    published = json.dumps(list(Event.objects.values_list("data", flat=True)))
    assert "sk_test" not in published
    assert "whsec" not in published
    assert [event.data["secret"] for event in Event.objects.filter(data__change="secret_replaced")] == ["api_key"]
    assert context_of(connection).secret("api_key") == "sk_test_second"
    assert "sk_test" not in repr(context_of(connection))


def test_only_a_signing_secret_overlaps() -> None:
    connection = make()
    rotate_secret(actor=ADMIN, connection_id=connection.id, name="api_key", value="sk_test_2")
    rotate_secret(actor=ADMIN, connection_id=connection.id, name="webhook_secret", value="whsec_2")
    conn = context_of(connection)
    assert conn.secrets_of("api_key") == ("sk_test_2",)
    assert conn.secrets_of("webhook_secret") == ("whsec_2", "whsec_1")


def test_the_keys_themselves_are_rotated(settings: Settings) -> None:
    former, newer = settings.CREDENTIAL_KEYS[0], Fernet.generate_key().decode()
    stored = credentials.encrypt("a secret")
    settings.CREDENTIAL_KEYS = [newer, former]
    assert credentials.decrypt(stored) == "a secret"
    renewed = credentials.reencrypt(stored)
    settings.CREDENTIAL_KEYS = [newer]
    assert credentials.decrypt(renewed) == "a secret"
    with pytest.raises(VendorFailure, match="credential_unreadable"):
        credentials.decrypt(stored)


def test_every_configuration_is_kept_compared_and_restored() -> None:
    connection = make()
    changed = {"base_url": "https://api.example.test", "tolerance_seconds": 60}
    configure_connection(actor=ADMIN, connection_id=connection.id, config=changed, channels=["web", " web", ""])
    connection.refresh_from_db()
    assert (connection.config_version, connection.mapping_version, connection.channels) == (2, 1, ["web"])
    first, second = ConnectionVersion.objects.order_by("number")
    assert difference(first, second) == [("config.tolerance_seconds", 300, 60), ("scope.channels", [], ["web"])]
    restore_version(actor=ADMIN, connection_id=connection.id, number=1, reason="it was better")
    connection.refresh_from_db()
    assert (connection.config["tolerance_seconds"], connection.channels, connection.config_version) == (300, [], 3)
    assert list(connection.versions.order_by("number").values_list("number", "reason")) == [
        (1, "created"),
        (2, ""),
        (3, "it was better"),
    ]
    with pytest.raises(NotFound):
        restore_version(actor=ADMIN, connection_id=connection.id, number=9, reason="")


def test_a_change_that_changes_nothing_makes_no_version() -> None:
    connection = make()
    configure_connection(actor=ADMIN, connection_id=connection.id, label="Stripe", config=connection.config)
    assert connection.versions.count() == 1


def test_a_stale_change_is_refused() -> None:
    connection = make()
    configure_connection(
        actor=ADMIN,
        connection_id=connection.id,
        config={"base_url": "https://new.example.test"},
        expected_version=1,
    )
    with pytest.raises(Conflict):
        configure_connection(actor=ADMIN, connection_id=connection.id, label="Late", expected_version=1)
    assert Connection.objects.get().label == "Stripe"


def test_pause_holds_sending_and_resume_lets_it_go(stripe: Connection, submit_refund: SubmitRefund) -> None:
    pause_connection(actor=ADMIN, connection_id=stripe.id, reason="maintenance")
    pause_connection(actor=ADMIN, connection_id=stripe.id, reason="again")
    delivery = submit_refund()
    drain(stripe.destination_id)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempt_no) == ("ready", 0)
    resume_connection(actor=ADMIN, connection_id=stripe.id)
    resume_connection(actor=ADMIN, connection_id=stripe.id)
    drain(stripe.destination_id)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempt_no) == ("delivered", 1)
    types = Event.objects.filter(type__in=["connection.paused", "connection.resumed"]).order_by("position")
    assert [(event.type, event.data["reason"], words_of(event.id)) for event in types] == [
        ("connection.paused", "", "maintenance"),
        ("connection.resumed", "", ""),
    ]


def test_a_retired_connection_neither_sends_nor_receives(stripe: Connection) -> None:
    retire_connection(actor=ADMIN, connection_id=stripe.id, reason="moved")
    assert context_named("stripe") is None
    with pytest.raises(NotFound):
        pause_connection(actor=ADMIN, connection_id=stripe.id, reason="x")
