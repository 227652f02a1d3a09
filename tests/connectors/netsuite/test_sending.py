"""Credit memos through the engine to the sandbox: posted once, with the money that moved."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.models import Connection, InboxMessage
from connectors.services.probing import probe_connection
from retailops.events.lookup import look_up_due
from retailops.events.models import Attempt, Delivery, Destination, Effect
from tests.connectors.owed import ADMIN, sent, tries
from tests.connectors.sandbox.vendor_clients import RECORD, netsuite_headers
from tests.connectors.sandbox_server import SandboxServer

pytestmark = pytest.mark.usefixtures("domain_looks_away")
Queue = Callable[..., Delivery]
PUT = "creditMemo.upsert"


def memos(sandbox: SandboxServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.books("netsuite")["memos"]
    return found


def calls(sandbox: SandboxServer) -> list[str]:
    """Operations in the order they came in."""
    return [entry["operation"] for entry in reversed(sandbox.journal("netsuite"))]


def test_a_memo_is_posted_and_its_number_waits_in_the_inbox(sandbox: SandboxServer, queued: Queue) -> None:
    delivery = sent(queued())
    [memo] = memos(sandbox)
    assert (memo["externalId"], memo["total"], memo["memo"]) == (
        delivery.effect_key.replace(":", "-"),
        25.99,
        "RMA-2026-000007 #1001",
    )
    assert memo["entity"] == {"id": "1001"}
    assert (delivery.status, delivery.external_reference) == ("delivered", memo["tranId"])
    effect = Effect.objects.get(kind="credit_memo")
    assert (effect.status, effect.amount, effect.external_reference) == ("confirmed", 2599, memo["tranId"])
    answer = json.loads(bytes(InboxMessage.objects.get(kind="answer").body))
    assert (answer["external_reference"], answer["answer"]["tranId"]) == (memo["tranId"], memo["tranId"])
    assert calls(sandbox) == ["token", PUT, "creditMemo.get"]


def test_one_token_serves_many_calls_and_is_never_kept_with_them(sandbox: SandboxServer, queued: Queue) -> None:
    deliveries = [sent(queued()) for _ in range(3)]
    assert calls(sandbox).count("token") == 1
    kept = json.dumps([list(Attempt.objects.filter(delivery=one).values("request", "response")) for one in deliveries])
    assert "Bearer" not in kept
    assert "very secret" not in kept


def test_a_token_that_was_revoked_is_renewed_once(sandbox: SandboxServer, queued: Queue) -> None:
    sent(queued())
    sandbox.faults("netsuite", {"kind": "unauthorized", "times": 1, "operations": [PUT]})
    assert sent(queued()).status == "delivered"
    assert calls(sandbox) == ["token", PUT, "creditMemo.get", PUT, "token", PUT, "creditMemo.get"]


def test_a_credential_that_is_refused_pauses_the_connection(
    sandbox: SandboxServer, netsuite: Connection, queued: Queue
) -> None:
    sandbox.faults("netsuite", {"kind": "unauthorized", "operations": [PUT]})
    delivery = sent(queued())
    assert (delivery.status, tries(delivery)) == ("ready", [("auth", "INVALID_LOGIN")])
    assert Destination.objects.get(pk=netsuite.destination_id).paused
    assert memos(sandbox) == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "lost_answer"}, "network.RemoteProtocolError"),
        ({"kind": "reset"}, "network.RemoteProtocolError"),
        ({"kind": "error_500"}, "UNEXPECTED_ERROR"),
        ({"kind": "error_500", "after_effect": True}, "UNEXPECTED_ERROR"),
        ({"kind": "throttle_429", "retry_after_s": 0}, "CONCURRENCY_LIMIT_EXCEEDED"),
    ],
    ids=["lost", "reset", "500", "500-after", "429"],
)
def test_a_fault_is_survived_and_posted_once(
    sandbox: SandboxServer, queued: Queue, fault: dict[str, Any], code: str
) -> None:
    sandbox.faults("netsuite", fault | {"times": 1, "operations": [PUT]})
    delivery = sent(queued())
    assert (delivery.status, tries(delivery)) == ("ready", [("transient", code)])
    assert sent(delivery).status == "delivered"
    [memo] = memos(sandbox)
    assert (memo["total"], delivery.external_reference) == (25.99, memo["tranId"])
    assert len(sandbox.books("netsuite")["records"]["creditMemo"][0]["item"]["items"]) == 1


def test_a_memo_that_is_there_is_looked_up_and_not_written_again(sandbox: SandboxServer, queued: Queue) -> None:
    sandbox.faults("netsuite", {"kind": "lost_answer", "times": 1, "operations": [PUT]})
    delivery = sent(queued())
    assert sent(delivery).status == "delivered"
    assert calls(sandbox) == ["token", PUT, "creditMemo.get"]
    assert len(memos(sandbox)) == 1


def test_a_look_up_finds_the_memo_and_tells_its_number(sandbox: SandboxServer, queued: Queue) -> None:
    delivery = in_doubt(sent(queued()))
    look_up_due()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.external_reference) == ("delivered", memos(sandbox)[0]["tranId"])


def test_a_look_up_finds_nothing_where_nothing_is(sandbox: SandboxServer, queued: Queue) -> None:
    delivery = in_doubt(queued())
    look_up_due()
    delivery.refresh_from_db()
    assert (delivery.status, memos(sandbox)) == ("ready", [])


def test_a_look_up_does_not_take_another_total_for_the_memo(sandbox: SandboxServer, queued: Queue) -> None:
    delivery = queued()
    foreign_memo(sandbox, delivery, taxTotal=1.0)
    in_doubt(delivery)
    look_up_due()
    delivery.refresh_from_db()
    assert delivery.status == "in_doubt"


def in_doubt(delivery: Delivery) -> Delivery:
    """Put the delivery where it would be had a worker died right after sending."""
    moment = delivery.created_at
    Delivery.objects.filter(pk=delivery.pk).update(
        status="in_doubt", in_doubt_since=moment, first_sent_at=moment, next_attempt_at=moment, external_reference=""
    )
    return delivery


def foreign_memo(sandbox: SandboxServer, delivery: Delivery, **fields: Any) -> None:
    """A memo under our external id that somebody made or changed in NetSuite."""
    record = {"entity": {"id": "7"}, "item": {"items": [{"item": {"id": "1"}, "amount": 25.99}]}, **fields}
    url = f"{RECORD}/creditMemo/eid:{delivery.effect_key.replace(':', '-')}"
    answer = sandbox.client.put(url, json=record, headers=netsuite_headers(sandbox))
    assert answer.status_code == 204, answer.text


def test_the_concurrency_limit_is_an_obstacle_not_a_refusal(sandbox: SandboxServer, queued: Queue) -> None:
    sandbox.faults("netsuite", {"kind": "throttle_429", "times": 1, "retry_after_s": 90, "operations": [PUT]})
    delivery = sent(queued())
    attempt = Attempt.objects.get(delivery=delivery)
    assert (attempt.outcome, attempt.http_status) == ("transient", 429)
    assert (delivery.next_attempt_at - attempt.recorded_at).total_seconds() >= 89


def test_another_total_than_the_money_that_moved_never_counts_as_posted(sandbox: SandboxServer, queued: Queue) -> None:
    """Somebody gave the memo a tax in NetSuite: its total is no longer the money that moved."""
    delivery = queued()
    foreign_memo(sandbox, delivery, taxTotal=1.0)
    delivery = sent(delivery)
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == (
        "dead",
        "contract",
        "memo_total_differs",
    )
    assert "26.99" in delivery.failure_message
    assert not InboxMessage.objects.exists()


def test_a_refusal_of_the_business_is_dead_at_once(sandbox: SandboxServer, queued: Queue) -> None:
    """The customer has used the credit already: NetSuite refuses to make it smaller, and no retry can change that."""
    delivery = sent(queued())
    memo = {"doc": {"id": memos(sandbox)[0]["id"]}, "apply": True, "amount": 25.99}
    refund = {"customer": {"id": "1001"}, "apply": {"items": [memo]}}
    answer = sandbox.client.post(f"{RECORD}/customerRefund", json=refund, headers=netsuite_headers(sandbox))
    assert answer.status_code == 204, answer.text
    smaller = {**delivery.message, "amount": 1000}
    Delivery.objects.filter(pk=delivery.pk).update(status="ready", payload=smaller, finished_at=None)
    delivery = sent(delivery)
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("dead", "business", "USER_ERROR")
    assert memos(sandbox)[0]["total"] == 25.99


def test_a_currency_without_id_never_leaves_the_house(
    sandbox: SandboxServer, netsuite: Connection, queued: Queue
) -> None:
    Connection.objects.filter(pk=netsuite.pk).update(mapping={"currencies": {"USD": "1"}})
    delivery = sent(queued())
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("dead", "contract", "unmapped")
    assert calls(sandbox) == []


def test_a_return_authorization_is_put_only_where_it_is_wanted(
    sandbox: SandboxServer, netsuite: Connection, authorized: Callable[[], Delivery]
) -> None:
    with pytest.raises(Delivery.DoesNotExist):
        authorized()
    Connection.objects.filter(pk=netsuite.pk).update(config={**netsuite.config, "sync_return_authorizations": True})
    delivery = sent(authorized())
    [record] = sandbox.books("netsuite")["records"]["returnAuthorization"]
    assert record["externalId"] == delivery.effect_key.replace(":", "-")
    assert [line["quantity"] for line in record["item"]["items"]] == [2]
    assert (delivery.status, delivery.external_reference) == ("delivered", record["tranId"])


def test_the_probe_asks_for_a_token_and_the_roles_permission(sandbox: SandboxServer, netsuite: Connection) -> None:
    assert probe_connection(actor=ADMIN, connection_id=netsuite.id).ok
    sandbox.faults("netsuite", {"kind": "unauthorized"})
    assert not probe_connection(actor=ADMIN, connection_id=netsuite.id).ok
