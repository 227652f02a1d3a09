"""Canonical ↔ warehouse: exact messages both ways, by the contract, nothing guessed."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from connectors.meanings import UnmappedCode
from connectors.wms import config as config_module
from connectors.wms import mapping
from connectors.wms.config import WmsConfig, WmsMapping
from connectors.wms.mapping import Unmapped
from tests.connectors.mutations import field_names, noticed

CONTRACT = json.loads((Path(config_module.__file__).parent / "contract.json").read_text())
RETURN = UUID("0198c0de-0000-7000-8000-000000000001")
SLICE = UUID("0198c0de-0000-7000-8000-000000000002")
CONFIG = WmsConfig(base_url="https://wms.test", region="UK", currency="GBP", brand="acme", legal_entity="UK Ltd")
PLAIN = WmsMapping()
NAMES = WmsMapping(
    dispositions={"sellable": "sellable", "refurbish": "repair", "scrap": "scrap", "return_to_customer": "donate"},
    locations={"LON": "DC-9"},
)


def errors(schema: str, document: Any) -> list[str]:
    """What the contract has against a document."""
    whole = {**CONTRACT, "$ref": f"#/components/schemas/{schema}"}
    checker = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [error.message for error in checker.iter_errors(document)]


def authorized(**changes: Any) -> dict[str, Any]:
    return {
        "return_id": str(RETURN),
        "number": "RMA-2026-000007",
        "order_number": "#1001",
        "location": "LON",
        "lines": [
            {"line_no": 1, "sku": "TEE", "quantity": 2, "kept": 0},
            {"line_no": 3, "sku": "CAP", "quantity": 1},
        ],
    } | changes


def decided(**changes: Any) -> dict[str, Any]:
    return {
        "slice_id": str(SLICE),
        "number": "RMA-2026-000007",
        "line_no": 3,
        "sku": "CAP",
        "quantity": 4,
        "disposition": "refurbish",
        "location": "LON",
    } | changes


def confirmed(**changes: Any) -> dict[str, Any]:
    return {
        "receipt_id": "rcpt_1",
        "notice_id": "asn_1",
        "reference": f"notice:{RETURN}",
        "rma_number": "RMA-2026-000007",
        "parcel_id": "parcel_1",
        "scan_id": "scan_1",
        "location": "DC-9",
        "received_at": "2026-11-20T10:00:00.250000Z",
        "lines": [
            {"line_ref": "1", "sku": "TEE", "quantity": 2, "expected": True, "serials": ["T-1", "T-2"]},
            {"line_ref": None, "sku": "SOCK", "quantity": 1, "expected": False},
        ],
    } | changes


def completed(**changes: Any) -> dict[str, Any]:
    slices = [
        {
            "quantity": 1,
            "condition": "like_new",
            "grade": "A",
            "disposition": "sellable",
            "reason": "",
            "serials": ["T-1"],
        },
        {"quantity": 1, "condition": "used", "grade": "C", "disposition": "donate", "reason": "worn"},
    ]
    return {
        "inspection_id": "insp_1",
        "notice_id": "asn_1",
        "reference": f"notice:{RETURN}",
        "rma_number": "RMA-2026-000007",
        "inspected_at": "2026-11-20T11:00:00Z",
        "lines": [{"line_ref": "1", "sku": "TEE", "slices": slices}],
    } | changes


def outcome(**changes: Any) -> dict[str, Any]:
    return {
        "placement_id": "plc_1",
        "reference": f"place:{SLICE}",
        "sku": "CAP",
        "quantity": 4,
        "disposition": "repair",
        "location": "DC-9",
        "rma_number": "RMA-2026-000007",
        "line_ref": "3",
        "failure_reason": None,
        "at": "2026-11-20T12:00:00Z",
        "serials": ["C-1"],
    } | changes


def test_the_examples_are_by_the_contract() -> None:
    stamp = "2026-11-20T10:00:00Z"
    for schema, topic, data in (
        ("ReceiptConfirmed", "receipt.confirmed", confirmed()),
        ("InspectionCompleted", "inspection.completed", completed()),
        ("PlacementConfirmed", "placement.confirmed", outcome()),
        ("PlacementFailed", "placement.failed", outcome(failure_reason="blocked")),
    ):
        assert errors(schema, {"type": topic, "timestamp": stamp, "data": data}) == []


def test_notice_announces_what_was_authorized() -> None:
    made = mapping.notice(authorized(), f"notice:{RETURN}", CONFIG, NAMES)
    assert made == {
        "reference": f"notice:{RETURN}",
        "rma_number": "RMA-2026-000007",
        "order_number": "#1001",
        "location": "DC-9",
        "lines": [{"line_ref": "1", "sku": "TEE", "quantity": 2}, {"line_ref": "3", "sku": "CAP", "quantity": 1}],
    }
    assert errors("NoticeIn", made) == []


def test_numbers_that_are_known_go_along_and_none_is_no_member() -> None:
    made = mapping.notice(authorized(), f"notice:{RETURN}", CONFIG, NAMES, {1: ["T-1", "T-2"]})
    assert [line.get("serials") for line in made["lines"]] == [["T-1", "T-2"], None]
    assert errors("NoticeIn", made) == []
    placed = mapping.placement(decided(), f"place:{SLICE}", CONFIG, NAMES, {3: ["C-1"]})
    assert placed["serials"] == ["C-1"]
    assert errors("PlacementIn", placed) == []
    assert "serials" not in mapping.placement(decided(), f"place:{SLICE}", CONFIG, NAMES)


def test_a_return_without_a_place_goes_to_the_default_one() -> None:
    assert mapping.notice(authorized(location=""), "notice:1", CONFIG, PLAIN)["location"] == "DC-1"


def test_placement_names_slice_line_and_bucket() -> None:
    made = mapping.placement(decided(), f"place:{SLICE}", CONFIG, NAMES)
    assert made == {
        "reference": f"place:{SLICE}",
        "sku": "CAP",
        "quantity": 4,
        "disposition": "repair",
        "location": "DC-9",
        "rma_number": "RMA-2026-000007",
        "line_ref": "3",
    }
    assert errors("PlacementIn", made) == []


@pytest.mark.parametrize("disposition", sorted(PLAIN.dispositions))
def test_every_disposition_of_the_standard_table_is_one_of_the_contract(disposition: str) -> None:
    made = mapping.placement(decided(disposition=disposition), f"place:{SLICE}", CONFIG, PLAIN)
    assert errors("PlacementIn", made) == []


@pytest.mark.parametrize("disposition", ["keep_it", "missing", "quarantine"])
def test_a_disposition_without_a_name_there_is_refused(disposition: str) -> None:
    with pytest.raises(Unmapped, match=disposition):
        mapping.placement(decided(disposition=disposition), "place:1", CONFIG, NAMES)


def test_arrival_tells_return_parcel_and_lines() -> None:
    arrival = mapping.arrival(confirmed(), NAMES)
    unread: dict[str, object] = {"serials": [], "lot": "", "expires_on": None}
    assert arrival.return_id == RETURN
    assert mapping.receipt(arrival).model_dump() == {
        "scan_id": "scan_1",
        "parcel": "parcel_1",
        "location": "LON",
        "received_at": datetime(2026, 11, 20, 10, 0, 0, 250000, tzinfo=UTC),
        "lines": [
            {"line_no": 1, "sku": "TEE", "quantity": 2, **unread, "serials": ["T-1", "T-2"]},
            {"line_no": None, "sku": "SOCK", "quantity": 1, **unread},
        ],
    }


def test_a_parcel_that_nobody_announced_becomes_a_blind_receipt() -> None:
    arrival = mapping.arrival(confirmed(reference=None, notice_id=None, rma_number="RMA-unknown"), PLAIN)
    assert arrival.return_id is None
    blind = mapping.blind(arrival, "wms-uk", CONFIG)
    assert [(line.line_no, line.sku, line.quantity) for line in blind.lines] == [(None, "TEE", 2), (None, "SOCK", 1)]
    assert (blind.region, blind.currency, blind.brand, blind.legal_entity) == ("UK", "GBP", "acme", "UK Ltd")
    assert (blind.source, blind.external_id, blind.scan_id) == ("wms-uk", "scan_1", "scan_1")
    assert blind.reason == "announced as RMA-unknown"


def test_judgement_splits_by_slice_and_tells_what_is_rejected() -> None:
    judged = mapping.judgement(completed(), CONFIG, NAMES)
    assert judged.return_id == RETURN
    assert mapping.inspection(judged, "LON").model_dump(mode="json") == {
        "reference": "insp_1",
        "location": "LON",
        "inspected_at": "2026-11-20T11:00:00Z",
        "slices": [
            {
                "line_no": 1,
                "quantity": 1,
                "accepted": True,
                "condition": "like_new",
                "grade": "A",
                "disposition": "sellable",
                "reason": "",
                "evidence": [],
                "serials": ["T-1"],
            },
            {
                "line_no": 1,
                "quantity": 1,
                "accepted": False,
                "condition": "used",
                "grade": "C",
                "disposition": "return_to_customer",
                "reason": "worn",
                "evidence": [],
                "serials": [],
            },
        ],
    }
    assert judged.quantity_of(1) == 2


def test_placed_tells_slice_and_reference() -> None:
    assert mapping.placed(outcome(), "confirmed") == mapping.Placed(SLICE, "plc_1", "confirmed", "", ("C-1",))
    failed = mapping.placed(outcome(failure_reason="location_blocked", serials=[]), "failed")
    assert failed == mapping.Placed(SLICE, "plc_1", "failed", "location_blocked")
    looked_up = {"id": "plc_2", "reference": f"place:{SLICE}", "failure_reason": None}
    assert mapping.placed(looked_up, "confirmed") == mapping.Placed(SLICE, "plc_2", "confirmed", "")


def test_a_placement_of_somebody_else_is_none_of_ours() -> None:
    assert mapping.placed(outcome(reference="manual-17"), "confirmed") is None


@pytest.mark.parametrize(
    "spoilt",
    [
        completed(inspected_at="yesterday"),
        completed(inspected_at="2026-11-20T11:00:00"),
        completed(reference="notice:not-a-uuid"),
        completed(lines=None),
        {name: value for name, value in completed().items() if name != "inspection_id"},
    ],
)
def test_a_message_that_is_not_by_the_contract_is_refused(spoilt: dict[str, Any]) -> None:
    with pytest.raises(Unmapped, match=r"inspection\.completed"):
        mapping.judgement(spoilt, CONFIG, NAMES)


def test_an_unknown_disposition_of_the_warehouse_has_no_meaning() -> None:
    lines = completed()["lines"]
    lines[0]["slices"][0]["disposition"] = "quarantine"
    with pytest.raises(UnmappedCode, match="quarantine"):
        mapping.judgement(completed(lines=lines), CONFIG, NAMES)


def test_a_table_that_could_not_be_read_backwards_is_refused() -> None:
    with pytest.raises(ValidationError, match="told apart"):
        WmsMapping(dispositions={"scrap": "waste", "recycle": "waste"})


SETTLED = ("reference", "carrier", "tracking_number", "shipped_at")
EXCHANGE = UUID("0198c0de-0000-7000-8000-000000000003")


def released(**changes: Any) -> dict[str, Any]:
    lines = [
        {"line_no": 1, "sku": "TEE", "quantity": 2, "wanted_sku": "TEE-L", "wanted_quantity": 2},
        {"line_no": 3, "sku": "CAP", "quantity": 1, "wanted_sku": "TEE-L", "wanted_quantity": 1},
        {"line_no": 3, "sku": "CAP", "quantity": 1, "wanted_sku": "SOCK", "wanted_quantity": 3},
    ]
    return {"number": "RMA-2026-000007", "order_number": "#1001", "location": "LON", "lines": lines} | changes


def went(**changes: Any) -> dict[str, Any]:
    return {
        "shipment_id": "shp_1",
        "reference": f"ship:{EXCHANGE}",
        "rma_number": "RMA-2026-000007",
        "location": "DC-9",
        "lines": [{"sku": "TEE-L", "quantity": 3}],
        "carrier": "dhl",
        "tracking_number": "TRK-1",
        "shipped_at": "2026-11-12T09:30:00Z",
        "failure_reason": None,
        "at": "2026-11-12T09:30:00Z",
    } | changes


def test_a_shipment_is_by_the_contract_and_sums_equal_skus() -> None:
    made = mapping.shipment(released(), "ship:1", CONFIG, NAMES)
    assert made == {
        "reference": "ship:1",
        "rma_number": "RMA-2026-000007",
        "order_number": "#1001",
        "location": "DC-9",
        "lines": [{"sku": "TEE-L", "quantity": 3}, {"sku": "SOCK", "quantity": 3}],
    }
    assert errors("ShipmentIn", made) == []


def test_what_went_is_read_and_what_is_not_ours_is_none() -> None:
    assert errors("ShipmentShipped", {"type": "shipment.shipped", "timestamp": went()["at"], "data": went()}) == []
    told = mapping.shipped(went(), "shipped")
    assert told is not None
    assert (told.exchange_id, told.shipment.external_reference, told.shipment.tracking, told.failure) == (
        EXCHANGE,
        "shp_1",
        "TRK-1",
        "",
    )
    assert told.shipment.shipped_at == datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
    failed = mapping.shipped(went(failure_reason="damaged"), "failed")
    assert failed is not None
    assert (failed.exchange_id, failed.failure) == (EXCHANGE, "damaged")
    assert mapping.shipped(went(reference="order:7"), "shipped") is None
    for broken in ({"shipped_at": "yesterday"}, {"reference": "ship:7"}, {"carrier": None}):
        with pytest.raises(Unmapped):
            mapping.shipped(went(**broken), "shipped")


def test_a_later_notice_names_its_announcement_and_never_expects_less_than_none() -> None:
    assert mapping.announcement_of(f"notice:{RETURN}") is None
    assert mapping.announcement_of(f"notice:{RETURN}:{SLICE}") == SLICE
    assert mapping.arrival(confirmed(reference=f"notice:{RETURN}:{SLICE}"), NAMES).return_id == RETURN
    assert mapping.line_expected({"line_no": 2, "expected": 1}, {2: 3}) == {"line_ref": "2", "quantity": 0}
    assert mapping.line_expected({"line_no": 1, "expected": 1}, {2: 3}) == {"line_ref": "1", "quantity": 1}


def golden(module: Any) -> Any:
    arrival, judged = module.arrival(confirmed(), NAMES), module.judgement(completed(), CONFIG, NAMES)
    unplaced = module.arrival(confirmed(reference=None), NAMES)
    return [
        module.notice(authorized(), "notice:1", CONFIG, NAMES),
        module.notice(authorized(location=""), "notice:1", CONFIG, NAMES),
        module.notice(authorized(lines=[{"line_no": 1, "sku": "TEE", "quantity": 2, "kept": 1}]), "n", CONFIG, NAMES),
        module.notice(
            authorized(lines=[{"line_no": 1, "sku": "TEE", "quantity": 3, "arrived": 1}]), "n", CONFIG, NAMES
        ),
        module.notice_reference(authorized()),
        module.line_expected({"line_no": 2, "expected": 3}),
        module.line_expected({"line_no": 2, "expected": 3}, {2: 1}),
        module.placement(decided(), "place:1", CONFIG, NAMES),
        module.placement(decided(location=""), "place:1", CONFIG, NAMES),
        module.notice(authorized(), "notice:1", CONFIG, NAMES, {1: ["T-1", "T-2"]}),
        module.placement(decided(), "place:1", CONFIG, NAMES, {3: ["C-1"]}),
        module.transfer(
            {"source": "LON", "target": "DC-9", "lines": [{"sku": "TEE", "quantity": 2, "disposition": "sellable"}]},
            "transfer:1",
            NAMES,
        ),
        module.count({"sku": "TEE", "location": "LON", "reason": "it differs"}, "count:1", CONFIG, NAMES),
        module.count({"sku": "TEE", "location": ""}, "count:1", CONFIG, NAMES),
        asdict(arrival),
        asdict(judged),
        module.receipt(arrival).model_dump(),
        module.blind(unplaced, "wms", CONFIG).model_dump(),
        module.inspection(judged, "LON").model_dump(),
        asdict(module.placed(outcome(), "confirmed")),
        asdict(module.placed(outcome(failure_reason="blocked"), "failed")),
        module.received_by([{"lines": [{"line_ref": "1", "received": 2}]}]),
        module.shipment(released(), "ship:1", CONFIG, NAMES),
        module.shipment(released(location=""), "ship:1", CONFIG, NAMES),
        asdict(module.shipped(went(), "shipped")),
        asdict(module.shipped({name: went()[name] for name in SETTLED} | {"id": "shp_2"}, "shipped")),
        asdict(module.shipped(went(failure_reason="broken"), "failed")),
        asdict(module.placed({"id": "plc_2", "reference": f"place:{SLICE}", "failure_reason": None}, "confirmed")),
    ]


def test_what_came_by_all_notices_of_a_return_is_added_by_line() -> None:
    first = {"lines": [{"line_ref": "1", "received": 2}, {"line_ref": "2", "received": 0}]}
    assert mapping.received_by([first, {"lines": [{"line_ref": "1", "received": 1}]}]) == {1: 3, 2: 0}


@pytest.mark.parametrize("place", field_names(mapping), ids=lambda place: f"{place[0]}-{place[1]}")
def test_breaking_any_field_name_is_noticed(place: tuple[str, int, int]) -> None:
    assert noticed(golden, mapping, place)
