"""Customers and discrepancies over the API."""

from typing import Any

from retailops.lib.ids import uuid7
from returns.models import Customer, CustomerMerge
from tests.api.conftest import Api, MakeApi
from tests.factories import make_order, unique
from tests.reconciliation.telling import disputed


def bought(name: str, **fields: Any) -> Customer:
    """Return a customer with one order."""
    told = {"system": "shop", "external_id": unique("c-"), "name": name, "email": f"{unique()}@example.com"}
    order = make_order(customer=told | fields.pop("person", {}), **fields)
    assert order.customer is not None
    return order.customer


def test_a_customer_is_read_with_all_that_is_known(api: Api, stranger: Api, powerless: Api) -> None:
    customer = bought("Ida Quill", person={"loyalty_id": "L-1"})
    twin = bought("Ida Quill")
    found = api.get(f"/customers/{customer.id}").ok()
    assert (found["name"], found["loyalty_id"], found["merged_into"]) == ("Ida Quill", "L-1", None)
    assert [each["system"] for each in found["identities"]] == ["shop"]
    assert {each["field"]: each["verified"] for each in found["survivors"]} == {
        "name": False,
        "email": False,
        "loyalty_id": True,
    }
    assert found["alike"] == [{"customer_id": str(twin.id), "by": ["name"]}]
    assert found["order_ids"] == [str(id) for id in customer.orders.values_list("id", flat=True)]
    stranger.get(f"/customers/{customer.id}").problem(404, "not-found")
    powerless.get(f"/customers/{customer.id}").problem(403, "denied")
    api.get(f"/customers/{uuid7()}").problem(404, "not-found")


def test_two_are_merged_and_two_again(api: Api, make_api: MakeApi, stranger: Api) -> None:
    winner, loser = bought("Ida"), bought("Ida Q")
    body = {"other": str(loser.id), "reason": "the same person"}
    stranger.post(f"/customers/{winner.id}/merge", body).problem(404, "not-found")
    make_api("customers:read").post(f"/customers/{winner.id}/merge", body).problem(403, "denied")
    api.post(f"/customers/{winner.id}/merge", body | {"expected_version": 9}).problem(409, "stale")
    assert not CustomerMerge.objects.exists()
    made = api.post(f"/customers/{winner.id}/merge", body, key="m-1").ok(200)
    assert api.post(f"/customers/{winner.id}/merge", body, key="m-1").ok(200) == made
    assert (made["customer_id"], made["merged_id"], made["undone_at"]) == (str(winner.id), str(loser.id), None)
    assert api.get(f"/customers/{loser.id}").ok()["merged_into"] == str(winner.id)
    again = {"merge_id": made["merge_id"], "reason": "two after all"}
    api.post(f"/customers/{bought('Otto').id}/unmerge", again).problem(404, "not-found")
    undone = api.post(f"/customers/{winner.id}/unmerge", again).ok(200)
    assert undone["merge_id"] == made["merge_id"]
    api.post(f"/customers/{winner.id}/unmerge", again).problem(409, "merged")


def test_a_person_is_erased_with_proof(api: Api, make_api: MakeApi) -> None:
    customer = bought("Ida Quill")
    make_api("customers:read").post(f"/customers/{customer.id}/erase", {"reference": "D-1"}).problem(403, "denied")
    proof = api.post(f"/customers/{customer.id}/erase", {"reference": "D-1"}).ok(200)
    assert (proof["reference"], proof["counts"]["returns_customer"]) == ("D-1", 1)
    assert api.post(f"/customers/{customer.id}/erase", {"reference": "D-2"}).ok(200) == proof
    assert api.get(f"/customers/{customer.id}").ok()["name"] == ""


def test_a_legal_hold_answers_with_its_reason(api: Api) -> None:
    customer = bought("Ida Quill")
    Customer.objects.filter(pk=customer.pk).update(legal_hold="Claim 4411")
    told = api.post(f"/customers/{customer.id}/erase", {"reference": "D-1"}).problem(409, "legal-hold")
    assert "Claim 4411" in told["detail"]
    customer.refresh_from_db()
    assert (customer.name, customer.erased_at) == ("Ida Quill", None)


def test_discrepancies_are_listed(api: Api, stranger: Api, powerless: Api) -> None:
    row = disputed()
    [found] = api.get("/discrepancies", status="open", system="erp").ok()["results"]
    assert (found["id"], found["field"], found["ours"], found["theirs"]) == (
        str(row.id),
        "shipping_charged",
        "450",
        "500",
    )
    assert found["at_risk"] == {"amount": 50, "currency": "GBP"}
    assert api.get("/discrepancies", status="resolved").ok()["results"] == []
    assert stranger.get("/discrepancies").ok()["results"] == []
    powerless.get("/discrepancies").problem(403, "denied")
