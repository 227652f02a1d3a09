"""Stock pages: each figure opens its rows, what is done goes through the commands, files hold the same rows."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from inventory.models import (
    Location,
    Lot,
    SerialUnit,
    StockAdjustment,
    StockBalance,
    StockDrift,
    StockMove,
    StockTransfer,
)
from inventory.promising import today
from retailops.cases.models import Approval
from retailops.cases.services import approve
from tests.factories import SYSTEM, unique
from tests.inventory.test_by_hand import item, place, shift, stock
from tests.inventory.test_moving import balance
from tests.inventory.test_transfers import send
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Location:
    return place(region="GB", name="North hall")


@pytest.fixture
def lead() -> Client:
    return world.signed_in(world.person("ops_lead"))


def page(client: Client, address: str, **query: Any) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, address
    return " ".join(world.body_of(answer).split())


def test_all_stock_is_summed_by_place_with_its_value(here: Location, lead: Client) -> None:
    item("SKU", value=250)
    stock(here, quantity=4)
    stock(here, "quarantine", 2)
    stock(here, "quarantine", 3, sku="OTHER")
    text = page(lead, "/stock/")
    assert "North hall" in text
    assert f'<a href="/stock/rows/?location={here.code}&amp;disposition=quarantine">5</a>' in text
    assert f'<a href="/stock/rows/?location={here.code}">9</a>' in text
    assert "15.00" in text  # 6 units of 2.50
    assert "3 without a value" in text


def test_a_figure_opens_exactly_its_rows(here: Location, lead: Client) -> None:
    stock(here, quantity=4)
    stock(here, "quarantine", 2)
    stock(here, "scrap", 1, source="adjustment")
    assert "1 row, 4 units" in page(lead, "/stock/rows/", location=here.code, disposition="sellable")
    text = page(lead, "/stock/rows/", location=here.code, disposition="other")
    assert "1 row, 1 unit<" in text
    assert "3 rows, 7 units" in page(lead, "/stock/rows/", location=here.code)
    assert "1 row, 4 units" in page(lead, "/stock/rows/", available="1")
    file = world.body_of(lead.get("/stock/rows/export.csv", {"disposition": "quarantine"}))
    assert [line.split(",")[:5] for line in file.splitlines()[1:]] == [["SKU", here.code, "GB", "quarantine", "2"]]


def test_rows_go_on_where_the_page_before_ended(here: Location, lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.web.overview.PAGE", 2)
    for sku in ("A", "B", "C"):
        stock(here, sku=sku)
    first = page(lead, "/stock/rows/")
    assert ("/stock/sku/B/" in first, "/stock/sku/C/" in first) == (True, False)
    last = StockBalance.objects.get(sku="B", disposition="sellable").pk
    assert f"after={last}" in first
    then = page(lead, "/stock/rows/", after=last)
    assert ("/stock/sku/B/" in then, "/stock/sku/C/" in then) == (False, True)


def test_a_sku_shows_where_it_stands_and_how_it_came_there(here: Location, lead: Client) -> None:
    stock(here, quantity=2, serials=("SN-1",), lot="L9")
    text = page(lead, "/stock/sku/SKU/")
    for words in ("SN-1", "L9", "North hall", "Sellable", "Outside"):
        assert words in text
    assert lead.get("/stock/sku/NONE/").status_code == 404


def test_moves_are_found_by_sku_place_and_disposition(here: Location, lead: Client) -> None:
    stock(here)
    stock(here, "quarantine", sku="OTHER")
    text = page(lead, "/stock/moves/", location=here.code, disposition="quarantine")
    assert ("/stock/sku/OTHER/" in text, "/stock/sku/SKU/" in text) == (True, False)


def test_stock_is_moved_from_the_page_once(here: Location, lead: Client) -> None:
    stock(here, "quarantine", serials=("A", "B"))
    form = {
        "sku": "SKU", "location": here.code, "source": "quarantine", "target": "sellable", "target_location": "",
        "quantity": 2, "serials": "A\nB\n", "reason": "checked", "reference": "web:1",
    }  # fmt: skip
    for _ in range(2):
        assert lead.post("/stock/move/", form).status_code == 303
    assert balance(here.code, "sellable") == 2
    refused = lead.post("/stock/move/", form | {"reference": "web:2", "quantity": 9})
    assert refused.status_code == 422
    assert "Only 3 of SKU stand in quarantine there." in refused.content.decode()


def test_a_count_waits_for_a_second_person_on_the_page(here: Location, lead: Client) -> None:
    stock(here)
    form = {
        "sku": "SKU", "location": here.code, "disposition": "sellable", "change": "-1", "serials": "",
        "reason": "counted", "reference": "web:1",
    }  # fmt: skip
    assert lead.post("/stock/count/", form).status_code == 303
    row = StockAdjustment.objects.get()
    address = f"/stock/adjustments/{row.id}/approve/"
    assert "Somebody else must decide it." in page(lead, address)
    assert lead.post(address, {"reason": "mine"}).status_code == 403
    other = world.signed_in(world.person("finance_approver"))
    assert "Counted difference" in page(other, "/approvals/")
    assert other.post(address, {"reason": "seen"}).status_code == 303
    assert balance(here.code, "sellable") == 4
    assert "It was decided already." in page(other, address)


def test_a_difference_is_settled_on_its_page(lead: Client) -> None:
    told = world.counted()
    assert "To settle" in page(lead, "/stock/differences/")
    address = f"/stock/differences/{told.drift.id}/"
    assert "Accept their count" in page(lead, address)
    assert "+40" in page(lead, f"{address}do/accept/")
    assert lead.post(f"{address}do/accept/", {"reason": "counted again"}).status_code == 303
    waiting = StockAdjustment.objects.get(drift=told.drift)
    approve(SYSTEM, Approval.objects.get(subject_id=waiting.id).id, "yes")
    assert StockMove.objects.get(sku="JUMPER-M").quantity == 40
    assert "Taken over already" in page(lead, address)
    assert lead.post(f"{address}do/accept/", {"reason": "again"}).status_code == 422
    assert "JUMPER-M" in page(lead, f"/stock/snapshots/{told.drift.last_snapshot_id}/")


def test_an_auditor_sees_differences_and_settles_none() -> None:
    told = world.counted()
    auditor = world.signed_in(world.person("auditor"))
    address = f"/stock/differences/{told.drift.id}/"
    assert "Accept their count" not in page(auditor, address)
    assert auditor.post(f"{address}do/explain/", {"reason": "x"}).status_code == 403
    assert StockDrift.objects.get().explanation == ""
    assert "Move…" not in page(auditor, "/stock/")


def test_locations_are_kept_on_their_page(here: Location, lead: Client) -> None:
    form = {
        "code": unique("NEW-"), "name": "New hall", "kind": "store", "region": "GB", "currency": "JPY",
        "adjustment_limit": "9000", "drift_limit": "500", "quarantine_days": "7",
    }  # fmt: skip
    assert lead.post("/stock/locations/add/", form).status_code == 303
    made = Location.objects.get(code=form["code"])
    assert (made.adjustment_limit, made.sellable, made.quarantine_days) == (9000, False, 7)
    changed = form | {"name": "Other", "currency": "GBP"}
    assert lead.post(f"/stock/locations/{here.code}/", changed).status_code == 303
    here.refresh_from_db()
    assert (here.name, here.adjustment_limit) == ("Other", 900000)
    assert "Other" in page(lead, "/stock/locations/")
    agent = world.signed_in(world.person("ops_agent"))
    assert agent.post("/stock/locations/add/", form).status_code == 403


def test_numbers_are_scanned_as_goods_arrive_and_are_judged(lead: Client) -> None:
    item("JUMPER-M", serialized=True)
    rma = world.requested(quantity=2)
    address = f"/returns/{rma.number}/do/"
    assert 'name="serials_1"' in page(lead, f"{address}receive/")
    form = {
        "expected_version": rma.version, "scan_id": "web:1", "location": "GB-WH", "parcel": "", "line_1": 2,
        "serials_1": "SN-1\nSN-2, SN-3",
    }  # fmt: skip
    assert lead.post(f"{address}receive/", form).status_code == 422
    assert lead.post(f"{address}receive/", form | {"serials_1": "SN-1\nSN-2"}).status_code == 303
    assert "SN-2" in page(lead, f"/returns/{rma.number}/")
    rma.refresh_from_db()
    verdict = {
        "expected_version": rma.version, "reference": "web:2", "location": "GB-WH", "accept_1": 1,
        "accept_to_1": "sellable", "accept_as_1": "", "accept_sn_1": "SN-2", "reject_1": 1, "reject_to_1": "scrap",
        "reject_as_1": "", "reject_sn_1": "SN-1",
    }  # fmt: skip
    assert lead.post(f"{address}inspect/", verdict).status_code == 303
    assert dict(SerialUnit.objects.values_list("serial", "disposition")) == {"SN-1": "scrap", "SN-2": "sellable"}


def test_lots_stand_by_expiry_and_are_taken_off_the_shelf(here: Location, lead: Client) -> None:
    yesterday = today() - timedelta(days=1)
    stock(here, quantity=3, lot="OLD", lot_expires_on=yesterday)
    stock(here, quantity=2, lot="FRESH", lot_expires_on=today() + timedelta(days=400))
    text = page(lead, "/stock/lots/")
    assert text.index(">OLD</a>") < text.index(">FRESH</a>")
    assert "2 rows, 5 units" in text
    shelf = page(lead, "/stock/")
    assert ("besides 3 expired" in shelf, "Expired on the shelf" in shelf) == (True, True)
    assert "1 row, 2 units" in page(lead, "/stock/rows/", available="1")
    assert "never promised: take them away" in page(lead, "/stock/sku/SKU/")
    expired = page(lead, "/stock/lots/", expiry="expired")
    assert (">OLD</a>" in expired, ">FRESH</a>" in expired, "1 row, 3 units" in expired) == (True, False, True)
    asked = page(lead, "/stock/move/", sku="SKU", location=here.code, source="sellable", target="quarantine", lot="OLD")
    reference = asked.split('name="reference" value="')[1].split('"')[0]
    given = {"sku": "SKU", "location": here.code, "source": "sellable", "target": "quarantine", "quantity": 3,
             "lot": "OLD", "reason": "expired", "reference": reference}  # fmt: skip
    assert lead.post("/stock/move/", given).status_code == 303
    lot = Lot.objects.get(code="OLD")
    shown = page(lead, f"/stock/lots/{lot.id}/")
    for words in ("Quarantine", "North hall", "expired", "SKU"):
        assert words in shown


def test_the_date_of_a_lot_is_mended_on_its_page(here: Location) -> None:
    stock(here, quantity=3, lot="L1")
    lot = Lot.objects.get()
    admin = world.signed_in(world.person("administrator"))
    assert admin.post(f"/stock/lots/{lot.id}/date/", {"expires_on": "2027-05-31", "reason": ""}).status_code == 422
    assert admin.post(f"/stock/lots/{lot.id}/date/", {"expires_on": "2027-05-31", "reason": "label"}).status_code == 303
    assert str(Lot.objects.get().expires_on) == "2027-05-31"
    assert "31 May 2027" in page(admin, f"/stock/lots/{lot.id}/")
    auditor = world.signed_in(world.person("auditor"))
    assert auditor.post(f"/stock/lots/{lot.id}/date/", {"expires_on": "", "reason": "x"}).status_code == 403
    assert str(Lot.objects.get().expires_on) == "2027-05-31"


def test_a_serial_number_is_found_with_its_history(here: Location, lead: Client) -> None:
    stock(here, quantity=1, serials=("SN-7",))
    stock(here, quantity=1, serials=("SN-8",), sku="OTHER")
    shift(here, "sellable", "damaged", serials=["SN-7"])
    unit = SerialUnit.objects.get(serial="SN-7")
    found = page(lead, "/stock/serials/", serial="SN-7")
    assert (f"/stock/serials/{unit.id}/" in found, ">SN-8</a>" in found) == (True, False)
    shown = page(lead, f"/stock/serials/{unit.id}/")
    assert shown.index("Damaged") < shown.index("Outside")
    assert "looked at again" in shown


def _reference(text: str) -> str:
    return text.split('name="reference" value="')[1].split('"')[0]


def test_stock_is_sent_and_received_on_its_pages_once(here: Location, lead: Client) -> None:
    there = place(region="GB", name="South shop")
    stock(here, quantity=5)
    asked = page(lead, "/stock/transfers/send/", sku="SKU", source=here.code)
    sent = {"reference": _reference(asked), "source": here.code, "target": there.code, "reason": "Evening van",
            "l-TOTAL_FORMS": 2, "l-INITIAL_FORMS": 0, "l-0-sku": "SKU", "l-0-quantity": 4,
            "l-0-disposition": "sellable", "l-1-disposition": "sellable"}  # fmt: skip
    assert lead.post("/stock/transfers/send/", sent | {"l-0-quantity": ""}).status_code == 422
    assert lead.post("/stock/transfers/send/", sent | {"l-0-quantity": 9}).status_code == 422
    assert not StockTransfer.objects.exists()
    for _ in range(2):
        assert lead.post("/stock/transfers/send/", sent).status_code == 303
    row = StockTransfer.objects.get()
    assert (balance(here.code, "sellable"), balance(there.code, "in_transit")) == (1, 4)
    assert row.number in page(lead, "/stock/transfers/")
    address = f"/stock/transfers/{row.id}/receive/"
    came = {"reference": _reference(page(lead, address)), "l-TOTAL_FORMS": 1, "l-INITIAL_FORMS": 1, "l-0-line_no": 1,
            "l-0-quantity": 3, "l-0-disposition": "", "complete": "on"}  # fmt: skip
    for _ in range(2):
        assert lead.post(address, came).status_code == 303
    assert (balance(there.code, "sellable"), balance(there.code, "missing")) == (3, 1)
    shown = page(lead, f"/stock/transfers/{row.id}/")
    for words in ("South shop", "nothing more will come", "Evening van", "Missing"):
        assert words in shown
    assert row.number not in page(lead, "/stock/transfers/")
    assert row.number in page(lead, "/stock/transfers/", tab="ended")


def test_an_auditor_sees_transfers_and_moves_none(here: Location) -> None:
    there = place(region="GB")
    stock(here, quantity=5)
    row = send(here, there)
    auditor = world.signed_in(world.person("auditor"))
    assert "Receive…" not in page(auditor, f"/stock/transfers/{row.id}/")
    for step in ("receive", "cancel"):
        assert auditor.post(f"/stock/transfers/{row.id}/{step}/", {"reason": "x"}).status_code == 403
    row.refresh_from_db()
    assert (row.status, row.receipts.count()) == ("sent", 0)
    lead = world.signed_in(world.person("ops_lead"))
    assert lead.post(f"/stock/transfers/{row.id}/cancel/", {"reason": "van broke down"}).status_code == 303
    assert balance(here.code, "sellable") == 5
