"""Units that came by number are judged by number: by API, in the form, split or not."""

import re
from typing import Any

import pytest

from inventory.models import SerialUnit
from retailops.cases.models import Case
from retailops.lib.errors import Unprocessable
from returns.models import Inspection, Return, SliceSerial
from tests.factories import fresh, make_inspection, make_order, make_return, slice_data, unique
from tests.returns.test_serials import breaches, came, places, sold
from tests.workbench import world
from tests.workbench.test_returns_pages import form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def phones() -> Return:
    """Three phones that came as A, B and C."""
    rma = make_return(sold("A", "B", "C", quantity=3), {1: 3})
    came(rma, ["A", "B", "C"])
    return fresh(rma)


def refused(rma: Return, *slices: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """Have verdicts refused; return the code and each fault, and prove that nothing was judged."""
    with pytest.raises(Unprocessable) as refusal:
        make_inspection(rma, slices)
    assert not Inspection.objects.exists()
    assert set(places().values()) == {"pending_inspection"}
    return str(refusal.value.code), [(each.pointer, each.detail) for each in refusal.value.errors]


SCRAP = {"accepted": False, "disposition": "scrap"}


def test_a_part_of_them_is_named(phones: Return) -> None:
    sku = phones.lines.get().sku
    asked = f"Name the units of {sku} that this is about. Waiting: A, B, C."
    assert refused(phones, slice_data(1, 2)) == ("serials-needed", [("/slices/0/serials", asked)])
    split = [slice_data(1, 2, serials=["A", "B"]), slice_data(1, 1, **SCRAP)]
    assert refused(phones, *split) == ("serials-needed", [("/slices/1/serials", asked)])
    make_inspection(phones, [slice_data(1, 2, serials=["C", "A"]), slice_data(1, 1, **SCRAP, serials=["B"])])
    assert places() == {"A": "sellable", "B": "scrap", "C": "sellable"}
    assert not SerialUnit.objects.filter(presumed=True).exists()
    assert breaches() == []


def test_one_verdict_on_all_of_them_needs_no_names(phones: Return) -> None:
    make_inspection(phones, [slice_data(1, 3)])
    assert set(places().values()) == {"sellable"}
    assert not SerialUnit.objects.filter(presumed=True).exists()
    assert breaches() == []


def test_the_rest_of_a_split_needs_no_names(phones: Return) -> None:
    make_inspection(phones, [slice_data(1, 1, serials=["B"])])
    make_inspection(fresh(phones), [slice_data(1, 2, **SCRAP)])
    assert places() == {"A": "scrap", "B": "sellable", "C": "scrap"}
    assert breaches() == []


def test_a_slip_of_the_scanner_is_refused_and_says_what_waits(phones: Return) -> None:
    told = [("/slices/0/serials/1", "O did not come with this return. Waiting: A, B, C.")]
    assert refused(phones, slice_data(1, 3, serials=["A", "O", "C"])) == ("serial-not-received", told)
    twice = [slice_data(1, 1, serials=["A"]), slice_data(1, 1, **SCRAP, serials=["A"])]
    assert refused(phones, *twice) == ("serial-not-received", [("/slices/1/serials/0", "A is named twice.")])


def test_another_customers_unit_is_judged_in_doubt_with_a_case_that_says_whose_it_is(phones: Return) -> None:
    sku = phones.lines.get().sku
    theirs = make_order(number=unique("THEIRS-"), lines=[{
        "external_id": "L1", "sku": sku, "quantity": 1, "unit_price": 1000, "serials": ["X"],
    }])  # fmt: skip
    make_inspection(phones, [slice_data(1, 1, serials=["X"])])
    assert SliceSerial.objects.get().finding == "not_sold"
    case = Case.objects.get(kind="serial_mismatch")
    assert case.title == f"{phones.number}: serial X of {sku} was not sold on this order"
    assert case.detail == f"{sku} X: was not sold on this order but on order {theirs.number}"
    assert case.evidence["sold_on"] == [theirs.number]
    assert [str(refund.status) for refund in phones.refunds.all()] == ["pending_approval"]
    assert breaches() == []


def test_units_that_came_without_a_number_need_none() -> None:
    rma = make_return(sold("A", "B", "C", quantity=3), {1: 3})
    came(rma, ["A"], 3)
    make_inspection(fresh(rma), [slice_data(1, 2)])
    assert places() == {"A": "pending_inspection"}
    make_inspection(fresh(rma), [slice_data(1, 1, serials=["A"])])
    assert places() == {"A": "sellable"}
    assert breaches() == []


def test_the_form_shows_the_numbers_and_asks_which(phones: Return) -> None:
    agent = world.signed_in(world.person("ops_agent"))
    address = f"/returns/{phones.number}/do/inspect/"
    page = agent.get(address).content.decode()
    assert re.search(r"Came by number: <span class=\"mono\">A</span>, <span class=\"mono\">B</span>", page)
    assert 'name="accept_sn_1"' in page
    told = form_of(agent, phones, "inspect") | {
        "location": phones.receipts.get().location.code,
        "accept_1": 1, "accept_to_1": "sellable", "reject_1": 2, "reject_to_1": "quarantine",
    }  # fmt: skip
    answer = agent.post(address, told)
    assert (answer.status_code, Inspection.objects.count()) == (422, 0)
    assert "Name the units of" in answer.content.decode()
    assert agent.post(address, told | {"accept_sn_1": "B", "reject_sn_1": "A\nC"}).status_code == 303
    assert places() == {"A": "quarantine", "B": "sellable", "C": "quarantine"}
