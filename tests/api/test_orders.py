"""Orders and eligibility over the API."""

from typing import Any

import pytest
from django.test import override_settings

from retailops.accounts.models import DeniedAttempt
from retailops.events.models import Event
from retailops.lib.ids import uuid7
from returns.models import Order, Return
from tests.api.bodies import batch_item, money, order_body
from tests.api.conftest import Api, MakeApi
from tests.factories import ensure_policy, make_order, make_return, unique


def test_an_order_is_captured_by_version(api: Api) -> None:
    path = f"/orders/shopify-uk/gid://shopify/Order/{unique()}"
    body = order_body()
    made = api.put(path, body).ok(201)
    assert (made["created"], made["superseded"], made["kept"]) == (True, False, [])
    assert made["shipping_charged"] == money(450)
    again = api.put(path, body).ok(200)
    assert (again["id"], again["created"], again["superseded"]) == (made["id"], False, False)
    newer = api.put(path, body | {"version": 2, "number": "changed"}).ok(200)
    assert (newer["superseded"], newer["number"], newer["version"]) == (True, "changed", 2)
    stale = api.put(path, body | {"number": "older"}).ok(200)
    assert (stale["superseded"], stale["number"]) == (False, "changed")
    assert Event.objects.filter(type="order.captured", subject_id=made["id"]).count() == 2
    assert api.get(path).ok()["id"] == made["id"]


def test_an_order_is_read_with_its_frozen_allocation(api: Api, stranger: Api, powerless: Api) -> None:
    body = order_body(discount=money(545))
    made = api.put("/orders/web/E1", body).ok(201)
    detail = api.get(f"/orders/{made['id']}").ok()
    first, second = detail["lines"]
    # £29.00 and £25.50 share £5.45 by value: £2.90 and £2.55.
    assert (first["net"], second["net"]) == (money(2610), money(2295))
    assert second["taxes"] == [{"code": "VAT20", "amount": money(425), "included": True}]
    assert detail["payments"][0]["captured"] == money(5900)
    assert "ada" not in str(detail).lower()
    stranger.get(f"/orders/{made['id']}").problem(404, "not-found")
    stranger.get("/orders/web/E1").problem(404, "not-found")
    stranger.put("/orders/web/E1", body | {"region": "mars", "brand": "nobody", "version": 9}).problem(404, "not-found")
    powerless.get(f"/orders/{made['id']}").problem(403, "denied")
    assert Order.objects.get(pk=made["id"]).version == 1


def test_orders_are_listed(api: Api, stranger: Api) -> None:
    ids = [str(make_order(channel="listed").id) for _ in range(3)]
    assert [each["id"] for each in api.get("/orders", channel="listed").ok()["results"]] == ids[::-1]
    number = Order.objects.get(pk=ids[0]).number
    assert [each["id"] for each in api.get("/orders", number=number).ok()["results"]] == ids[:1]
    assert stranger.get("/orders").ok()["results"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"lines": []}, "/lines"),
        ({"color": "red"}, "/color"),
        ({"currency": "gbp"}, "/currency"),
        ({"placed_at": "2026-11-10T09:00:00"}, "/placed_at"),
        ({"discount": {"amount": 1, "currency": "EUR"}}, "/discount/currency"),
        ({"discount": 100}, "/discount"),
        ({"discount": money(-1)}, "/discount/amount"),
        ({"shipping_charged": {"amount": "450", "currency": "GBP"}}, "/shipping_charged/amount"),
        ({"discount": money(10**9)}, "/"),
        ({"version": 2**63}, "/version"),
        ({"number": "\x00"}, "/number"),
    ],
)
def test_wrong_orders_are_refused(api: Api, change: dict[str, Any], pointer: str) -> None:
    reply = api.put("/orders/web/wrong", order_body(**change))
    reply.problem(400, "invalid")
    assert pointer in reply.pointers()
    assert not Order.objects.filter(external_id="wrong").exists()


def test_an_order_elsewhere_is_denied(make_api: MakeApi) -> None:
    narrow = make_api("orders:write", regions=["apac"])
    narrow.put("/orders/web/E2", order_body()).problem(403, "denied")
    assert not Order.objects.filter(external_id="E2").exists()
    assert DeniedAttempt.objects.get().places == [{"region": "uk", "brand": "acme"}]


def test_a_batch_answers_for_each_order(make_api: MakeApi, api: Api) -> None:
    known, fresh = batch_item(), batch_item()
    api.post("/orders/batch", {"orders": [known]}).ok()
    narrow = make_api("orders:write", regions=["uk"])
    wrong = batch_item(lines=[])
    foreign = batch_item(region="apac")
    bad_money = batch_item(discount=money(1, "EUR"))
    orders = [known, wrong, fresh, foreign, bad_money, batch_item(surprise=1)]
    results = narrow.post("/orders/batch", {"orders": orders}).ok()["results"]
    assert [each["status"] for each in results] == [200, 400, 201, 403, 400, 400]
    assert [each["index"] for each in results] == [0, 1, 2, 3, 4, 5]
    assert results[1]["problem"]["errors"][0]["pointer"] == "/lines"
    assert results[4]["problem"]["errors"][0]["pointer"] == "/discount/currency"
    assert Order.objects.get(external_id=fresh["external_id"]).id == Order.objects.get(pk=results[2]["id"]).id
    assert not Order.objects.filter(external_id__in=[wrong["external_id"], foreign["external_id"]]).exists()
    again = narrow.post("/orders/batch", {"orders": orders}).ok()["results"]
    assert [each["status"] for each in again] == [200, 400, 200, 403, 400, 400]


def test_an_order_of_another_region_does_not_stop_the_batch(make_api: MakeApi, api: Api) -> None:
    taken = batch_item(region="apac")
    api.post("/orders/batch", {"orders": [taken]}).ok()
    mine = batch_item()
    narrow = make_api("orders:write", regions=["uk"])
    results = narrow.post("/orders/batch", {"orders": [taken | {"region": "uk", "version": 2}, mine]}).ok()["results"]
    assert [each["status"] for each in results] == [404, 201]
    assert Order.objects.get(external_id=taken["external_id"]).version == 1


def test_a_batch_has_a_limit_and_a_frame(api: Api) -> None:
    api.post("/orders/batch", {"orders": [batch_item()] * 501}).problem(400, "invalid")
    api.post("/orders/batch", {"orders": []}).problem(400, "invalid")
    api.post("/orders/batch", [batch_item()]).problem(400, "invalid")
    api.post("/orders/batch", {"orders": [batch_item()], "more": 1}).problem(400, "invalid")
    assert not Order.objects.exists()


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_a_body_that_is_too_large_is_413(api: Api) -> None:
    api.post("/orders/batch", {"orders": [batch_item()]}).problem(413, "too-large")
    assert not Order.objects.exists()


def test_eligibility_answers_and_writes_nothing(api: Api, stranger: Api, powerless: Api) -> None:
    ensure_policy()
    order = make_order()
    make_return(order, {1: 1})
    returns, events = Return.objects.count(), Event.objects.count()
    body = {
        "order": {"order_id": str(order.id)},
        "lines": [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 2}],
    }
    answer = api.post("/eligibility", body).ok()
    assert (answer["eligible"], answer["policy_version"]) == (False, "standard@1")
    first, second = answer["lines"]
    assert (first["eligible"], first["returnable"], first["amount"]) == (True, 2, money(2000))
    assert [reason["code"] for reason in second["reasons"]] == ["too_many"]
    everything = api.post("/eligibility", {"order": {"channel": order.channel, "external_id": order.external_id}}).ok()
    assert [line["quantity"] for line in everything["lines"]] == [2, 1]
    stranger.post("/eligibility", body).problem(404, "not-found")
    powerless.post("/eligibility", body).problem(403, "denied")
    api.post("/eligibility", {"order": {"order_id": str(uuid7())}}).problem(404, "not-found")
    api.post("/eligibility", {"order": {}}).problem(400, "invalid")
    assert (Return.objects.count(), Event.objects.count()) == (returns, events)
