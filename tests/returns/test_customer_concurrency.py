"""Customers that are met, merged and captured at the same moment, on real connections."""

from functools import partial

import pytest

from retailops.lib.errors import DomainError
from returns.models import Customer, CustomerIdentity, CustomerKey, CustomerMerge, Order, Return
from returns.services.merging import merge_customers, unmerge_customers
from tests.factories import SYSTEM, ensure_policy, make_return
from tests.returns.proofs import prove
from tests.returns.test_concurrency import together
from tests.returns.test_customers import bought, person
from tests.returns.test_merging import customer_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_systems_that_meet_one_person_at_once_agree_on_one_customer() -> None:
    ensure_policy()
    for turn in range(4):
        proof = {"email": f"ida{turn}@example.com", "phone": f"0770090012{turn}"}
        people = [
            person(f"shop-{n}", **proof, email_verified=True, phone_verified=True, loyalty_id=f"L-{turn}")
            for n in range(5)
        ]
        orders = together(*[partial(bought, each) for each in people])
        assert all(isinstance(order, Order) for order in orders)
        assert len({order.customer_id for order in orders}) == 1
    assert (Customer.objects.count(), CustomerIdentity.objects.count(), CustomerKey.objects.count()) == (4, 20, 12)
    prove()


def test_one_name_met_many_times_at_once_is_one_customer() -> None:
    ensure_policy()
    told = person(email="ida@example.com", email_verified=True)
    orders = together(*[partial(bought, told)] * 5)
    assert len({order.customer_id for order in orders}) == 1
    assert Customer.objects.count() == 1
    prove()


def test_two_merges_that_cross_are_one() -> None:
    for _ in range(4):
        one, two = customer_of(bought(person())).id, customer_of(bought(person())).id
        results = together(
            partial(merge_customers, actor=SYSTEM, winner_id=one, loser_id=two, reason="the same"),
            partial(merge_customers, actor=SYSTEM, winner_id=two, loser_id=one, reason="the same"),
        )
        refused = [result for result in results if isinstance(result, DomainError)]
        assert [error.code for error in refused] == ["merged"]
    assert CustomerMerge.objects.count() == 4
    prove()


def test_what_is_captured_and_asked_for_during_a_merge_is_where_the_merge_went() -> None:
    for _ in range(4):
        told = person("till", email="", name="Otto")
        keeps, goes = bought(person()), bought(told)
        results = together(
            partial(
                merge_customers,
                actor=SYSTEM,
                winner_id=customer_of(keeps).id,
                loser_id=customer_of(goes).id,
                reason="same",
            ),
            partial(bought, told),
            partial(bought, told),
            partial(make_return, goes, {1: 1}),
        )
        assert not [result for result in results if isinstance(result, Exception)]
        assert set(Order.objects.filter(identity__external_id=told["external_id"]).values_list("customer")) == {
            (keeps.customer_id,)
        }
        assert Return.objects.get(order=goes).customer_id == keeps.customer_id
    prove()


def test_a_merge_is_undone_once() -> None:
    one, two = customer_of(bought(person())).id, customer_of(bought(person())).id
    made = merge_customers(actor=SYSTEM, winner_id=one, loser_id=two, reason="the same")
    results = together(*[partial(unmerge_customers, actor=SYSTEM, merge_id=made.id, reason="two after all")] * 3)
    assert sorted(isinstance(result, DomainError) for result in results) == [False, True, True]
    prove()
