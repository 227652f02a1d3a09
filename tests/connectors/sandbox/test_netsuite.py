"""NetSuite: upsert by external id, computed totals, SuiteQL, OAuth, concurrency."""

import base64
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.connectors.sandbox.vendor_clients import RECORD, SUITEQL, TOKEN, netsuite_headers
from tests.connectors.sandbox_server import SandboxServer

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CONCURRENCY = 5


@pytest.fixture
def netsuite(sandbox: SandboxServer) -> Iterator[httpx.Client]:
    """A client below the record API with a fresh token."""
    with httpx.Client(base_url=sandbox.url + RECORD, headers=netsuite_headers(sandbox), timeout=30) as client:
        yield client


def memo(**changes: Any) -> dict[str, Any]:
    lines = [{"item": {"id": "7"}, "quantity": 2, "rate": 10.1}, {"item": {"id": "8"}, "amount": 4.8}]
    return {"entity": {"id": "1"}, "item": {"items": lines}, "taxTotal": 5, **changes}


def details(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    assert set(body) == {"type", "title", "status", "o:errorDetails"}
    assert body["status"] == answer.status_code
    found: dict[str, Any] = body["o:errorDetails"][0]
    return found


def test_upsert_makes_one_record_per_external_id(sandbox: SandboxServer, netsuite: httpx.Client) -> None:
    first = netsuite.put("/creditMemo/eid:memo:1", json=memo())
    again = netsuite.put("/creditMemo/eid:memo:1", json=memo(memo="second"))
    assert [answer.status_code for answer in (first, again)] == [204, 204]
    assert first.headers["Location"] == again.headers["Location"]
    assert first.content == b""
    found = netsuite.get("/creditMemo/eid:memo:1").json()
    assert (found["externalId"], found["total"], found["amountRemaining"], found["memo"]) == (
        "memo:1", 30.0, 30.0, "second",
    )  # fmt: skip
    assert netsuite.get(first.headers["Location"]).json() == found
    assert sandbox.books("netsuite")["memo_total"] == 30.0
    assert len(sandbox.books("netsuite")["memos"]) == 1


def test_types_do_not_share_external_ids(netsuite: httpx.Client) -> None:
    netsuite.put("/creditMemo/eid:same", json=memo())
    answer = netsuite.get("/returnAuthorization/eid:same")
    assert (answer.status_code, details(answer)["o:errorCode"]) == (404, "NONEXISTENT_ID")


def test_post_refuses_an_external_id_that_is_taken(sandbox: SandboxServer, netsuite: httpx.Client) -> None:
    assert netsuite.post("/creditMemo", json=memo(externalId="memo:1")).status_code == 204
    refused = netsuite.post("/creditMemo", json=memo(externalId="memo:1"))
    assert (refused.status_code, details(refused)["o:errorCode"]) == (400, "DUP_RCRD")
    assert len(sandbox.books("netsuite")["memos"]) == 1


def test_patch_changes_only_what_it_names(netsuite: httpx.Client) -> None:
    netsuite.put("/salesOrder/eid:so:1", json=memo())
    assert netsuite.patch("/salesOrder/eid:so:1", json={"memo": "x", "total": 1}).status_code == 204
    found = netsuite.get("/salesOrder/eid:so:1").json()
    assert (found["memo"], found["total"], found["entity"]) == ("x", 30.0, {"id": "1"})
    assert netsuite.patch("/salesOrder/eid:so:2", json={"memo": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("kind", "body", "path"),
    [
        ("creditMemo", {"item": {"items": [{"item": {"id": "1"}, "amount": 1}]}}, "entity"),
        ("creditMemo", {"entity": {"id": "1"}}, "item"),
        ("creditMemo", {"entity": {"id": "1"}, "item": {"items": []}}, "item"),
        ("creditMemo", {"entity": {"id": "1"}, "item": {"items": [{"amount": 1}]}}, "item.items[0].item"),
        ("returnAuthorization", {"item": {"items": [{"item": {"id": "1"}}]}}, "entity"),
        ("customerRefund", {"customer": {"id": "1"}}, "apply"),
        ("inventoryAdjustment", {"inventory": {"items": [{}]}}, "account"),
        ("inventoryAdjustment", {"account": {"id": "1"}, "inventory": {"items": [{"item": {"id": "1"}}]}},
         "inventory.items[0].adjustQtyBy"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(
    sandbox: SandboxServer, netsuite: httpx.Client, kind: str, body: dict[str, Any], path: str
) -> None:
    answer = netsuite.put(f"/{kind}/eid:x", json=body)
    assert (answer.status_code, details(answer)["o:errorPath"]) == (400, path)
    assert not any(sandbox.books("netsuite")["records"].values())


def test_an_external_id_cannot_be_changed_by_the_body(netsuite: httpx.Client) -> None:
    answer = netsuite.put("/creditMemo/eid:memo:1", json=memo(externalId="memo:2"))
    assert (answer.status_code, details(answer)["o:errorPath"]) == (400, "externalId")


def test_unknown_types_and_bad_json_are_refused(netsuite: httpx.Client) -> None:
    assert details(netsuite.get("/wizard/eid:1"))["o:errorCode"] == "NONEXISTENT_RECORD_TYPE"
    assert netsuite.put("/creditMemo/eid:1", content=b"{").status_code == 400
    assert netsuite.put("/creditMemo/eid:1", content=b"[]").status_code == 400


def test_a_customer_refund_uses_up_its_memo(sandbox: SandboxServer, netsuite: httpx.Client) -> None:
    memo_id = netsuite.put("/creditMemo/eid:memo:1", json=memo()).headers["Location"].rpartition("/")[2]
    line = {"doc": {"id": memo_id}, "amount": 20}
    body = {"customer": {"id": "1"}, "apply": {"items": [line]}}
    for _ in range(2):  # an upsert applies once
        assert netsuite.put("/customerRefund/eid:r:1", json=body).status_code == 204
        assert netsuite.get("/creditMemo/eid:memo:1").json()["amountRemaining"] == 10.0
    too_much = netsuite.put("/customerRefund/eid:r:2", json=body)
    assert (too_much.status_code, details(too_much)["o:errorCode"]) == (400, "USER_ERROR")
    assert netsuite.get("/customerRefund/eid:r:2").status_code == 404
    bad_revision = {"customer": {"id": "1"}, "apply": {"items": [line | {"amount": 31}]}}
    assert netsuite.put("/customerRefund/eid:r:1", json=bad_revision).status_code == 400
    assert netsuite.get("/creditMemo/eid:memo:1").json()["amountRemaining"] == 10.0
    assert sandbox.books("netsuite")["records"]["customerRefund"][0]["total"] == 20.0


def test_a_return_authorization_becomes_receipt_memo_and_refund(netsuite: httpx.Client) -> None:
    netsuite.put("/returnAuthorization/eid:ra:1", json=memo())
    transform = "/returnAuthorization/eid:ra:1/!transform"
    assert netsuite.post(f"{transform}/itemReceipt", json={"externalId": "ir:1"}).status_code == 204
    made = netsuite.post(f"{transform}/creditMemo", json={"externalId": "memo:1"})
    assert netsuite.get(made.headers["Location"]).json()["total"] == 30.0
    assert netsuite.post(f"{transform}/creditMemo", json={"externalId": "memo:1"}).status_code == 400
    netsuite.post("/creditMemo/eid:memo:1/!transform/customerRefund", json={"externalId": "r:1"})
    assert netsuite.get("/creditMemo/eid:memo:1").json()["amountRemaining"] == 0.0
    wrong = netsuite.post("/salesOrder/eid:ra:1/!transform/creditMemo", json={})
    assert wrong.status_code == 404


def test_suiteql_finds_by_external_id(sandbox: SandboxServer, netsuite: httpx.Client) -> None:
    for number in range(3):
        netsuite.put(f"/creditMemo/eid:memo:{number}", json=memo(memo="it's"))
    netsuite.put("/salesOrder/eid:memo:0", json=memo())

    def run(query: str, params: str = "") -> httpx.Response:
        headers = {**netsuite.headers, "Prefer": "transient"}
        return sandbox.client.post(SUITEQL + params, json={"q": query}, headers=headers)

    found = run("SELECT id, externalid, total FROM transaction WHERE externalid = 'memo:0' AND type = 'CustCred'")
    assert [(row["externalid"], row["total"]) for row in found.json()["items"]] == [("memo:0", "30.0")]
    assert run("select t.id from creditmemo where externalid in ('memo:1', 'memo:2', 'no')").json()["count"] == 2
    assert run("select id from creditmemo where memo = 'it''s' order by id desc", "?limit=2").json()["hasMore"] is True
    assert run("select id from creditmemo where externalid = 'no'").json()["items"] == []
    for bad in ("delete from creditmemo", "select id from wizard", "select spell from creditmemo", "select id from"):
        answer = run(bad)
        assert (answer.status_code, details(answer)["o:errorCode"]) == (400, "INVALID_PARAMETER")
    plain = sandbox.client.post(SUITEQL, json={"q": "select id from creditmemo"}, headers=dict(netsuite.headers))
    assert details(plain)["o:errorCode"] == "INVALID_HEADER"


def jwt(**claims: Any) -> str:
    parts = [json.dumps({"alg": "PS256", "kid": "k"}), json.dumps(claims), "signature"]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def test_a_jwt_assertion_gets_a_token(sandbox: SandboxServer) -> None:
    def ask(assertion: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": assertion}
        return sandbox.client.post(TOKEN, data=form)

    answer = ask(jwt(iss="client", exp=time.time() + 60))
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", "3600")
    header = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert sandbox.client.get(f"{RECORD}/creditMemo", headers=header).status_code == 200
    for bad in (jwt(iss="client", exp=time.time() - 1), jwt(exp=time.time() + 60), "nonsense"):
        assert (ask(bad).status_code, ask(bad).json()) == (401, {"error": "invalid_client"})


def test_without_a_known_token_nothing_is_answered(sandbox: SandboxServer) -> None:
    for header in ({}, {"Authorization": "Bearer guess"}):
        answer = sandbox.client.put(f"{RECORD}/creditMemo/eid:1", json=memo(), headers=header)
        assert (answer.status_code, details(answer)["o:errorCode"]) == (401, "INVALID_LOGIN")
    assert sandbox.books("netsuite")["memos"] == []
    assert sandbox.client.post(TOKEN, data={"grant_type": "password"}).status_code == 400


def test_more_than_five_at_once_are_refused(sandbox: SandboxServer, netsuite: httpx.Client) -> None:
    sandbox.faults("netsuite", {"kind": "slow", "ms": 3000})
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: netsuite.put(f"/creditMemo/eid:memo:{n}", json=memo()), range(12)))
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [204] * CONCURRENCY + [429] * (12 - CONCURRENCY)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert details(refused)["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"
    assert len(sandbox.books("netsuite")["memos"]) == CONCURRENCY


def test_faults_answer_in_the_vendors_shape(sandbox: SandboxServer, netsuite: httpx.Client) -> None:
    for kind, status, code in (
        ("error_500", 500, "UNEXPECTED_ERROR"),
        ("unauthorized", 401, "INVALID_LOGIN"),
        ("throttle_429", 429, "CONCURRENCY_LIMIT_EXCEEDED"),
    ):
        sandbox.faults("netsuite", {"kind": kind, "times": 1, "operations": ["creditMemo.upsert"]})
        answer = netsuite.put("/creditMemo/eid:1", json=memo())
        assert (answer.status_code, details(answer)["o:errorCode"]) == (status, code)
    assert sandbox.books("netsuite")["memos"] == []
    sandbox.faults("netsuite", {"kind": "error_500", "times": 1, "after_effect": True})
    assert netsuite.put("/creditMemo/eid:1", json=memo()).status_code == 500
    assert len(sandbox.books("netsuite")["memos"]) == 1
