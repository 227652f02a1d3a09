"""The audits of this layer notice what they are for."""

from datetime import timedelta

import pytest

from connectors import audits
from connectors.models import Connection, InboxMessage
from retailops.events.models import Delivery, Destination, Effect
from retailops.events.sending import drain
from retailops.lib.audit import audits as registered
from retailops.lib.clock import now
from tests.connectors.conftest import SubmitRefund
from tests.connectors.sandbox_server import SandboxServer


@pytest.fixture
def delivered(submit_refund: SubmitRefund) -> Delivery:
    delivery = submit_refund()
    drain(delivery.destination_id)
    delivery.refresh_from_db()
    assert delivery.status == "delivered"
    return delivery


def test_they_are_registered() -> None:
    names = {audit.name for audit in registered()}
    assert {"every delivered effect is confirmed in the ledger", "one confirmed effect per business key"} <= names
    assert {"no inbox message is stuck", "every stopped inbox message has an open case"} <= names


def test_all_is_well_after_a_refund(delivered: Delivery) -> None:
    for run in (audits.unconfirmed_effects, audits.doubled_effects, audits.stuck_messages, audits.silent_messages):
        assert list(run()) == []


def test_a_delivered_refund_without_a_confirmed_effect(delivered: Delivery) -> None:
    Effect.objects.filter(business_key=delivered.effect_key).update(status="intended")
    [breach] = audits.unconfirmed_effects()
    assert (breach.subject, "intended" in breach.detail) == (f"delivery {delivered.id}", True)


def test_one_effect_confirmed_at_two_places(delivered: Delivery) -> None:
    other = Destination.objects.create(kind="connection", name="another", system="stripe")
    Effect.objects.create(
        destination=other,
        kind="refund",
        business_key=delivered.effect_key,
        status="confirmed",
        external_reference="re_2",
    )
    [breach] = audits.doubled_effects()
    assert breach.subject == f"refund {delivered.effect_key}"


@pytest.mark.parametrize(("minutes", "stuck"), [(59, 0), (61, 1)])
def test_a_message_that_has_been_due_for_an_hour(delivered: Delivery, minutes: int, stuck: int) -> None:
    InboxMessage.objects.update(next_try_at=now() - timedelta(minutes=minutes))
    assert len(list(audits.stuck_messages())) == stuck


def test_a_stopped_message_without_a_case(delivered: Delivery, stripe: Connection, sandbox: SandboxServer) -> None:
    InboxMessage.objects.update(status="dead")
    [breach] = audits.silent_messages()
    assert "stripe refund.create is stopped without an open case" in breach.detail
