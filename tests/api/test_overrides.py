"""Overrides, evidence and chargebacks on the wire."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from retailops.cases.models import EVIDENCE_LIMIT, EvidenceFile
from returns.models import Refund, RefundOverride
from returns.services import refund_outcomes
from tests.api.answers import Reply
from tests.api.conftest import Api, MakeApi
from tests.factories import SYSTEM, ensure_policy, make_inspected_return, make_order
from tests.returns.disputes import dispute

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 16
GBP = "GBP"


def waiting() -> Refund:
    order = make_order()
    ensure_policy(auto_approve_limit={})
    return make_inspected_return(order, {1: 1}).refunds.get()


def upload(api: Api, subject: str, data: bytes = PNG, **more: Any) -> Reply:
    form = {"subject": subject, "file": SimpleUploadedFile("photo.png", data, "text/html"), **more}
    return api._send("post", "/evidence", data=form)


def test_a_waiting_refund_is_changed_with_evidence(api: Api) -> None:
    refund = waiting()
    file = upload(api, f"return/{refund.rma_id}").ok(201)
    assert (file["content_type"], file["size"], file["name"]) == ("image/png", 24, "photo.png")
    body = {
        "amount": {"amount": 1200, "currency": GBP}, "reason_code": "goodwill", "reason": "late and scratched",
        "files": [file["id"]], "expected_amount": {"amount": 1000, "currency": GBP},
    }  # fmt: skip
    [made] = api.post(f"/refunds/{refund.id}/overrides", body, key="o-1").ok(201)["results"]
    assert (made["status"], made["amount"]) == ("pending_approval", {"amount": 1200, "currency": GBP})
    again = api.post(f"/refunds/{refund.id}/overrides", body, key="o-1")
    assert (again.status, again.json["results"][0]["id"]) == (200, made["id"])
    [row] = api.get(f"/refunds/{made['id']}/overrides").ok()["results"]
    assert (row["rules"], row["reason_code"], row["replaces"]) == (
        {"manual_amount": {"permitted": 1000, "requested": 1200}}, "goodwill", str(refund.id),
    )  # fmt: skip
    assert row["evidence"]["files"] == [{"id": file["id"], "name": "photo.png", "sha256": file["sha256"]}]
    assert RefundOverride.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"reason_code": "because"}, 400, "/reason_code"),
        ({"reason": ""}, 400, "/reason"),
        ({"amount": {"amount": 5, "currency": "EUR"}}, 400, "/amount/currency"),
        ({"wish": 1}, 400, "/wish"),
        ({"files": [str(uuid4())]}, 400, "/files/0"),
    ],
    ids=["code", "reason", "currency", "unknown", "file"],
)
def test_what_is_wrong_is_named_and_nothing_happens(
    api: Api, change: dict[str, Any], status: int, pointer: str
) -> None:
    refund = waiting()
    body = {"amount": {"amount": 1200, "currency": GBP}, "reason_code": "goodwill", "reason": "r"} | change
    reply = api.post(f"/refunds/{refund.id}/overrides", body, key="o-2")
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (status, pointer)
    assert Refund.objects.get().status == "pending_approval"


def test_a_stale_change_is_told_the_difference(api: Api) -> None:
    refund = waiting()
    body = {"reason_code": "goodwill", "reason": "r", "expected_amount": {"amount": 999, "currency": GBP}}
    problem = api.post(f"/refunds/{refund.id}/overrides", body, key="o-3").problem(409, "stale")
    assert problem["differences"] == [{"name": "Amount", "before": "9.99 GBP", "now": "10.00 GBP"}]


def test_three_callers(api: Api, stranger: Api, make_api: MakeApi) -> None:
    refund = waiting()
    reader = make_api("returns:read", "refunds:read")
    body = {"reason_code": "goodwill", "reason": "r"}
    stranger.post(f"/refunds/{refund.id}/overrides", body, key="a").problem(404, "not-found")
    reader.post(f"/refunds/{refund.id}/overrides", body, key="a").problem(403, "denied")
    upload(stranger, f"refund/{refund.id}").problem(404, "not-found")
    upload(reader, f"refund/{refund.id}").problem(403, "denied")
    file = upload(api, f"refund/{refund.id}").ok(201)
    stranger.get(f"/evidence/{file['id']}/content").problem(404, "not-found")
    stranger.get("/evidence", subject=f"refund/{refund.id}").problem(404, "not-found")
    assert reader._send("get", f"/evidence/{file['id']}/content").status == 200
    assert (EvidenceFile.objects.count(), Refund.objects.count()) == (1, 1)


def test_a_file_is_given_out_so_that_no_browser_runs_it(api: Api) -> None:
    refund = waiting()
    file = upload(api, f"refund/{refund.id}").ok(201)
    answer = api._send("get", f"/evidence/{file['id']}/content").response
    assert answer.content == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith('attachment; filename="photo.png"')
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    listed = api.get("/evidence", subject=f"refund/{refund.id}").ok()
    assert ([each["id"] for each in listed["results"]], len(listed["hash"])) == ([file["id"]], 64)


@pytest.mark.parametrize(
    ("data", "more", "status"),
    [
        (b"MZ\x90\x00", {}, 400),
        (b"<script>", {}, 400),
        (PNG + b"0" * EVIDENCE_LIMIT, {}, 400),
        (PNG + b"0" * (EVIDENCE_LIMIT + 100_000), {}, 413),
        (PNG, {"extra": "x"}, 400),
    ],
    ids=["program", "markup", "large", "huge", "unknown"],
)
def test_files_that_are_not_kept(api: Api, data: bytes, more: dict[str, Any], status: int) -> None:
    refund = waiting()
    assert upload(api, f"refund/{refund.id}", data, **more).status == status
    assert api.post("/evidence", {"subject": "x"}).status == 415
    assert not EvidenceFile.objects.exists()


def test_evidence_that_was_not_seen_stops_an_approval(api: Api) -> None:
    refund = waiting()
    before = api.get("/evidence", subject=f"refund/{refund.id}").ok()["hash"]
    upload(api, f"refund/{refund.id}").ok(201)
    word = {"reason": "fine", "evidence_seen": before}
    # A client holds no role, so it may refuse but never approve.
    api.post(f"/approvals/{refund.approval_id}/refuse", word).problem(409, "evidence-changed")
    assert Refund.objects.get().status == "pending_approval"
    seen = api.get("/evidence", subject=f"refund/{refund.id}").ok()["hash"]
    told = api.post(f"/approvals/{refund.approval_id}/refuse", word | {"evidence_seen": seen}).ok()
    assert (told["status"], told["seen"]["hash"]) == ("refused", seen)


def test_disputes_stand_with_their_payment(api: Api) -> None:
    order = make_order()
    dispute(order.payments.get(), amount=700)
    [payment] = api.get(f"/orders/{order.id}").ok()["payments"]
    assert payment["charged_back"] == {"amount": 700, "currency": GBP}
    assert [(each["external_id"], each["status"]) for each in payment["chargebacks"]] == [("dp_1", "opened")]


def test_the_limits_can_be_read(api: Api) -> None:
    ensure_policy(auto_approve_limit={"GBP": 500}, approval_limits={"ops_lead": {"GBP": 900}})
    found = {row["policy"]: row for row in api.get("/approval-limits").ok()["results"]}
    newest = found[max(found, key=lambda label: int(label.rpartition("@")[2]))]
    assert newest["by_itself"] == {"GBP": 500}
    assert newest["roles"] == [{"role": "ops_lead", "limits": {"GBP": 900}, "people": 0}]


def test_only_what_waits_for_the_customer_is_canceled(api: Api, stripe: Any) -> None:
    refund = make_inspected_return(quantities={1: 1}).refunds.get()
    api.post(f"/refunds/{refund.id}/cancel", {"reason": "r"}).problem(409, "conflict")
    refund_outcomes.require_refund_action(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    assert api.post(f"/refunds/{refund.id}/cancel", {"reason": "r"}).ok(202)["status"] == "requires_action"
    api.post(f"/refunds/{refund.id}/cancel", {"reason": "r"}).problem(409, "asked-already")
