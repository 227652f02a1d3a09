"""Stored value in the browser without JavaScript: given, read, taken back; a code shown once; a marketplace's word."""

import re

import pytest

from returns.models import ObservedRefund, StoredAccount, StoredEntry
from tests.factories import ensure_policy, make_inspected_return, make_order, order_data
from tests.workbench import world

pytestmark = pytest.mark.django_db


def given(amount: str = "5.00") -> StoredAccount:
    """Return the account that an agent gave value to, over the page."""
    ensure_policy(stored_value={"gift_limit": {"*": 1000}})
    rma = world.requested()
    agent = world.signed_in(world.person("ops_agent"))
    page = agent.get(f"/stored-value/give/{rma.number}/").content.decode()
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    data = {"kind": "gift_card", "amount": amount, "reason": "late parcel", "key": found[1]}
    for _ in range(2):  # a second click gives nothing more
        assert agent.post(f"/stored-value/give/{rma.number}/", data).status_code == 303
    return StoredAccount.objects.get()


def test_value_is_given_once_and_shown() -> None:
    account = given()
    assert (account.balance, account.booked) == (500, 1)
    page = world.signed_in(world.person("auditor")).get(f"/stored-value/{account.id}/").content.decode()
    assert "late parcel" in page
    assert "Take back" not in page


def test_above_the_limit_it_waits_for_a_second_person_who_decides_on_a_page() -> None:
    account = given("10.01")
    assert account.balance == 0
    approver = world.signed_in(world.person("finance_approver"))
    page = approver.get("/approvals/").content.decode()
    verdict = re.search(r'href="(/stored-value/gifts/[^"]+/approve/)"', page)
    assert verdict
    assert approver.post(verdict[1], {"reason": ""}).status_code == 422
    assert approver.post(verdict[1], {"reason": "fine"}).status_code == 303
    account.refresh_from_db()
    assert account.balance == 1001


def test_a_code_is_shown_once_and_an_entry_is_taken_back() -> None:
    account = given()
    lead = world.signed_in(world.person("ops_lead"))
    shown = lead.post(f"/stored-value/{account.id}/code/").content.decode()
    code = re.search(r"[2-9A-Z]{4}(-[2-9A-Z]{4}){3}", shown)
    assert code
    assert code[0] not in lead.get(f"/stored-value/{account.id}/").content.decode()
    entry = StoredEntry.objects.get()
    assert lead.post(f"/stored-value/entries/{entry.id}/void/", {"reason": ""}).status_code == 422
    assert lead.post(f"/stored-value/entries/{entry.id}/void/", {"reason": "mistake"}).status_code == 303
    assert lead.post(f"/stored-value/{account.id}/void/", {"reason": "lost"}).status_code == 303
    account.refresh_from_db()
    assert (account.status, account.balance) == ("void", 0)
    agent = world.signed_in(world.person("ops_agent"))
    assert agent.post(f"/stored-value/{account.id}/void/", {"reason": "x"}).status_code == 403


def test_a_marketplaces_word_is_recorded_on_the_return() -> None:
    data = order_data()
    data["payments"][0] |= {"gateway": "amazon", "tender": "marketplace"}
    rma = make_inspected_return(make_order(**data), {1: 1}, kind="marketplace")
    refund = rma.refunds.get()
    lead = world.signed_in(world.person("ops_lead"))
    address = f"/returns/{rma.number}/refunds/{refund.id}/observed/"
    assert address in lead.get(f"/returns/{rma.number}/").content.decode()
    assert lead.post(address, {"external_id": "MP-1", "amount": "0"}).status_code == 422
    assert not ObservedRefund.objects.exists()
    assert lead.post(address, {"external_id": "MP-1", "amount": "10.00"}).status_code == 303
    refund.refresh_from_db()
    assert refund.status == "succeeded"
    why = lead.get(f"/returns/{rma.number}/refunds/{refund.id}/why/").content.decode()
    assert "1 of 1 units are accepted or kept" in why
    agent = world.signed_in(world.person("ops_agent"))
    assert agent.post(address, {"external_id": "MP-2", "amount": "1"}).status_code == 403
