"""Policies are remembered by a process while their stamp is the same, and never a moment longer."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from django.db import connection, transaction

from returns.models import Order, PolicyStamp, ReturnPolicy
from returns.policy import Policy
from returns.policy_memory import Remembered, policies_now, remembered
from returns.services.order_reading import read_order, read_units
from tests.factories import ensure_policy, make_order, make_policy, order_ref

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    ensure_policy()
    return make_order()


def in_force(order: Order) -> Sequence[Policy]:
    return read_units(read_order(order_ref(order), lock=False)).policies


def test_they_are_read_once(order: Order) -> None:
    first = in_force(order)
    assert in_force(order) is first
    assert [policy.name for policy in first] == list(ReturnPolicy.objects.values_list("name", flat=True))


def test_a_new_policy_counts_at_once(order: Order) -> None:
    before = len(in_force(order))
    made = make_policy(rules={}, channel="web")
    assert made.id in {policy.id for policy in in_force(order)}
    assert len(in_force(order)) == before + 1


def test_a_change_made_by_sql_counts_at_once(order: Order) -> None:
    made = make_policy(rules={}, channel="web")
    assert made.id in {policy.id for policy in in_force(order)}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE returns_returnpolicy SET status = 'retired' WHERE id = %s", [made.id])
    assert made.id not in {policy.id for policy in in_force(order)}


def test_what_is_rolled_back_is_forgotten(order: Order) -> None:
    before = in_force(order)
    with transaction.atomic():
        made = make_policy(rules={}, channel="web")
        assert made.id in {policy.id for policy in in_force(order)}
        transaction.set_rollback(True)
    assert [policy.id for policy in in_force(order)] == [policy.id for policy in before]


def test_another_thread_that_learnt_of_newer_ones_takes_nothing_away(order: Order) -> None:
    first = in_force(order)
    mine = remembered()
    make_policy(rules={}, channel="web")
    newer = in_force(order)
    assert policies_now(mine, mine.stamp, None) is first
    assert remembered().policies is newer


def test_without_a_stamp_they_are_read_each_time(order: Order) -> None:
    first = in_force(order)
    PolicyStamp.objects.all().delete()
    assert [policy.id for policy in in_force(order)] == [policy.id for policy in first]
    assert policies_now(Remembered(uuid4(), first), None, []) == []


def test_an_order_without_lines_has_its_policies(order: Order) -> None:
    bare = Order.objects.create(
        **{
            field.attname: getattr(order, field.attname)
            for field in Order._meta.concrete_fields
            if field.attname not in {"id", "external_id", "number"}
        },
        external_id="bare",
        number="bare",
    )
    snapshot = read_units(read_order(order_ref(bare), lock=False))
    assert snapshot.lines == []
    assert snapshot.policies
