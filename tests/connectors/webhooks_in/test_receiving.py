"""The door for webhooks: proven, stored once, answered at once."""

import json
import time
from typing import Any

import pytest
import stripe as stripe_sdk
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import RequestFactory

from connectors.inbox import BODY_LIMIT
from connectors.models import Connection, InboxMessage
from connectors.services import rotate_secret
from connectors.webhooks_in.views import receive_webhook
from retailops.accounts.models import DeniedAttempt
from retailops.cases.models import Case
from tests.connectors.conftest import ADMIN, WEBHOOK_SECRET


def event(id: str = "evt_1", **refund: Any) -> bytes:
    thing = {"id": "re_1", "object": "refund", "charge": "ch_1", "status": "succeeded"} | refund
    return json.dumps({"id": id, "object": "event", "type": "refund.updated", "data": {"object": thing}}).encode()


def post(body: bytes, *, secret: str = WEBHOOK_SECRET, at: int | None = None, name: str = "stripe") -> HttpResponse:
    header = stripe_sdk.WebhookSignature.generate_signature_header(body.decode(), secret, at)
    request = RequestFactory().post(
        f"/webhooks/{name}", body, content_type="application/json", headers={"Stripe-Signature": header}
    )
    return receive_webhook(request, name)


def test_a_proven_message_is_stored_and_accepted(stripe: Connection) -> None:
    assert post(event()).status_code == 202
    message = InboxMessage.objects.get()
    assert (message.connection, message.message_id, message.topic) == (stripe, "evt_1", "refund.updated")
    assert (message.lane_key, message.kind, message.status, message.verified) == ("ch_1", "webhook", "pending", True)
    assert bytes(message.body) == event()


def test_a_duplicate_is_told_so_and_changes_nothing(stripe: Connection) -> None:
    post(event())
    before = InboxMessage.objects.values("status", "tries", "body_hash", "received_at").get()
    assert post(event()).status_code == 200
    assert InboxMessage.objects.values("status", "tries", "body_hash", "received_at").get() == before
    assert InboxMessage.objects.get().copies == 1


def test_while_the_database_is_away_the_sender_is_told_to_come_again(stripe: Connection) -> None:
    def away(*_statement: Any) -> None:
        raise OperationalError("terminating connection due to administrator command")

    with connection.execute_wrapper(away):
        assert post(event()).status_code == 503
    assert not InboxMessage.objects.exists()
    assert post(event()).status_code == 202


def test_the_same_id_with_another_body_is_a_case_and_the_first_one_counts(stripe: Connection) -> None:
    post(event(status="succeeded"))
    assert post(event(status="failed")).status_code == 409
    assert bytes(InboxMessage.objects.get().body) == event(status="succeeded")
    case = Case.objects.get()
    assert (case.kind, case.queue, case.status) == ("inbox_other_body", "technical", "open")


def test_a_forged_message_is_not_stored_and_the_attempt_is_kept(stripe: Connection) -> None:
    assert post(event(), secret="whsec_guess").status_code == 401
    assert not InboxMessage.objects.exists()
    denied = DeniedAttempt.objects.get()
    assert (denied.actor, denied.path) == ("unproven:stripe", "/webhooks/stripe")


def test_a_tampered_message_is_not_stored(stripe: Connection) -> None:
    header = stripe_sdk.WebhookSignature.generate_signature_header(event().decode(), WEBHOOK_SECRET)
    request = RequestFactory().post(
        "/webhooks/stripe",
        event(status="failed"),
        content_type="application/json",
        headers={"Stripe-Signature": header},
    )
    assert receive_webhook(request, "stripe").status_code == 401
    assert not InboxMessage.objects.exists()


def test_an_old_message_is_not_stored(stripe: Connection) -> None:
    assert post(event(), at=int(time.time()) - 400).status_code == 401
    assert not InboxMessage.objects.exists()


def test_without_a_signature_nothing_is_stored(stripe: Connection) -> None:
    request = RequestFactory().post("/webhooks/stripe", event(), content_type="application/json")
    assert receive_webhook(request, "stripe").status_code == 401
    assert not InboxMessage.objects.exists()


def test_signed_nonsense_is_not_stored(stripe: Connection) -> None:
    assert post(b"[1, 2").status_code == 401
    assert not InboxMessage.objects.exists()


def test_an_unknown_connection_is_not_found(stripe: Connection) -> None:
    assert post(event(), name="nobody").status_code == 404


def test_a_body_above_the_limit_is_refused(stripe: Connection) -> None:
    assert post(event(padding="x" * BODY_LIMIT)).status_code == 413
    assert not InboxMessage.objects.exists()


def test_both_secrets_count_while_one_is_rotated_and_only_the_new_one_after(stripe: Connection) -> None:
    rotate_secret(actor=ADMIN, connection_id=stripe.id, name="webhook_secret", value="whsec_new")
    assert post(event("evt_1"), secret=WEBHOOK_SECRET).status_code == 202
    assert post(event("evt_2"), secret="whsec_new").status_code == 202
    rotate_secret(actor=ADMIN, connection_id=stripe.id, name="webhook_secret", value="whsec_newer", overlap_seconds=0)
    assert post(event("evt_3"), secret="whsec_new").status_code == 401
    assert InboxMessage.objects.count() == 2


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_post_is_taken(stripe: Connection, method: str) -> None:
    request = getattr(RequestFactory(), method)("/webhooks/stripe")
    assert receive_webhook(request, "stripe").status_code == 405
