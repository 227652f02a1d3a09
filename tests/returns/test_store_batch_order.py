"""However the items of an offline till are shuffled, the same comes of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retailops.cases.models import Case
from retailops.lib.errors import Conflict
from returns.models import Refund, Return, StoreBatchItem, TillRefund
from returns.services.store_batches import in_the_tills_order, receive_store_batch
from returns.services.store_items import take_in
from tests.factories import SYSTEM, ensure_policy, make_location, make_order
from tests.returns.test_store_batches import batch

pytestmark = pytest.mark.django_db
OPENED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def did(minute: int, id: str, order: str, quantity: int, paid: int = 0, **fields: Any) -> dict[str, Any]:
    """What the till did at a minute of its day: units of the first line, and what it paid out."""
    at = OPENED + timedelta(minutes=minute)
    refunds = [{"reference": f"P-{id}", "amount": paid, "paid_at": at.isoformat()}] if paid else []
    return {
        "id": id, "happened_at": at.isoformat(), "order_number": order,
        "lines": [{"line_no": 1, "quantity": quantity}], "refunds": refunds,
    } | fields  # fmt: skip


@pytest.fixture
def day() -> tuple[str, list[dict[str, Any]]]:
    """A store, and a day of a till: three returns want four of three units, two share a payout, two share an id."""
    ensure_policy()
    store = make_location("ST-SHUFFLED", kind="store").code
    one, two = make_order(number="O-ONE"), make_order(number="O-TWO")
    items = [
        did(5, "I-1", one.number, 2, 2000),
        did(10, "I-2", one.number, 1, 1000),
        did(20, "I-3", one.number, 1, 1000),
        did(30, "I-4", two.number, 1, 1000),
        did(40, "I-4", two.number, 2, 2000),  # another one under the same id
        did(50, "I-5", "NOBODY-KNOWS", 1, 300),
        did(
            60, "I-6", two.number, 1, 9999, refunds=[{"reference": "P-I-1", "amount": 5, "paid_at": OPENED.isoformat()}]
        ),
        {"id": "I-7", "happened_at": "when the shop closed"},
    ]
    return store, items


def outcome(store: str, items: list[dict[str, Any]]) -> Any:
    """Hand a batch in, say all that came of it, and take it back."""
    with transaction.atomic():
        _, results = receive_store_batch(actor=SYSTEM, batch=batch(store, *items, reference="B-SHUFFLED"))
        told = {
            "items": sorted(_item(row) for row in StoreBatchItem.objects.select_related("rma")),
            "returns": sorted(
                Return.objects.values_list(
                    "external_id", "status", "money", "stock", "lines__received", "lines__refunded"
                )
            ),
            "refunds": sorted(Refund.objects.values_list("rma__external_id", "amount", "status")),
            "payouts": sorted(TillRefund.objects.values_list("reference", "reserved", "excess")),
            "cases": sorted(Case.objects.filter(status="open").values_list("kind", "amount")),
            "answers": sorted((str(row.problem and row.problem.code), row.new) for row in results),
        }
        transaction.set_rollback(True)
    return told


def _item(row: StoreBatchItem) -> tuple[str, str, str, str]:
    codes = ",".join(each["code"] for each in row.conflicts)
    return row.external_id, str(row.status), codes, row.fingerprint


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_a_batch_gives_the_same(day: tuple[str, list[dict[str, Any]]], data: st.DataObject) -> None:
    store, items = day
    shuffled = data.draw(st.permutations(items))
    assert outcome(store, list(shuffled)) == outcome(store, items)


def test_the_first_of_two_that_want_the_same_unit_has_it(day: tuple[str, list[dict[str, Any]]]) -> None:
    store, items = day
    told = outcome(store, items[::-1])
    found = {(external_id, codes) for external_id, _, codes, _ in told["items"] if external_id in ("I-1", "I-2", "I-3")}
    assert ("I-1", "") in found
    assert ("I-2", "") in found
    assert any(external_id == "I-3" and "units_taken" in codes for external_id, codes in found)


def test_the_outcomes_stand_where_the_items_do(day: tuple[str, list[dict[str, Any]]]) -> None:
    store, items = day
    shuffled = [items[5], items[7], items[0]]
    _, results = receive_store_batch(actor=SYSTEM, batch=batch(store, *shuffled))
    assert [row.item and row.item.external_id for row in results] == ["I-5", "", "I-1"]
    assert [row.item and row.item.position for row in results] == [0, 1, 2]


def test_an_item_that_waits_for_another_of_the_batch_is_tried_again(
    day: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first by the clock is refused until the second is there: its clock was wrong."""
    store, items = day

    def needs_the_other(actor: Any, row: Any, item: Any) -> Any:
        if item.id == "I-1" and not StoreBatchItem.objects.filter(external_id="I-5").exists():
            raise Conflict("not yet", code="not-yet")
        return take_in(actor, row, item)

    monkeypatch.setattr("returns.services.store_batches.take_in", needs_the_other)
    _, results = receive_store_batch(actor=SYSTEM, batch=batch(store, items[0], items[5]))
    assert [(row.new, row.problem) for row in results] == [(True, None), (True, None)]
    assert not Case.objects.filter(kind="store_item_refused").exists()


def test_instants_are_compared_as_instants() -> None:
    items: list[dict[str, Any]] = [
        {"id": "b", "happened_at": "2026-11-20T10:00:00+02:00"},
        {"id": "a", "happened_at": "2026-11-20T09:00:00+00:00"},
        {"id": "c", "happened_at": None},
        {"id": "c2", "happened_at": "2026-11-20T08:00:00Z"},
    ]
    assert in_the_tills_order(items) == [0, 3, 1, 2]
