"""POST /returns/preview: eligibility, decision and every component, for all lines at once; nothing is written."""

from typing import Any

import pytest

from retailops.lib.ids import uuid7
from returns.models import Return
from tests.api.conftest import Api, MakeApi
from tests.factories import ensure_policy, line_data, make_inspection, make_order, make_receipt
from tests.returns.refunding import parts, refunds_of
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db


def money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


def asked(order: Any, quantities: dict[int, int], **fields: Any) -> dict[str, Any]:
    lines = [{"line_no": number, "quantity": units, "reason": "too_small"} for number, units in quantities.items()]
    return {"order": {"order_id": str(order.id)}, "kind": "mail_in", "reason": "changed mind", "lines": lines} | fields


def an_order(**fields: Any) -> Any:
    return make_order(
        lines=[line_data("L1", quantity=3, unit_price=1000), line_data("L2", quantity=1, unit_price=2550)],
        shipping_charged=500, shipping_tax=100, **fields,
    )  # fmt: skip


def test_what_is_previewed_is_what_becomes_of_the_request(api: Api) -> None:
    ensure_policy(
        restocking_fee={"percent": "10"}, label_fee={"fixed": {"GBP": 295}}, refund_shipping="proportional",
    )  # fmt: skip
    body = asked(an_order(), {1: 2, 2: 1})
    before = counts()
    found = api.post("/returns/preview", body).ok()
    assert counts() == before
    assert (found["status"], found["refused"], found["overridable"], found["eligible"], found["review"]) == (
        "authorized", False, False, True, "",
    )  # fmt: skip
    assert [(line["line_no"], line["quantity"], line["authorized"], line["kept"]) for line in found["lines"]] == [
        (1, 2, 2, 0), (2, 1, 1, 0),
    ]  # fmt: skip
    assert [line["amount"] for line in found["lines"]] == [money(2000), money(2550)]
    assert (found["refund_timing"], found["timing"]) == (
        "on_inspection", "when the goods are inspected and accepted",
    )  # fmt: skip
    rma = Return.objects.get(pk=api.post("/returns", body, key="k1").ok(201)["id"])
    assert rma.expires_at is not None
    assert found["expires_at"][:10] == rma.expires_at.date().isoformat()
    make_receipt(rma)
    make_inspection(rma)
    refund = rma.refunds.get()
    assert found["refund"]["total"] == money(refund.amount)
    shown: dict[str, int] = {}
    for part in found["refund"]["components"]:
        shown[part["kind"]] = shown.get(part["kind"], 0) + part["amount"]["amount"]
    assert shown == parts(refund)
    assert {"item", "restocking_fee", "label_fee", "shipping", "shipping_tax"} == shown.keys()
    [why] = found["refund"]["explanations"]
    assert [(line["line_no"], line["quantity"]) for line in why["lines"]] == [(1, 2), (2, 1)]
    assert found["needs_approval"] is (refunds_of(rma)[0][1] == "pending_approval")


def test_money_that_goes_two_ways_is_shown_for_each(api: Api) -> None:
    ensure_policy(resolutions=["refund", "store_credit"], stored_value={"bonus_percent": "10"})
    body = asked(an_order(), {1: 1, 2: 1})
    body["lines"][0]["resolution"] = "store_credit"
    found = api.post("/returns/preview", body).ok()
    assert [each["destination"] for each in found["refund"]["explanations"]] == ["store_credit", "tender"]
    assert (found["refund"]["total"], found["refund"]["bonus"]) == (money(3550), money(100))
    assert [line["resolution"] for line in found["lines"]] == ["store_credit", "refund"]


def test_what_policy_refuses_is_said_and_not_answered_with_an_error(api: Api, make_api: MakeApi) -> None:
    ensure_policy(window_days=1)
    body = asked(an_order(), {1: 1})
    before = counts()
    found = api.post("/returns/preview", body).ok()
    assert (found["refused"], found["overridable"], found["status"], found["eligible"]) == (True, True, None, False)
    assert [(each["code"], each["hard"]) for each in found["lines"][0]["reasons"]] == [("window_closed", False)]
    assert found["lines"][0]["authorized"] == 0
    api.post("/returns", body, key="k1").problem(422, "not-eligible")
    beyond = body | {"override_reason": "a good customer"}
    found = api.post("/returns/preview", beyond).ok()
    assert (found["refused"], found["status"], found["review"]) == (False, "in_review", "Beyond policy: window_closed")
    clerk = make_api("returns:write", "orders:read")
    assert clerk.post("/returns/preview", beyond).ok()["refused"] is bool(
        clerk.post("/returns", beyond, key="k2").status == 422
    )
    many = api.post("/returns/preview", asked(an_order(), {1: 4})).ok()
    assert (many["refused"], many["overridable"]) == (True, False)
    assert counts()["returns_refund"] == before["returns_refund"]


def test_a_preview_is_for_those_who_may_ask(api: Api, stranger: Api, powerless: Api, make_api: MakeApi) -> None:
    body = asked(an_order(), {1: 1})
    before = counts()
    stranger.post("/returns/preview", body).problem(404, "not-found")
    powerless.post("/returns/preview", body).problem(403, "denied")
    make_api("orders:read").post("/returns/preview", body).problem(403, "denied")
    api.post("/returns/preview", body | {"order": {"order_id": str(uuid7())}}).problem(404, "not-found")
    api.post("/returns/preview", body | {"lines": []}).problem(400, "invalid")
    api.post("/returns/preview", asked(an_order(), {7: 1})).problem(400, "invalid")
    after = counts()
    assert {name: after[name] - before[name] for name in after if name.startswith("returns_return")} == dict.fromkeys(
        (name for name in after if name.startswith("returns_return")), 0
    )
