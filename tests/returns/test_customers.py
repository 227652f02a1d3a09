"""Who bought: identities by system, verified keys, whose word survives; nothing unverified makes two people one."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from retailops.cases.models import Case
from retailops.lib.clock import now
from returns import contact
from returns.inputs import OrderIn, read
from returns.models import Customer, CustomerIdentity, CustomerKey, Order, SourceOfTruth, Survivor
from returns.services.orders import capture_order, capture_orders
from tests.factories import SYSTEM, order_data, unique

pytestmark = pytest.mark.django_db


def person(system: str = "shopify-uk", **fields: Any) -> dict[str, Any]:
    """Return a buyer whom nobody has seen before."""
    return {"system": system, "external_id": unique("c-"), "name": "Ida Quill"} | fields


def bought(customer: dict[str, Any], **fields: Any) -> Order:
    """Return the captured order of the buyer."""
    return capture_order(actor=SYSTEM, order=read(OrderIn, order_data(customer=customer, **fields))).order


def owner_of(customer: dict[str, Any]) -> Customer:
    """Return whose the identity is."""
    return CustomerIdentity.objects.get(system=customer["system"], external_id=customer["external_id"]).customer


@pytest.mark.parametrize(
    ("text", "country", "told"),
    [
        ("+44 (7700) 900-123", "", "+447700900123"),
        ("0044 7700 900123", "FR", "+447700900123"),
        ("07700 900123", "GB", "+447700900123"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("(415) 555-0132", "US", "+14155550132"),
        ("1 415 555 0132", "US", "+14155550132"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("07700 900123", "", ""),
        ("07700 900123", "XX", ""),
        ("123", "GB", ""),
        ("", "GB", ""),
    ],
)
def test_a_phone_number_has_one_spelling_or_none(text: str, country: str, told: str) -> None:
    assert contact.phone(text, country) == told


def test_an_address_keeps_what_stands_after_a_plus() -> None:
    assert contact.email("  Ida+Shop@Example.COM ") == "ida+shop@example.com"


@pytest.mark.parametrize(
    "proof",
    [
        {"email": "IDA@example.com", "email_verified": True},
        {"phone": "07700 900123", "phone_verified": True},
        {"loyalty_id": "L-77"},
    ],
    ids=["email", "phone", "loyalty"],
)
def test_a_verified_key_makes_two_names_one_customer(proof: dict[str, Any]) -> None:
    first = bought(person("shopify-uk", **proof))
    again = {name: value.swapcase() if name == "email" else value for name, value in proof.items()}
    second = bought(person("till", **again))
    assert first.customer_id == second.customer_id
    assert CustomerIdentity.objects.filter(customer=first.customer).count() == 2
    assert CustomerKey.objects.count() == 1
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    "claim", [{"email": "ida@example.com"}, {"phone": "07700 900123"}, {"name": "Ida Quill"}], ids=str
)
def test_nothing_unverified_makes_two_names_one(claim: dict[str, Any]) -> None:
    first, second = bought(person("shopify-uk", **claim)), bought(person("till", **claim))
    assert first.customer_id != second.customer_id
    assert CustomerKey.objects.count() == 0


def test_verified_on_one_side_alone_is_not_enough() -> None:
    first = bought(person("shopify-uk", email="ida@example.com", email_verified=True))
    second = bought(person("till", email="ida@example.com"))
    assert first.customer_id != second.customer_id


def test_proofs_of_two_people_are_a_case_and_no_guess() -> None:
    one = bought(person(email="ida@example.com", email_verified=True)).customer_id
    two = bought(person(phone="07700900123", phone_verified=True)).customer_id
    both = person("till", email="ida@example.com", email_verified=True, phone="07700900123", phone_verified=True)
    third = bought(both).customer_id
    assert len({one, two, third}) == 3
    assert {key.customer_id for key in CustomerKey.objects.all()} == {one, two}
    cases = Case.objects.filter(kind="customer_conflict", status="open")
    assert {frozenset([case.evidence["customer"], case.evidence["other"]]) for case in cases} == {
        frozenset([str(third), str(one)]),
        frozenset([str(third), str(two)]),
    }
    assert "ida" not in str(list(cases.values())).lower()
    bought(both)
    assert cases.count() == 2


def test_a_known_name_with_anothers_proof_stays_whose_it_is() -> None:
    told = person()
    mine = bought(told).customer_id
    theirs = bought(person("till", email="ida@example.com", email_verified=True)).customer_id
    after = bought(told | {"email": "ida@example.com", "email_verified": True}).customer_id
    assert (after, CustomerKey.objects.get().customer_id) == (mine, theirs)
    assert Case.objects.get().kind == "customer_conflict"


def test_one_address_with_two_loyalty_ids_is_two_people_until_somebody_says_otherwise() -> None:
    proof: dict[str, Any] = {"email": "family@example.com", "email_verified": True}
    first = bought(person(loyalty_id="L-1", **proof)).customer_id
    second = bought(person("till", loyalty_id="L-2", **proof)).customer_id
    assert first != second
    assert {key.value: key.customer_id for key in CustomerKey.objects.all()} == {
        "family@example.com": first,
        "L-1": first,
        "L-2": second,
    }
    assert Case.objects.get().evidence["by"] == "loyalty_id"


def test_two_names_of_one_batch_with_one_proof_are_one_customer() -> None:
    proof: dict[str, Any] = {"email": "ida@example.com", "email_verified": True}
    orders = [read(OrderIn, order_data(customer=person(system, **proof))) for system in ("shopify-uk", "till", "web")]
    results = capture_orders(actor=SYSTEM, orders=orders)
    assert len({result.order.customer_id for result in results}) == 1
    assert CustomerKey.objects.count() == 1


def test_a_verified_word_survives_a_later_unverified_one_and_it_is_recorded() -> None:
    told = person(email="ida@example.com", email_verified=True, name="Ida Q")
    bought(told, placed_at=now() - timedelta(days=9))
    same = person("till", email="ida@example.com", email_verified=True, name="Ida Quill")
    bought(same, placed_at=now() - timedelta(days=5))
    customer = owner_of(told)
    assert customer == owner_of(same)
    assert (customer.name, customer.email) == ("Ida Quill", "ida@example.com")
    bought(same | {"email": "other@example.com", "email_verified": False, "name": ""})
    customer.refresh_from_db()
    assert (customer.name, customer.email) == ("Ida Quill", "ida@example.com")
    names = Survivor.objects.filter(customer=customer, field="name").order_by("id")
    assert [(row.value, row.system, row.verified) for row in names] == [
        ("Ida Q", "shopify-uk", False),
        ("Ida Quill", "till", False),
    ]


def test_the_owner_of_a_field_goes_before_a_later_and_verified_word() -> None:
    SourceOfTruth.objects.create(object="customer", field="email", system="crm", changed_by="x", reason="y")
    proof = {"loyalty_id": "L-9"}
    told = person("crm", email="crm@example.com", **proof)
    bought(told, placed_at=now() - timedelta(days=30))
    bought(person("shopify-uk", email="shop@example.com", email_verified=True, **proof))
    assert owner_of(told).email == "crm@example.com"


def test_an_older_telling_of_a_system_replaces_nothing() -> None:
    told = person(email="new@example.com")
    bought(told, placed_at=now() - timedelta(days=1))
    bought(told | {"email": "old@example.com"}, placed_at=now() - timedelta(days=90))
    assert owner_of(told).email == "new@example.com"


def test_an_order_that_had_nobody_gets_its_customer_and_never_another() -> None:
    data = order_data(customer=None)
    order = capture_order(actor=SYSTEM, order=read(OrderIn, data)).order
    told, other = person(), person()
    capture_order(actor=SYSTEM, order=read(OrderIn, data | {"version": 2, "customer": told}))
    result = capture_order(actor=SYSTEM, order=read(OrderIn, data | {"version": 3, "customer": other}))
    order.refresh_from_db()
    assert order.customer == owner_of(told)
    assert result.kept == ["order: customer"]


def test_what_survived_is_never_rewritten() -> None:
    bought(person())
    row = Survivor.objects.first()
    assert row is not None
    for change in (lambda: row.delete(), lambda: Survivor.objects.update(value="[erased]")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
