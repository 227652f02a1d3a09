"""Two customers made one, and two again: everything follows, exactly what moved goes back, nothing is guessed."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound
from returns.models import Customer, CustomerIdentity, CustomerKey, CustomerMerge, MovedReference, Order, Return
from returns.services.merging import merge_customers, unmerge_customers
from tests.factories import SYSTEM, actor_with, make_return
from tests.returns.proofs import breaches, prove
from tests.returns.test_customers import bought, owner_of, person

pytestmark = pytest.mark.django_db


def merge(winner: Order, loser: Order, **fields: Any) -> CustomerMerge:
    """Merge the customer of one order into that of another."""
    ids = {"winner_id": winner.customer_id, "loser_id": loser.customer_id}
    return merge_customers(**{"actor": SYSTEM, "reason": "the same person", **ids, **fields})


def customer_of(order: Order) -> Customer:
    """Return who bought, as the database has it now."""
    return Customer.objects.get(pk=str(order.customer_id))


def undo(made: CustomerMerge, **fields: Any) -> CustomerMerge:
    """Undo a merge."""
    return unmerge_customers(**{"actor": SYSTEM, "merge_id": made.id, "reason": "two after all", **fields})


def holdings() -> dict[str, Any]:
    """Return whose everything is."""
    return {
        "orders": dict(Order.objects.values_list("id", "customer_id")),
        "returns": dict(Return.objects.values_list("id", "customer_id")),
        "identities": dict(CustomerIdentity.objects.values_list("id", "customer_id")),
        "keys": dict(CustomerKey.objects.values_list("id", "customer_id")),
        "fields": {each.id: (each.name, each.email, each.phone, each.group) for each in Customer.objects.all()},
    }


def test_a_merge_moves_everything_and_keeps_both_rows() -> None:
    told = person("till", phone="07700 900123", phone_verified=True, name="I. Quill")
    keeps, goes = bought(person(email="ida@example.com")), bought(told)
    rma = make_return(goes, {1: 1})
    made = merge(keeps, goes)
    winner, loser = customer_of(keeps), customer_of(goes)
    goes.refresh_from_db()
    rma.refresh_from_db()
    assert (loser.merged_into, goes.customer, rma.customer, owner_of(told)) == (winner, winner, winner, winner)
    assert (winner.email, winner.phone, loser.phone) == ("ida@example.com", "+447700900123", "+447700900123")
    assert CustomerKey.objects.get().customer == winner
    assert sorted(made.moved.values_list("kind", flat=True)) == ["identity", "key", "order", "return"]
    told_of = Event.objects.get(type="customer.merged")
    assert told_of.data == {
        "customer_id": str(winner.id), "merged_id": str(loser.id), "merge_id": str(made.id), "orders": 1, "returns": 1,
        "identities": 1,
    }  # fmt: skip
    assert bought(told).customer == winner
    prove()


def test_undoing_gives_back_exactly_what_moved_and_what_followed_by_the_same_name() -> None:
    mine = person(email="ida@example.com")
    theirs = person("till", phone="07700 900123", phone_verified=True, name="Otto Brandt")
    keeps, goes = bought(mine), bought(theirs)
    make_return(goes, {1: 1})
    before = holdings()
    made = merge(keeps, goes)
    since_by_mine, since_by_theirs = bought(mine), bought(theirs)
    later = make_return(since_by_theirs, {1: 1})
    loser_id = goes.customer_id
    undo(made)
    after = holdings()
    for kind in ("identities", "keys", "fields"):
        assert after[kind] == before[kind]
    assert before["orders"].items() <= after["orders"].items()
    assert before["returns"].items() <= after["returns"].items()
    assert after["orders"][since_by_mine.id] == keeps.customer_id
    assert after["orders"][since_by_theirs.id] == after["returns"][later.id] == loser_id
    assert Customer.objects.filter(merged_into__isnull=False).count() == 0
    assert Event.objects.get(type="customer.unmerged").data["orders"] == 2
    prove()


def test_a_merge_can_be_done_again_after_it_was_undone() -> None:
    keeps, goes = bought(person()), bought(person())
    undo(merge(keeps, goes))
    assert Customer.objects.filter(merged_into__isnull=False).count() == 0
    merge(keeps, goes)
    assert Customer.objects.filter(merged_into__isnull=False).count() == 1
    prove()


def test_chains_are_undone_from_their_end() -> None:
    first, second, third = bought(person()), bought(person()), bought(person())
    before = holdings()
    inner = merge(second, first)
    outer = merge(third, second)
    with pytest.raises(Conflict, match="undo that merge first"):
        undo(inner)
    undo(outer)
    undo(inner)
    assert holdings() == before
    with pytest.raises(Conflict, match="undone already"):
        undo(inner)
    prove()


def test_what_is_merged_already_is_not_merged_again() -> None:
    first, second, third = bought(person()), bought(person()), bought(person())
    merge(second, first)
    for winner, loser in ((third, first), (first, third), (first, second)):
        with pytest.raises(Conflict, match="merged already"):
            merge(winner, loser)
    assert CustomerMerge.objects.count() == 1


def test_a_customer_is_not_merged_into_itself_nor_without_a_reason() -> None:
    first, second = bought(person()), bought(person())
    with pytest.raises(Invalid):
        merge(first, first)
    with pytest.raises(Invalid):
        merge(first, second, reason=" ")
    assert not CustomerMerge.objects.exists()


def test_a_stale_version_is_refused() -> None:
    first, second = bought(person()), bought(person())
    with pytest.raises(Conflict) as refused:
        merge(first, second, expected_version=7)
    assert refused.value.code == "stale"


def test_the_database_refuses_a_cycle() -> None:
    a, b, c = (customer_of(bought(person())).id for _ in range(3))
    Customer.objects.filter(pk=a).update(merged_into=b)
    for loser, winner in ((b, a), (c, a), (a, c)):
        with pytest.raises(IntegrityError, match="merged already"), transaction.atomic():
            Customer.objects.filter(pk=loser).update(merged_into=winner)
    with pytest.raises(IntegrityError, match="own_winner"), transaction.atomic():
        Customer.objects.filter(pk=c).update(merged_into=c)
    assert breaches("merges are as their log says")


def test_the_log_is_never_rewritten() -> None:
    made = merge(bought(person()), bought(person()))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        MovedReference.objects.filter(merge=made).delete()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CustomerMerge.objects.update(reason="another")


def test_a_merge_ends_the_case_about_the_two() -> None:
    proof: dict[str, Any] = {"email": "family@example.com", "email_verified": True}
    first = bought(person(loyalty_id="L-1", **proof))
    second = bought(person("till", loyalty_id="L-2", **proof))
    case = Case.objects.get(kind="customer_conflict")
    made = merge(first, second)
    case.refresh_from_db()
    assert (case.status, case.resolution_evidence) == ("resolved", {"merge": str(made.id)})


def test_three_persons() -> None:
    rights = (P.CUSTOMERS_VIEW, P.CUSTOMERS_MANAGE, P.ORDERS_VIEW)
    here, there = bought(person(), region="uk"), bought(person(), region="fr")
    other = bought(person(), region="uk")
    uk, viewer = actor_with(*rights, regions=["uk"]), actor_with(P.CUSTOMERS_VIEW, regions=["uk"])
    expected: list[tuple[Any, Order, type[DomainError]]] = [
        (actor_with(*rights, regions=["de"]), other, NotFound),
        (actor_with(regions=["uk"]), other, NotFound),
        (viewer, other, Denied),
        (uk, there, NotFound),
    ]
    for actor, loser, refusal in expected:
        with pytest.raises(refusal):
            merge(here, loser, actor=actor)
    assert not CustomerMerge.objects.exists()
    made = merge(here, other, actor=uk)
    for actor, refusal in ((actor_with(*rights, regions=["de"]), NotFound), (viewer, Denied)):
        with pytest.raises(refusal):
            undo(made, actor=actor)
    undo(made, actor=uk)


def test_who_sees_one_of_its_regions_does_not_change_a_customer_of_two() -> None:
    rights = (P.CUSTOMERS_VIEW, P.CUSTOMERS_MANAGE)
    told = person()
    both, other = bought(told, region="uk"), bought(person(), region="uk")
    bought(told, region="fr")
    with pytest.raises(Denied, match="regions or brands"):
        merge(both, other, actor=actor_with(*rights, regions=["uk"]))
    merge(both, other, actor=actor_with(*rights, regions=["uk", "fr"]))
