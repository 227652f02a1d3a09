"""Stock over the API: moves, counted differences, items, locations, snapshots and what is done about differences."""

from typing import Any

import pytest

from inventory.models import StockMove
from inventory.services.comparing import compare_snapshot
from retailops.lib.clock import now
from tests.api.conftest import Api, MakeApi
from tests.factories import unique

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api("inventory:admin")


@pytest.fixture
def place(api: Api) -> str:
    code = unique("DC-")
    body = {"name": "Center", "region": "uk", "currency": "GBP"}
    assert api.put(f"/inventory/locations/{code}", body).status == 201
    assert api.put(f"/inventory/locations/{code}", body | {"sellable": False}).status == 200
    api.put("/inventory/items", {"items": [{"sku": "LAMP", "values": [{"currency": "GBP", "amount": 100}]}]})
    return code


def counted(api: Api, place: str, change: int = 5, **fields: Any) -> Any:
    body = {
        "reference": unique("count-"), "sku": "LAMP", "location": place, "disposition": "quarantine",
        "change": change, "reason": "opening stock",
    }  # fmt: skip
    return api.post("/inventory/adjustments", body | fields)


def test_stock_is_counted_and_moved(api: Api, place: str) -> None:
    made = counted(api, place)
    assert (made.status, made.json["status"], made.json["value"]) == (201, "booked", {"amount": 500, "currency": "GBP"})
    move = {
        "reference": "M-1", "sku": "LAMP", "quantity": 2, "location": place, "source": "quarantine",
        "target": "sellable", "reason": "checked",
    }  # fmt: skip
    first, again = (api.post("/inventory/moves", {"moves": [move]}) for _ in range(2))
    assert (first.status, first.json) == (201, again.json)
    refused = api.post("/inventory/moves", {"moves": [move | {"reference": "M-2"}, move | {"quantity": 9}]})
    refused.problem(409, "key-reused")
    assert StockMove.objects.count() == 2
    shown = api.get("/inventory/availability", sku="LAMP").json
    assert shown["locations"][0]["by_disposition"] == {"quarantine": 3, "sellable": 2}
    assert (shown["available"], shown["expired"]) == (0, 0)  # the place is not one that sells


def test_a_large_difference_waits(api: Api, place: str, make_api: MakeApi) -> None:
    made = counted(api, place, 1000)
    assert (made.json["status"], made.json["move_id"]) == ("waiting", None)
    decider = make_api("approvals:write")
    [asked] = decider.get("/approvals", status="requested").json["results"]
    assert decider.post(f"/approvals/{asked['id']}/approve", {"reason": "seen"}).status == 200
    assert StockMove.objects.get().quantity == 1000


def test_a_snapshot_is_compared_and_settled(api: Api, place: str) -> None:
    counted(api, place)
    assert api.put("/inventory/state-maps/wms", {"states": {"HOLD": "quarantine", "LENT": None}}).json["version"] == 1
    for number in range(2):
        body = {
            "source": "wms", "reference": f"S{number}", "location": place, "as_of": "2026-01-01T00:00:00Z",
            "rows": [{"sku": "LAMP", "state": "HOLD", "quantity": 3}],
        }  # fmt: skip
        made = api.post("/inventory/snapshots", body)
        assert (made.status, made.json["differing_count"]) == (201, 1)
    found = api.get(f"/inventory/snapshots/{made.json['id']}").json
    assert found["differences"] == [
        {
            "sku": "LAMP", "disposition": "quarantine", "theirs": 3, "ours": 0, "coming": 0, "leaving": 0,
            "unexplained": 3,
        }
    ]  # fmt: skip
    [drift] = api.get("/inventory/drifts", status="raised").json["results"]
    assert (drift["net"], drift["value"], drift["kind"]) == (3, {"amount": 300, "currency": "GBP"}, "unknown")
    for verb in ("recount", "explain", "accept"):
        answer = api.post(f"/inventory/drifts/{drift['id']}/{verb}", {"reason": "counted"}, key=unique())
        assert answer.status == 200
    again = api.post(f"/inventory/drifts/{drift['id']}/accept", {"reason": "counted"}, key=unique())
    again.problem(409, "accepted")


def test_a_snapshot_of_now_waits_until_its_instant_has_settled(api: Api, place: str) -> None:
    api.put("/inventory/state-maps/wms", {"states": {"HOLD": "quarantine"}})
    body = {"source": "wms", "reference": "S", "location": place, "as_of": now().isoformat(), "rows": []}
    made = api.post("/inventory/snapshots", body)
    assert made.json["compared_at"] is None
    assert compare_snapshot(made.json["id"]).compared_at


def test_other_regions_see_nothing(api: Api, place: str, make_api: MakeApi) -> None:
    counted(api, place)
    elsewhere = make_api("inventory:admin", regions=["de"])
    assert elsewhere.get("/inventory/locations").json["results"] == []
    assert counted(elsewhere, place).status == 404
    assert elsewhere.put(f"/inventory/locations/{place}", {"name": "Mine", "region": "de"}).status == 404
    reader = make_api("inventory:read")
    assert counted(reader, place).status == 403
    assert StockMove.objects.count() == 1


def test_lots_and_serials_are_told_with_where_they_stand(api: Api, place: str) -> None:
    counted(api, place, 3, lot="L1")
    counted(api, place, 1, serials=["SN-1"])
    [lot] = api.get("/inventory/lots", sku="LAMP").json["results"]
    assert lot["standing"] == [{"location": place, "disposition": "quarantine", "quantity": 3}]
    dated = api.put(f"/inventory/lots/{lot['id']}/date", {"expires_on": "2026-01-31", "reason": "label"})
    assert (dated.status, dated.json["expires_on"]) == (200, "2026-01-31")
    assert [each["code"] for each in api.get("/inventory/lots", expiry="expired").json["results"]] == ["L1"]
    assert api.get("/inventory/lots", expiry="soon").json["results"] == []
    assert api.get(f"/inventory/lots/{lot['id']}").json == dated.json
    [unit] = api.get("/inventory/serials", serial="SN-1").json["results"]
    assert (unit["location"], unit["disposition"]) == (place, "quarantine")
    history = api.get(f"/inventory/serials/{unit['id']}").json["history"]
    assert [(step["move"]["target"], step["presumed"]) for step in history] == [("quarantine", False)]


def test_a_transfer_is_sent_received_and_taken_back(api: Api, place: str) -> None:
    other = unique("SHOP-")
    api.put(f"/inventory/locations/{other}", {"name": "Shop", "kind": "store", "region": "uk", "currency": "GBP"})
    counted(api, place, 9)
    body = {
        "reference": "VAN-1", "source": place, "target": other, "reason": "evening van",
        "lines": [{"sku": "LAMP", "quantity": 4, "disposition": "quarantine"}],
    }  # fmt: skip
    first, again = (api.post("/inventory/transfers", body) for _ in range(2))
    assert (first.status, first.json["status"], first.json) == (201, "sent", again.json)
    api.post("/inventory/transfers", body | {"reason": "another"}).problem(409, "key-reused")
    address = f"/inventory/transfers/{first.json['id']}"
    receipt = {"reference": "S1", "lines": [{"line_no": 1, "quantity": 3}, {"sku": "VASE", "quantity": 1}]}
    came = api.post(f"{address}/receipts", receipt)
    assert (came.status, came.json["status"], came.json["lines"][0]["received"]) == (201, "partial", 3)
    assert api.post(f"{address}/receipts", receipt).json == came.json
    done = api.post(f"{address}/receipts", {"reference": "S2", "complete": True, "lines": []})
    assert (done.json["status"], done.json["lines"][0]["missing"]) == ("received", 1)
    api.post(f"{address}/cancel", {"reason": "x"}).problem(409, "transition-refused")
    assert api.get(address).json == done.json
    assert [row["id"] for row in api.get("/inventory/transfers", target=other).json["results"]] == [done.json["id"]]
    assert api.get("/inventory/transfers", status="sent").json["results"] == []


def test_a_map_is_changed_over_the_api(make_api: MakeApi) -> None:
    api = make_api("inventory:admin")
    made = api.put("/inventory/state-maps/wms", {"states": {"AVAIL": "sellable"}})
    assert (made.status, made.json) == (
        200, {"source": "wms", "version": 1, "states": {"AVAIL": "sellable"}, "waiting": None},
    )  # fmt: skip
    asked = api.put("/inventory/state-maps/wms", {"states": {"AVAIL": "scrap"}, "reason": "waste", "based_on": 1})
    assert (asked.json["version"], asked.json["states"]) == (1, {"AVAIL": "sellable"})
    assert asked.json["waiting"]["states"] == {"AVAIL": "scrap"}
    assert api.get("/inventory/state-maps").json == {"results": [asked.json]}
    body = {"states": {"AVAIL": "sellable", "X": None}, "based_on": 7}
    api.put("/inventory/state-maps/wms", body).problem(409, "stale")


def test_quarantine_is_listed_by_age_and_released(api: Api, place: str, make_api: MakeApi) -> None:
    """As on its page: a layer for each move that brought goods there, and the same way out."""
    counted(api, place, 5)
    counted(api, place, 3)
    for values in ([{"currency": "GBP", "amount": 100}], []):
        api.put("/inventory/items", {"items": [{"sku": "VASE", "values": values}]})
        if values:
            counted(api, place, 1, sku="VASE")
    found = api.get("/inventory/quarantine").ok()
    assert (found["units"], found["arrivals"], found["next_cursor"]) == (9, 3, "")
    shown = [(each["sku"], each["units"], each["location"], each["bucket"]) for each in found["results"]]
    assert shown == [("LAMP", 5, place, "week"), ("LAMP", 3, place, "week"), ("VASE", 1, place, "week")]
    assert [each["value"] for each in found["results"]] == [
        {"amount": 500, "currency": "GBP"}, {"amount": 300, "currency": "GBP"}, None,
    ]  # fmt: skip
    first = api.get("/inventory/quarantine", limit=2).ok()
    rest = api.get("/inventory/quarantine", limit=2, cursor=first["next_cursor"]).ok()
    assert [*first["results"], *rest["results"]] == found["results"]
    assert (rest["next_cursor"], rest["units"]) == ("", 9)
    assert [each["sku"] for each in api.get("/inventory/quarantine", sku="VASE").ok()["results"]] == ["VASE"]
    assert api.get("/inventory/quarantine", bucket="older").ok()["results"] == []
    api.get("/inventory/quarantine", bucket="ancient").problem(400, "invalid")
    api.get("/inventory/quarantine", cursor="nonsense").problem(400, "invalid")
    oldest, younger, vase = (f"/inventory/quarantine/{each['move_id']}/release" for each in found["results"])
    all_of_it = {"reference": "R-1", "target": "sellable", "reason": "looked at"}
    made, again = (api.post(oldest, all_of_it) for _ in range(2))
    assert (made.status, made.json) == (201, again.json)
    moved = {name: made.json[name] for name in ("sku", "quantity", "source", "target", "source_location")}
    assert moved == {
        "sku": "LAMP", "quantity": 5, "source": "quarantine", "target": "sellable", "source_location": place,
    }  # fmt: skip
    api.post(oldest, all_of_it | {"quantity": 2}).problem(409, "key-reused")
    api.post(oldest, all_of_it | {"reference": "R-2"}).problem(409, "not-enough-stock")
    api.post(younger, all_of_it | {"reference": "R-3", "quantity": 4}).problem(409, "not-enough-stock")
    api.post(younger, all_of_it | {"reference": "R-4", "target": "received"}).problem(422, "not-by-hand")
    part = api.post(younger, {"reference": "R-5", "target": "scrap", "quantity": 1, "reason": "cracked"})
    assert (part.status, part.json["quantity"], part.json["target"]) == (201, 1, "scrap")
    left = api.get("/inventory/quarantine", location=place).ok()["results"]
    assert [(each["sku"], each["units"]) for each in left] == [("LAMP", 2), ("VASE", 1)]
    moves = StockMove.objects.count()
    elsewhere, reader = make_api("inventory:admin", regions=["de"]), make_api("inventory:read")
    assert elsewhere.get("/inventory/quarantine").ok()["results"] == []
    elsewhere.post(vase, all_of_it | {"reference": "R-6"}).problem(404, "not-found")
    reader.post(vase, all_of_it | {"reference": "R-6"}).problem(403, "denied")
    make_api("returns:read").get("/inventory/quarantine").problem(403, "denied")
    assert StockMove.objects.count() == moves


def test_what_expired_reconciles_over_the_api(api: Api, place: str) -> None:
    api.put(f"/inventory/locations/{place}", {"name": "Center", "region": "uk", "currency": "GBP"})
    counted(api, place, 3, lot="L1", disposition="sellable")
    counted(api, place, 4, disposition="sellable")
    [lot] = api.get("/inventory/lots", sku="LAMP").ok()["results"]
    api.put(f"/inventory/lots/{lot['id']}/date", {"expires_on": "2026-01-31", "reason": "label"}).ok()
    shown = api.get("/inventory/availability", sku="LAMP").ok()
    assert {name: shown[name] for name in ("available", "reserved", "expired", "physical")} == {
        "available": 4, "reserved": 0, "expired": 3, "physical": 7,
    }  # fmt: skip
    assert shown["locations"][0]["by_disposition"] == {"sellable": 7}
