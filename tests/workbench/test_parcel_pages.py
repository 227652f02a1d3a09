"""Parcels that no return explains, and those that were not delivered: as many items as are in them."""

import re

import pytest
from django.test import Client

from returns.models import Return
from returns.services.orders import capture_order
from tests.workbench import world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
BLIND, SENDER = "/returns/new/parcel/", "/returns/new/undelivered/"


@pytest.fixture
def agent() -> Client:
    return world.signed_in(world.person("ops_agent"))


def blanks(page: str) -> list[str]:
    """Return the names of the boxes for skus on the page."""
    return re.findall(r'name="(sku_\d+)"', page)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def test_a_parcel_takes_as_many_items_as_it_has_without_javascript(agent: Client) -> None:
    place = world.location()
    page = agent.get(BLIND).content.decode()
    assert blanks(page) == ["sku_1", "sku_2", "sku_3"]
    typed = {
        "parcel": "P-1", "location": place.code, "region": place.region, "currency": "GBP", "rows": "3",
        "once": hidden(page, "once"), "reason": "no letter",
    }  # fmt: skip
    before = counts()
    for rows in range(3, 9):
        typed |= {f"sku_{n}": f"SKU-{n}" for n in range(1, rows + 1)} | {
            f"units_{n}": str(n) for n in range(1, rows + 1)
        }
        answer = agent.post(BLIND, typed | {"rows": str(rows), "more": "1"})
        page = answer.content.decode()
        assert (answer.status_code, hidden(page, "rows"), len(blanks(page))) == (200, str(rows + 1), rows + 1)
        assert hidden(page, "once") == typed["once"]
        assert f'value="SKU-{rows}"' in page
        assert re.search(rf'name="sku_{rows + 1}"[^>]* autofocus', page)
        assert len(re.findall(" autofocus", page)) == 1
    assert counts() == before
    assert agent.post(BLIND, typed | {"rows": "9"}).status_code == 303
    rma = Return.objects.get()
    assert list(rma.lines.values_list("sku", "requested")) == [(f"SKU-{n}", n) for n in range(1, 9)]
    # A second click records nothing more.
    assert agent.post(BLIND, typed | {"rows": "9"}).status_code == 303
    assert Return.objects.count() == 1


def test_with_javascript_the_lines_alone_are_swapped(agent: Client) -> None:
    world.location()
    headers = {"HX-Request": "true", "HX-Target": "parcel-items"}
    answer = agent.post(BLIND, {"rows": "3", "more": "1", "sku_1": "A"}, headers=headers)
    page = answer.content.decode().strip()
    assert page.startswith('<fieldset class="items" id="parcel-items">')
    assert page.endswith("</fieldset>")
    assert len(blanks(page)) == 4
    assert re.search(r'name="sku_2"[^>]* autofocus', page)


@pytest.mark.parametrize(("sent", "shown"), [("200", 200), ("100000", 200), ("-1", 4), ("x", 4)])
def test_the_number_of_lines_is_bounded(agent: Client, sent: str, shown: int) -> None:
    world.location()
    page = agent.post(BLIND, {"rows": sent, "more": "1"}).content.decode()
    assert len(blanks(page)) == shown
    assert ("Add a line" in page) == (shown < 200)


def test_what_is_in_an_undelivered_parcel_is_told_by_lines(agent: Client) -> None:
    world.location()
    sent = [
        {"tracking": "OUT-1", "carrier": "dhl", "shipped_at": "2026-11-01T10:00:00Z"},
        {"tracking": "OUT-2", "carrier": "dhl", "shipped_at": "2026-11-01T10:00:00Z"},
    ]
    capture_order(actor=world.SYSTEM, order=world.order_in(shipments=sent))
    typed = {"tracking": "OUT-1", "reason": "refused", "rows": "3"}
    answer = agent.post(SENDER, typed)
    assert answer.status_code == 422
    assert not Return.objects.exists()
    assert agent.post(SENDER, typed | {"more": "1"}).status_code == 200
    assert not Return.objects.exists()
    assert agent.post(SENDER, typed | {"sku_1": "MUG", "units_1": "1"}).status_code == 303
    assert list(Return.objects.get().lines.values_list("sku", "authorized")) == [("MUG", 1)]


@pytest.mark.parametrize("address", [BLIND, SENDER])
def test_who_may_not_receive_is_shown_no_lines(address: str) -> None:
    auditor = world.signed_in(world.person("auditor"))
    assert auditor.get(address).status_code == 403
    assert auditor.post(address, {"rows": "3", "more": "1"}).status_code == 403


def test_goods_are_handed_over_against_the_code_once(agent: Client) -> None:
    rma = world.requested(kind="drop_off")
    address = f"/returns/{rma.number}/do/hand_over/"
    assert address in agent.get(f"/returns/{rma.number}/").content.decode()
    form = {"expected_version": str(rma.version), "place": "Leeds", "tracking": ""}
    assert agent.post(address, form | {"partner": ""}).status_code == 422
    assert not rma.drop_off.used_at
    auditor = world.signed_in(world.person("auditor"))
    assert auditor.post(address, form | {"partner": "Elsewhere"}).status_code == 403
    assert agent.post(address, form | {"partner": "Corner shop"}).status_code == 303
    rma.refresh_from_db()
    code = rma.drop_off
    code.refresh_from_db()
    assert (rma.logistics, code.partner) == ("in_transit", "Corner shop")
    page = agent.get(f"/returns/{rma.number}/").content.decode()
    assert "They were handed over at Corner shop." in page
    elsewhere = form | {"expected_version": str(rma.version), "partner": "Elsewhere"}
    assert agent.post(address, elsewhere).status_code == 409
    code.refresh_from_db()
    assert code.partner == "Corner shop"


def test_only_goods_with_a_code_are_handed_over_so(agent: Client) -> None:
    rma = world.requested()
    assert "Only goods with a drop-off code" in agent.get(f"/returns/{rma.number}/").content.decode()
    assert agent.get(f"/returns/{rma.number}/do/hand_over/").status_code == 200
