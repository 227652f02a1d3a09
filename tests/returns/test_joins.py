"""Where parts of the domain meet: each seam held by what happens at it, and by every audit."""

from datetime import timedelta
from typing import Any

import pytest

from inventory.models import StockBalance
from inventory.selectors import available_to_promise
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, DomainError
from returns.models import Exchange, Return, WarrantyAssessment
from returns.services import decisions, exchange_shipping, exchanges, refunds, warranty_remedies, warranty_replacing
from returns.services.extra_units import accept_over_receipt
from returns.services.strays import send_back, strays_of
from tests.factories import (
    SYSTEM,
    ensure_policy,
    fresh,
    line_data,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    slice_data,
)
from tests.returns.exchanging import cases_of, events_of, now_of, proposal, shipped, stock_up
from tests.returns.proofs import prove
from tests.returns.refunding import approver, refunds_of
from tests.returns.warranty_claims import accept, arrived, reject

pytestmark = pytest.mark.django_db


def promised(stock: int = 1, quantity: int = 1, **fields: Any) -> tuple[Return, WarrantyAssessment, Exchange]:
    """Return units that a warranty replaces and the exchange that their verdict proposed, so many new ones here."""
    rma, waiting = arrived(quantity)
    if stock:
        receipt = rma.receipts.get()
        stock_up(receipt.location.code, rma.lines.get().sku, stock)
    done = accept(waiting, "replace", disposition="scrap", **fields)
    return rma, done, Exchange.objects.get(rma=rma)


def settled(rma: Return) -> tuple[int, int, int, int]:
    line = rma.lines.get()
    return line.refunded, line.exchanged, line.replaced, line.sent_back


def test_a_promised_replacement_is_held_released_and_shipped_by_itself() -> None:
    rma, verdict, exchange = promised()
    line = exchange.lines.get()
    assert (exchange.status, exchange.resolution, exchange.credit, exchange.sale) == ("released", "replacement", 0, 0)
    assert (line.wanted_sku, line.wanted_quantity, line.units) == (rma.lines.get().sku, 1, [[0, 1]])
    assert (exchange.requested_by, exchange.assessment, available_to_promise(line.wanted_sku)) == (
        "system:policy", verdict, 0,
    )  # fmt: skip
    assert (cases_of(rma), refunds_of(rma), fresh(rma).status) == ([], [], "authorized")
    for _ in range(2):
        shipped(exchange)
    verdict.refresh_from_db()
    assert (verdict.progress, verdict.tracking, settled(rma)) == ("replaced", "TRK-X", (0, 0, 1, 0))
    assert events_of(exchange) == ["proposed", "reserved", "released", "shipped", "settled"]
    assert cases_of(exchange) == []
    assert (fresh(rma).status, fresh(rma).open_cases, rma.credit_memos.count()) == ("closed", 0, 0)
    prove()


def test_units_of_one_line_are_replaced_repaired_and_refunded_each_once() -> None:
    rma, waiting = arrived(3)
    stock_up(rma.receipts.get().location.code, rma.lines.get().sku, 1)
    accept(waiting, "replace", quantity=1)
    waiting.refresh_from_db()
    accept(waiting, "refund", quantity=1)
    assert refunds_of(rma) == [(1000, "submitting")]
    waiting.refresh_from_db()
    reject(waiting)
    warranty_remedies.send_back(actor=SYSTEM, assessment_id=waiting.id)
    exchange = Exchange.objects.get(rma=rma)
    shipped(exchange)
    assert settled(rma) == (0, 0, 1, 1)
    assert [each.units for each in exchange.lines.all()] == [[[0, 1]]]
    prove()


def test_out_of_stock_has_the_exchanges_own_case_and_goes_on_when_goods_come() -> None:
    rma, _, exchange = promised(stock=0)
    assert (exchange.status, cases_of(exchange), cases_of(rma)) == ("proposed", ["exchange_out_of_stock"], [])
    stock_up(rma.receipts.get().location.code, rma.lines.get().sku, 1)
    exchanges.reserve_exchange(actor=SYSTEM, exchange_id=exchange.id)
    shipped(exchange)
    assert (settled(rma), fresh(rma).status) == ((0, 0, 1, 0), "closed")
    prove()


@pytest.mark.parametrize(("to", "state"), [("refund", "submitting"), ("store_credit", "succeeded")])
def test_a_converted_replacement_has_earned_a_refund(to: Any, state: str) -> None:
    rma, verdict, exchange = promised(stock=0)
    exchanges.convert_exchange(actor=SYSTEM, exchange_id=exchange.id, to=to, reason="never comes again")
    verdict.refresh_from_db()
    assert (verdict.remedy, verdict.progress, refunds_of(rma)) == ("refund", "refunded", [(1000, state)])
    assert (cases_of(exchange), fresh(rma).money) == ([], "pending" if to == "refund" else "refunded")
    assert Event.objects.filter(subject_id=verdict.id, type="warranty.replacement_given_up").count() == 1
    with pytest.raises(Conflict):
        warranty_replacing.propose_replacement(actor=SYSTEM, assessment_id=verdict.id)
    prove()


def test_a_canceled_replacement_is_owed_with_a_case_until_it_is_proposed_again() -> None:
    rma, verdict, exchange = promised(stock=0)
    exchanges.cancel_exchange(actor=SYSTEM, exchange_id=exchange.id, reason="wrong color")
    assert (cases_of(rma), refunds_of(rma), now_of(exchange).status) == (["warranty_replacement"], [], "canceled")
    again = warranty_replacing.propose_replacement(actor=SYSTEM, assessment_id=verdict.id)
    assert warranty_replacing.propose_replacement(actor=SYSTEM, assessment_id=verdict.id) == again
    assert (cases_of(rma), cases_of(again)) == ([], ["exchange_out_of_stock"])
    prove()


def test_a_replacement_that_a_person_sent_gives_its_exchange_up() -> None:
    rma, verdict, exchange = promised(stock=0)
    warranty_replacing.record_replacement(actor=SYSTEM, assessment_id=verdict.id, tracking="BY-HAND")
    assert (now_of(exchange).status, cases_of(exchange), cases_of(rma)) == ("canceled", [], [])
    assert (settled(rma), fresh(rma).status) == ((0, 0, 1, 0), "closed")
    prove()


def test_what_the_warehouse_ships_is_not_also_sent_by_a_person() -> None:
    rma, verdict, exchange = promised()
    with pytest.raises(Conflict) as refused:
        warranty_replacing.record_replacement(actor=SYSTEM, assessment_id=verdict.id)
    assert (refused.value.code, settled(rma)) == ("on-its-way", (0, 0, 0, 0))
    exchange_shipping.fail_exchange_shipment(actor=SYSTEM, exchange_id=exchange.id, failure="wet")
    warranty_replacing.record_replacement(actor=SYSTEM, assessment_id=verdict.id)
    assert (settled(rma), fresh(rma).status) == ((0, 0, 1, 0), "closed")
    prove()


def test_nobody_exchanges_units_under_warranty_without_a_verdict() -> None:
    rma, _ = arrived(1)
    with pytest.raises(Conflict) as refused:
        exchanges.propose_exchange(actor=SYSTEM, return_id=rma.id, proposal=proposal("", None))
    assert (refused.value.code, Exchange.objects.count()) == ("assess-instead", 0)


def test_a_promise_that_no_exchange_can_keep_is_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    rma, waiting = arrived(1)

    def refused(*_: Any, **__: Any) -> None:
        raise DomainError("No.")

    monkeypatch.setattr(warranty_replacing, "propose_for", refused)
    accept(waiting, "replace")
    assert (cases_of(rma), fresh(rma).open_cases, Exchange.objects.count()) == (["warranty_replacement"], 1, 0)
    assert Case.objects.get(subject_id=rma.id).detail == "No."
    prove()


# A return that comes back to life


def test_a_reinstated_return_has_a_deadline_again() -> None:
    ensure_policy(expires_days=12)
    rma = make_return(make_order(), quantities={1: 1})
    Return.objects.filter(pk=rma.pk).update(expires_at=now() - timedelta(seconds=1))
    decisions.expire_return(actor=SYSTEM, return_id=rma.id)
    again = decisions.reinstate_return(actor=SYSTEM, return_id=rma.id, reason="the customer was ill")
    assert again.expires_at is not None
    assert timedelta(days=11) < again.expires_at - now() <= timedelta(days=12)
    with pytest.raises(Conflict):
        decisions.expire_return(actor=SYSTEM, return_id=rma.id)
    Return.objects.filter(pk=rma.pk).update(expires_at=now() - timedelta(seconds=1))
    assert decisions.expire_return(actor=SYSTEM, return_id=rma.id).status == "expired"
    assert StockBalance.objects.filter(sku=rma.lines.get().sku).count() == 0
    prove()


# Units that nobody expected, and their numbers


def sold(*serials: str) -> Any:
    """Return an order of so many units, sold with these numbers."""
    return make_order(lines=[line_data("L1", quantity=len(serials), serials=list(serials))])


def swapped(*serials: str, sold_as: tuple[str, ...]) -> Return:
    """Return a return whose units came with these numbers."""
    rma = make_return(sold(*sold_as), {1: len(serials)})
    make_receipt(rma, lines=[{"line_no": 1, "quantity": len(serials), "serials": list(serials)}])
    return fresh(rma)


@pytest.mark.parametrize("accepted", [True, False])
def test_the_case_of_swapped_units_ends_with_the_last_of_them(accepted: bool) -> None:
    rma = swapped("Y", "Z", sold_as=("A", "B"))
    assert cases_of(rma) == ["serial_mismatch"]
    for left in (1, 0):
        [stray] = strays_of(rma)
        if accepted:
            accept_over_receipt(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason="swapped in the store")
        else:
            send_back(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=1, reason="not ours")
        assert cases_of(rma) == (["serial_mismatch"] if left else [])
    assert rma.lines.get().received == (2 if accepted else 0)
    prove()


def test_extra_units_and_swapped_ones_of_a_parcel_have_cases_of_their_own() -> None:
    rma = make_return(sold("A", "B", "C"), {1: 1})
    make_receipt(rma, lines=[{"line_no": 1, "quantity": 3, "serials": ["A", "B", "Z"]}])
    assert cases_of(rma) == ["over_receipt", "serial_mismatch"]
    for stray in strays_of(fresh(rma)):
        if stray.row.match == "wrong_item":
            send_back(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=1)
    assert cases_of(rma) == ["over_receipt"]
    prove()


def judged_late(policy: dict[str, Any] | None = None) -> Return:
    """Return an accepted unit whose number, first read by the inspector, was not sold on the order."""
    ensure_policy(**(policy or {}))
    rma = make_return(sold("A"), {1: 1})
    make_receipt(rma, lines=[{"line_no": 1, "quantity": 1}])
    make_inspection(fresh(rma), [slice_data(1, 1, serials=["Z"])])
    return fresh(rma)


def test_a_unit_accepted_under_a_number_that_was_not_sold_waits_for_a_person() -> None:
    rma = judged_late()
    assert (refunds_of(rma), cases_of(rma)) == ([(1000, "pending_approval")], ["serial_mismatch"])
    approval = rma.refunds.get().approval
    assert approval is not None
    assert approval.asked["rules"] == ["a serial number does not fit"]
    refunds.approve_refund(actor=approver(), refund_id=rma.refunds.get().id)
    assert refunds_of(rma) == [(1000, "submitting")]
    prove()


def test_a_number_that_was_sold_pays_by_itself() -> None:
    rma = make_return(sold("A"), {1: 1})
    make_receipt(rma, lines=[{"line_no": 1, "quantity": 1}])
    make_inspection(fresh(rma), [slice_data(1, 1, serials=["A"])])
    assert (refunds_of(rma), cases_of(rma)) == ([(1000, "submitting")], [])
    prove()
