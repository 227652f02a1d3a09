"""What an offline till did is a fact: goods, verdicts and payouts are recorded, and what does not fit is a case."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import Error as DatabaseError

from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Denied, Unprocessable
from returns.enums import RefundStatus
from returns.inputs import OrderRef, read
from returns.inputs.store import StoreBatchIn, StoreReturnIn
from returns.models import (
    Inspection,
    Order,
    Receipt,
    Refund,
    Return,
    StoreBatch,
    StoreBatchItem,
    StoredEntry,
    TillRefund,
)
from returns.services.blind import match_return
from returns.services.refunds import propose_refund
from returns.services.store_batches import ItemOutcome, receive_store_batch
from returns.services.till import return_in_store
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    make_inspected_return,
    make_location,
    make_order,
    make_return,
    unique,
)
from tests.returns.proofs import prove
from tests.returns.refunding import parts, refunds_of, split_order

pytestmark = pytest.mark.django_db
RIGHTS = ("orders.view", "returns.view", "returns.receive", "returns.inspect", "refunds.propose")


@pytest.fixture
def store() -> str:
    """Return the code of a store."""
    return make_location(unique("ST-"), kind="store").code


def payout(amount: int, **fields: Any) -> dict[str, Any]:
    """Return money that the till paid out."""
    return {"reference": unique("P-"), "amount": amount, "paid_at": (now() - timedelta(hours=1)).isoformat()} | fields


def item(order: Order | None, *refunds: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return one return at the till: a unit of the order's first line, accepted."""
    data = {
        "id": unique("I-"),
        "happened_at": (now() - timedelta(hours=2)).isoformat(),
        "order_number": order.number if order else "NOBODY-KNOWS",
        "lines": [{"line_no": 1, "quantity": 1}],
        "refunds": list(refunds),
    }
    return data | fields


def batch(store: str, *items: dict[str, Any], **fields: Any) -> StoreBatchIn:
    """Return what the till hands in."""
    data = {
        "store": store, "reference": unique("B-"), "region": "uk", "brand": "acme", "currency": "GBP",
        "items": list(items),
    }  # fmt: skip
    return read(StoreBatchIn, data | fields)


def taken(store: str, *items: dict[str, Any]) -> list[StoreBatchItem]:
    """Hand items in; return what became of them."""
    _, outcomes = receive_store_batch(actor=SYSTEM, batch=batch(store, *items))
    return [row.item for row in outcomes if row.item]


def return_of(row: StoreBatchItem) -> Return:
    """Return the return that the item became."""
    assert row.rma is not None
    return fresh(row.rma)


def codes(row: StoreBatchItem) -> list[str]:
    """Return what did not fit."""
    return [each["code"] for each in row.conflicts]


def cases(rma: Return) -> dict[str, int | None]:
    """Return the return's open cases with their money, but that nothing here takes memos."""
    rows = Case.objects.filter(correlation_id=rma.correlation_id, status="open").exclude(kind="memo_unrouted")
    return dict(rows.order_by("kind").values_list("kind", "amount"))


def submitted() -> int:
    """Return how many refunds were handed to gateways."""
    return Event.objects.filter(type="refund.submitted").count()


def test_a_return_that_the_till_paid_is_recorded_and_nothing_is_sent(store: str) -> None:
    order = make_order()
    [row] = taken(store, item(order, payout(1000)))
    rma = return_of(row)
    assert (row.status, rma.kind, rma.store, rma.source, rma.external_id) == (
        "done", "store", store, f"till:{store}", row.external_id,
    )  # fmt: skip
    assert (rma.logistics, rma.inspection, rma.stock, rma.money) == ("received", "done", "placed", "refunded")
    refund = rma.refunds.get()
    assert (refund.amount, refund.status, refund.approved_by, parts(refund)) == (1000, "succeeded", "", {"item": 1000})
    assert (submitted(), cases(rma), rma.lines.get().refunded) == (0, {}, 1)
    observed = TillRefund.objects.get(rma=rma)
    assert (observed.reserved, observed.excess, observed.proposal) == (1000, 0, refund.proposal)
    kinds = list(Event.objects.filter(subject_id=rma.id).order_by("position").values_list("type", flat=True))
    assert kinds[:2] == ["return.requested", "return.authorized"]
    assert {"till_refund.observed", "store_batch.item_taken"} <= set(kinds)
    assert Event.objects.get(type="store_batch.received").data["items"] == 1
    prove()


def test_the_whole_batch_again_changes_nothing(store: str) -> None:
    told = batch(store, item(make_order(), payout(1000)), item(None, payout(300)))
    row, first = receive_store_batch(actor=SYSTEM, batch=told)
    again_row, again = receive_store_batch(actor=SYSTEM, batch=told)
    renamed = told.model_copy(update={"reference": unique("B-")})
    other_row, other = receive_store_batch(actor=SYSTEM, batch=renamed)
    assert (again_row.id == row.id, other_row.id == row.id) == (True, False)
    assert [each.new for each in first] == [True, True]
    assert [each.new for each in [*again, *other]] == [False] * 4
    assert [each.item for each in first] == [each.item for each in again] == [each.item for each in other]
    assert (Return.objects.count(), TillRefund.objects.count(), Refund.objects.count()) == (2, 2, 1)
    prove()


def test_goods_without_a_payout_are_refunded_by_policy(store: str) -> None:
    [row] = taken(store, item(make_order()))
    assert refunds_of(return_of(row)) == [(1000, "submitting")]
    assert submitted() == 1


def test_units_that_were_returned_meanwhile_are_taken_as_facts(store: str) -> None:
    order = make_order()
    make_inspected_return(order, {1: 3})
    [row] = taken(store, item(order, payout(1000)))
    rma = return_of(row)
    assert (row.status, codes(row)) == ("conflict", ["units_taken", "more_than_owed"])
    line = rma.lines.get()
    assert (line.order_line, line.received, line.accepted, line.resolution) == (None, 1, 1, "none")
    assert parts(rma.refunds.get()) == {"manual": 1000}
    assert list(cases(rma)) == ["refund_unrouted", "store_conflict"]
    prove()


def test_a_part_of_the_units_is_still_there(store: str) -> None:
    order = make_order()
    make_return(order, {1: 2})
    [row] = taken(store, item(order, lines=[{"line_no": 1, "quantity": 2}]))
    rows = return_of(row).lines.values_list("line_no", "requested", "received", "units", "resolution")
    assert list(rows) == [(1, 1, 1, [[2, 3]], "refund"), (2, 1, 1, [], "none")]
    prove()


def test_what_policy_would_not_allow_is_accepted_and_becomes_a_case(store: str) -> None:
    ensure_policy(window_days=0, auto_approve_limit={"GBP": 500})
    [row] = taken(store, item(make_order(), payout(1000)))
    rma = return_of(row)
    assert (rma.status, codes(row)) == ("authorized", ["not_allowed", "above_limit"])
    assert (refunds_of(rma), cases(rma)) == ([(1000, "succeeded")], {"store_conflict": None})
    prove()


def test_a_payout_of_more_than_was_captured_is_a_case_with_the_money(store: str) -> None:
    order = make_order()
    make_inspected_return(order, {2: 1})
    held = Refund.objects.get(rma__order=order).amount
    [row] = taken(store, item(order, payout(9000)))
    rma = return_of(row)
    assert refunds_of(rma) == [(5550 - held, "succeeded")]
    observed = TillRefund.objects.get(rma=rma)
    assert (observed.reserved, observed.excess) == (3000, 6000)
    assert codes(row) == ["more_than_owed", "over_refund"]
    assert cases(rma)["over_refund"] == 6000
    assert rma.lines.get().refunded == 1
    prove()


def test_where_nothing_is_left_to_bear_a_payout_policy_pays_nothing_more(store: str) -> None:
    order = make_order()
    [first, second] = taken(store, item(order, payout(5550)), item(order, payout(1000)))
    rma = return_of(second)
    assert (refunds_of(return_of(first)), refunds_of(rma)) == ([(5550, "succeeded")], [])
    assert cases(rma) == {"over_refund": 1000, "store_conflict": None}
    assert (rma.lines.get().resolution, TillRefund.objects.get(rma=rma).excess) == ("none", 1000)
    prove()


def test_a_payout_of_less_settles_the_units(store: str) -> None:
    [row] = taken(store, item(make_order(), payout(700)))
    rma = return_of(row)
    assert (refunds_of(rma), parts(rma.refunds.get()), rma.money) == (
        [(700, "succeeded")], {"item": 1000, "manual": -300}, "refunded",
    )  # fmt: skip
    prove()


def test_two_payouts_stand_against_the_payments_that_they_name(store: str) -> None:
    order = split_order(600, 400)
    card, cash = order.payments.order_by("captured_at")
    told = [payout(400, payment=cash.external_id), payout(600, payment=card.external_id)]
    [row] = taken(store, item(order, *told))
    refunds = list(return_of(row).refunds.order_by("id"))
    assert [(each.payment_id, each.amount) for each in refunds] == [(cash.id, 400), (card.id, 600)]
    assert [each.external_reference for each in refunds] == [f"{store}:{each['reference']}" for each in told]
    prove()


def test_one_payout_over_two_payments_keeps_one_reference_each(store: str) -> None:
    told = payout(1000)
    [row] = taken(store, item(split_order(600, 400), told))
    references = set(return_of(row).refunds.values_list("external_reference", flat=True))
    assert references == {f"{store}:{told['reference']}", f"{store}:{told['reference']}/2"}
    prove()


def test_cash_for_what_was_paid_by_store_credit_is_not_credited_as_well(store: str) -> None:
    order = split_order(600, 400)
    order.payments.filter(tender="tender-1").update(gateway="stored_value", tender="store_credit")
    [row] = taken(store, item(order, payout(1000)))
    refunds = return_of(row).refunds.order_by("amount").values_list("payment__gateway", "amount", "status")
    assert list(refunds) == [("stored_value", 400, "succeeded"), ("stripe", 600, "succeeded")]
    assert not StoredEntry.objects.exists()
    prove()


def test_an_unknown_order_is_blind_until_it_is_matched_and_is_never_paid_twice(store: str) -> None:
    order = make_order()
    [row] = taken(store, item(None, payout(1000), lines=[{"sku": "S-1", "quantity": 1}]))
    rma = return_of(row)
    assert (rma.kind, rma.inspection, refunds_of(rma), codes(row)) == ("blind", "done", [], ["unknown_order"])
    assert cases(rma) == {"blind_return": None, "over_refund": 1000, "store_conflict": None}
    prove()
    lines = {1: order.lines.get(line_no=1).external_id}
    match_return(actor=SYSTEM, return_id=rma.id, order=OrderRef(order_id=order.id), lines=lines, reason="found")
    assert (refunds_of(rma), submitted()) == ([(1000, "succeeded")], 0)
    observed = TillRefund.objects.get(rma=rma)
    assert (observed.reserved, observed.excess, fresh(rma).money) == (1000, 0, "refunded")
    assert cases(fresh(rma)) == {"store_conflict": None}
    prove()


def test_an_item_that_is_unknown_on_the_order_is_taken(store: str) -> None:
    [row] = taken(store, item(make_order(), lines=[{"sku": "OTHER", "quantity": 1}]))
    assert (codes(row), return_of(row).lines.get().received) == (["unknown_line"], 1)
    prove()


def test_what_the_till_did_online_before_is_not_done_twice(store: str) -> None:
    order = make_order()
    told = item(order, payout(1000))
    online = read(StoreReturnIn, {
        "order": {"order_id": order.id}, "store": store, "receipt_number": told["id"], "kind": "store",
        "lines": [{"line_no": 1, "quantity": 1, "accepted": False, "disposition": "quarantine"}],
    })  # fmt: skip
    done = return_in_store(actor=SYSTEM, till=online)
    [row] = taken(store, told)
    assert row.rma == done.rma
    assert (Receipt.objects.count(), Inspection.objects.count(), codes(row)) == (1, 1, ["more_than_owed"])
    prove()


def test_a_return_that_was_not_decided_is_granted_by_the_fact(store: str) -> None:
    ensure_policy(auto_authorize=False)
    order = make_order()
    told = item(order, payout(1000))
    rma = make_return(order, source=f"till:{store}", external_id=told["id"], kind="store")
    assert rma.status == "in_review"
    [row] = taken(store, told)
    assert (row.rma, codes(row), refunds_of(rma)) == (rma, ["not_decided"], [(1000, "succeeded")])
    prove()


def test_what_cannot_be_read_is_kept_with_a_case(store: str) -> None:
    told = batch(store, {"what": "?"}, item(make_order(), payout(1000)))
    row, outcomes = receive_store_batch(actor=SYSTEM, batch=told)
    receive_store_batch(actor=SYSTEM, batch=told)
    assert [each.problem is None for each in outcomes] == [False, True]
    assert list(row.items.values_list("status", "raw__what")) == [("refused", "?"), ("done", None)]
    case = Case.objects.get(kind="store_item_refused")
    assert (case.subject_type, case.subject_id, case.status) == ("store_batch", row.id, "open")
    prove()


def test_another_story_under_the_same_id_is_kept_and_not_believed(store: str) -> None:
    told = item(make_order(), payout(1000))
    [first] = taken(store, told)
    _, [other] = receive_store_batch(actor=SYSTEM, batch=batch(store, told | {"refunds": [payout(50)]}))
    assert other.problem is not None
    assert (other.problem.code, refunds_of(return_of(first))) == ("store-item-differs", [(1000, "succeeded")])
    assert Case.objects.filter(kind="store_item_refused").count() == 1


def test_a_warehouse_hands_in_no_batch_and_who_may_not_hands_in_nothing(store: str) -> None:
    order = make_order()
    with pytest.raises(Unprocessable, match="is no store"):
        receive_store_batch(actor=SYSTEM, batch=batch(make_location().code, item(order)))
    good, elsewhere, nobody = everyone_with(*RIGHTS)
    for actor in (elsewhere, nobody, actor_with(*RIGHTS[:4])):
        with pytest.raises(Denied):
            receive_store_batch(actor=actor, batch=batch(store, item(order)))
    assert not StoreBatch.objects.exists()
    _, [done] = receive_store_batch(actor=good, batch=batch(store, item(order)))
    assert done.item is not None
    assert codes(done.item) == []


def test_an_order_of_another_region_is_not_told_to_the_till(store: str) -> None:
    order = make_order(region="fr")
    actor = actor_with(*RIGHTS, regions=["uk"])
    _, [done] = receive_store_batch(actor=actor, batch=batch(store, item(order)))
    assert done.item is not None
    assert (codes(done.item), return_of(done.item).kind) == (["unknown_order"], "blind")


def test_the_facts_of_a_till_are_not_rewritten(store: str) -> None:
    [row] = taken(store, item(make_order(), payout(1000)))
    for statement in (
        "UPDATE returns_storebatchitem SET raw = '{}'",
        "DELETE FROM returns_storebatchitem",
        "UPDATE returns_tillrefund SET amount = 1, reserved = 1",
        "DELETE FROM returns_tillrefund",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert StoreBatchItem.objects.get(pk=row.pk).raw["id"] == row.external_id


def test_a_person_proposes_no_second_refund_for_what_the_till_paid(store: str) -> None:
    [row] = taken(store, item(make_order(), payout(1000), payout(50)))
    rma = return_of(row)
    with pytest.raises(Unprocessable, match="Nothing that came back"):
        propose_refund(actor=SYSTEM, return_id=rma.id)
    assert refunds_of(rma) == [(1000, "succeeded"), (50, "succeeded")]
    assert RefundStatus.SUBMITTING not in {status for _, status in refunds_of(rma)}


@pytest.mark.django_db(transaction=True)
def test_two_copies_of_a_batch_at_once_are_one() -> None:
    store = make_location(unique("ST-"), kind="store").code
    told = batch(store, *[item(make_order(), payout(1000)) for _ in range(3)])

    def hand_in(_: int) -> list[ItemOutcome]:
        try:
            return receive_store_batch(actor=SYSTEM, batch=told)[1]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(hand_in, range(2))
    assert sorted([sum(each.new for each in rows) for rows in (first, second)])[-1] <= 3
    assert sum(each.new for each in [*first, *second]) == 3
    assert (Return.objects.count(), TillRefund.objects.count(), Refund.objects.count()) == (3, 3, 3)
    prove()
