"""Orders as captured: frozen allocation, versions, and what a return relies on."""

from typing import Any

import pytest

from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.errors import Denied, Invalid
from returns.inputs import OrderIn, read
from returns.models import Customer, Order
from returns.services.orders import capture_order, capture_orders
from tests.factories import (
    SYSTEM,
    everyone_with,
    line_data,
    make_inspected_return,
    make_order,
    make_return,
    order_data,
    unique,
)

pytestmark = pytest.mark.django_db


def capture(data: dict[str, Any]) -> Any:
    """Capture plain data."""
    return capture_order(actor=SYSTEM, order=read(OrderIn, data))


def test_a_new_order_is_captured_and_told() -> None:
    result = capture(order_data())
    assert (result.created, result.superseded) == (True, False)
    event = Event.objects.get(type="order.captured", subject_id=result.order.id)
    assert event.data["lines"] == 2
    assert event.correlation_id == result.order.correlation_id
    assert "ada" not in str(event.data).lower()


def test_the_order_discount_is_spread_by_value() -> None:
    lines = [
        line_data("A", quantity=1, unit_price=1000),
        line_data("B", quantity=2, unit_price=1000, discount=500),
        line_data("C", quantity=1, unit_price=1),
    ]
    order = make_order(**order_data(lines=lines, discount=1000))
    assert [(line.net, line.discount) for line in order.lines.all()] == [(600, 400), (900, 1100), (1, 0)]


def test_taxes_on_top_are_kept_apart_from_included_ones() -> None:
    taxes = [{"code": "VAT", "amount": 200}, {"code": "ECO", "amount": 5, "included": True}]
    line = make_order(**order_data(lines=[line_data("A", unit_price=1000, taxes=taxes)])).lines.get()
    assert (line.net, line.tax, [tax["code"] for tax in line.taxes]) == (1000, 200, ["VAT", "ECO"])


def test_an_older_or_equal_version_changes_nothing() -> None:
    data = order_data(version=5)
    order = capture(data).order
    assert capture(data).superseded is False
    older = capture(data | {"version": 4, "number": "OLD"})
    order.refresh_from_db()
    assert (older.created, older.superseded, order.number, order.version) == (False, False, data["number"], 5)
    assert Event.objects.filter(type="order.captured", subject_id=order.id).count() == 1


def test_a_newer_version_supersedes_and_adds() -> None:
    data = order_data()
    order = capture(data).order
    lines = [data["lines"][0] | {"quantity": 4}, line_data("L3", unit_price=300)]
    result = capture(data | {"version": 2, "number": "NEW", "lines": lines})
    order.refresh_from_db()
    assert (result.superseded, order.number, order.version) == (True, "NEW", 2)
    assert [(line.line_no, line.external_id, line.quantity) for line in order.lines.all()] == [
        (1, "L1", 4),
        (3, "L3", 1),
    ]


def test_what_a_return_relies_on_is_never_rewritten() -> None:
    data = order_data(lines=[line_data("L1", quantity=3), line_data("L2")])
    data["lines"][0]["shipped_quantity"] = 2
    order = capture(data).order
    make_return(order, {1: 1})
    changed = data["lines"][0] | {"unit_price": 1, "shipped_quantity": 3}
    result = capture(data | {"version": 2, "currency": "EUR", "lines": [changed, line_data("L3")]})
    order.refresh_from_db()
    line = order.lines.get(external_id="L1")
    assert (line.net, line.shipped_quantity, order.currency) == (3000, 3, "GBP")
    assert list(order.lines.values_list("external_id", flat=True)) == ["L1", "L3"]
    assert result.kept == ["order: currency", "line L1: net"]
    case = Case.objects.get(subject_id=order.id)
    assert (case.kind, case.status) == ("order_differs", "open")


def test_a_payment_never_falls_below_what_is_reserved() -> None:
    data = order_data()
    order = capture(data).order
    make_inspected_return(order, {1: 3})
    payment = {**data["payments"][0], "references": {"charge": "ch_1"}}
    more = capture(data | {"version": 2, "payments": [payment | {"captured": 9000}]})
    less = capture(data | {"version": 3, "payments": [payment | {"captured": 2999}]})
    stored = order.payments.get()
    assert (more.kept, less.kept) == ([], [f"payment {payment['external_id']}: captured"])
    assert (stored.captured, stored.references) == (9000, {"charge": "ch_1"})


def test_versions_of_one_order_in_one_batch_are_taken_in_turn() -> None:
    data = order_data()
    batch = [read(OrderIn, data | {"version": number, "number": f"N{number}"}) for number in (1, 3, 2)]
    results = capture_orders(actor=SYSTEM, orders=batch)
    assert [(r.created, r.superseded) for r in results] == [(True, False), (False, True), (False, False)]
    assert Order.objects.get(external_id=data["external_id"]).number == "N3"


def test_a_batch_is_set_based(django_assert_max_num_queries: Any) -> None:
    orders = [read(OrderIn, order_data()) for _ in range(100)]
    with django_assert_max_num_queries(30):
        results = capture_orders(actor=SYSTEM, orders=orders)
    assert all(result.created for result in results)
    assert Customer.objects.count() == 100


def test_one_customer_a_known_identity() -> None:
    person = order_data()["customer"]
    one, two = capture(order_data(customer=person)).order, capture(order_data(customer=person)).order
    assert one.customer_id == two.customer_id


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"currency": "gbp"}, "/currency"),
        ({"surprise": 1}, "/surprise"),
        ({"placed_at": "2026-01-01T00:00:00"}, "/placed_at"),
        ({"lines": []}, "/lines"),
        ({"lines": [line_data("A"), line_data("A")]}, "/"),
        ({"lines": [line_data("A", quantity=1, shipped_quantity=2)]}, "/lines/0"),
        ({"lines": [line_data("A") | {"unit_price": "10"}]}, "/lines/0/unit_price"),
        ({"discount": 10**6}, "/"),
    ],
)
def test_faults_are_named(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(OrderIn, order_data() | change)
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_three_persons() -> None:
    allowed, elsewhere, nobody = everyone_with(Permission.ORDERS_WRITE, Permission.ORDERS_VIEW)
    order = read(OrderIn, order_data())
    for actor in (elsewhere, nobody):
        with pytest.raises(Denied):
            capture_order(actor=actor, order=order)
    assert not Order.objects.filter(external_id=order.external_id).exists()
    assert capture_order(actor=allowed, order=order).created


def test_an_order_cannot_be_taken_to_another_region_by_who_has_none_in_the_first() -> None:
    data = order_data()
    capture(data)
    _, elsewhere, _ = everyone_with(Permission.ORDERS_WRITE, Permission.ORDERS_VIEW)
    stolen = read(OrderIn, data | {"version": 2, "region": "elsewhere", "number": unique()})
    with pytest.raises(Exception, match="no such object"):
        capture_order(actor=elsewhere, order=stolen)
    assert Order.objects.get(external_id=data["external_id"]).region == "uk"
