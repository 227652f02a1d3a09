"""What happens to an exchange outside: shipping, advances, goods that do not come, stock that is lost."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from inventory.models import Reservation, StockBalance, StockMove
from inventory.sweeps import expire_reservations
from retailops.cases.models import Case
from retailops.cases.services import resolve_case
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from returns import sweeps
from returns.enums import ReturnStatus
from returns.inputs import read
from returns.inputs.exchanges import ExchangeIn
from returns.models import Exchange, Return
from returns.services import decisions, exchange_progress, exchanges, placing, quantities, transit
from returns.services.exchange_shipping import fail_exchange_shipment
from tests.factories import SYSTEM, fresh, make_inspection, make_receipt, slice_data
from tests.returns.exchanging import (
    cases_of,
    events_of,
    exchangeable,
    now_of,
    propose,
    shipped,
    stock_up,
    stocked,
)
from tests.returns.proofs import prove
from tests.returns.refunding import refunds_of

pytestmark = pytest.mark.django_db


def place_of(sku: str) -> str:
    return StockBalance.objects.get(sku=sku, disposition="sellable").location.code


def test_shipping_takes_the_held_goods_out_once() -> None:
    rma = exchangeable(exchange_timing="on_authorization")
    sku = stocked(quantity=2)
    exchange = propose(rma, sku)
    assert exchange.status == "released"
    for _ in range(2):
        assert shipped(exchange).status == "shipped"
    move = StockMove.objects.get(subject_id=exchange.id)
    assert (move.quantity, move.source, move.target) == (1, "sellable", "external")
    assert Reservation.objects.get(subject_id=exchange.id).status == "consumed"
    assert StockBalance.objects.get(sku=sku, disposition="sellable").quantity == 1
    prove()


@pytest.mark.parametrize(
    ("timing", "after"),
    [("on_authorization", "propose"), ("on_scan", "scan"), ("on_receipt", "receive"), ("on_inspection", "inspect")],
)
def test_the_goods_go_when_policy_says(timing: str, after: str) -> None:
    rma = exchangeable(exchange_timing=timing)
    exchange = propose(rma)
    steps: dict[str, Any] = {
        "propose": lambda: None,
        "scan": lambda: transit.mark_in_transit(actor=SYSTEM, return_id=rma.id, tracking="T", scanned_at=now()),
        "receive": lambda: make_receipt(rma),
        "inspect": lambda: make_inspection(rma),
    }
    for name, step in steps.items():
        step()
        released = now_of(exchange).status == "released"
        assert released == (list(steps).index(name) >= list(steps).index(after)), name
    prove()


def test_an_advance_is_an_exposure_until_its_goods_have_come() -> None:
    rma = exchangeable(exchange_timing="on_authorization", exposure_days=10)
    exchange = propose(rma, price=400)
    due = now_of(exchange).exposure_due_at
    assert due is not None
    assert timedelta(days=9) < due - now() <= timedelta(days=10)
    shipped(exchange)
    assert (refunds_of(rma), rma.credit_memos.count()) == ([], 0)
    make_receipt(rma)
    make_inspection(rma)
    after = now_of(exchange)
    assert (after.exposure_due_at, after.settled_at is not None) == (None, True)
    assert refunds_of(rma) == [(600, "submitting")]
    assert rma.credit_memos.get().amount == 1000
    prove()


def test_goods_of_an_advance_that_do_not_come_are_a_case_once() -> None:
    rma = exchangeable(exchange_timing="on_authorization")
    exchange = propose(rma)
    shipped(exchange)
    Exchange.objects.update(exposure_due_at=now() - timedelta(seconds=1))
    assert (sweeps.chase_overdue_exchanges(), sweeps.chase_overdue_exchanges()) == (1, 0)
    assert cases_of(exchange) == ["exchange_overdue"]
    make_receipt(rma)
    make_inspection(rma)
    assert cases_of(exchange) == []
    assert cases_of(exchange, "resolved") == ["exchange_overdue", "exchange_unrouted"]
    prove()


def test_rejected_after_it_went_is_a_case_that_a_person_ends_once() -> None:
    rma = exchangeable(exchange_timing="on_authorization")
    exchange = propose(rma)
    shipped(exchange)
    make_receipt(rma)
    make_inspection(rma, [slice_data(1, 1, accepted=False, disposition="damaged")])
    assert cases_of(exchange) == ["exchange_recovery"]
    assert (now_of(exchange).settled_at, rma.credit_memos.count()) == (None, 0)
    case = Case.objects.get(subject_id=exchange.id, kind="exchange_recovery")
    resolve_case(SYSTEM, case.id, "a gift to a good customer", {"note": "agreed"})
    assert fresh(rma).status == ReturnStatus.CLOSED
    prove()


def test_a_verdict_that_is_changed_ends_the_case_and_settles() -> None:
    rma = exchangeable(exchange_timing="on_authorization")
    exchange = propose(rma)
    shipped(exchange)
    make_receipt(rma)
    part = make_inspection(rma, [slice_data(1, 1, accepted=False, disposition="damaged")]).slices.get()
    placing.redecide_disposition(
        actor=SYSTEM, slice_id=part.id, disposition="sellable", reason="looked again", accepted=True
    )
    assert (cases_of(exchange), now_of(exchange).settled_at is not None) == ([], True)
    assert rma.credit_memos.get().amount == 1000
    prove()


def test_missing_units_stop_an_exchange() -> None:
    rma = exchangeable()
    exchange = propose(rma)
    quantities.declare_missing(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason="lost")
    assert now_of(exchange).status == "canceled"
    assert fresh(rma).status == ReturnStatus.CLOSED
    prove()


def test_an_expired_return_lets_its_exchange_go_but_not_one_that_went() -> None:
    waiting, sent = exchangeable(), exchangeable(exchange_timing="on_authorization")
    sku = stocked(quantity=1)
    exchange, advance = propose(waiting, sku), propose(sent)
    Return.objects.update(expires_at=now() - timedelta(seconds=1))
    assert sweeps.expire_overdue() == 1
    assert (fresh(waiting).status, fresh(sent).status) == (ReturnStatus.EXPIRED, ReturnStatus.AUTHORIZED)
    assert (now_of(exchange).status, now_of(advance).status) == ("canceled", "released")
    prove()


def test_what_the_warehouse_cannot_ship_may_be_converted() -> None:
    rma = exchangeable()
    sku = stocked(quantity=1)
    exchange = propose(rma, sku)
    make_receipt(rma)
    make_inspection(rma)
    for _ in range(2):
        fail_exchange_shipment(actor=SYSTEM, exchange_id=exchange.id, failure="damaged in the rack")
    assert now_of(exchange).status == "released"
    assert cases_of(exchange) == ["exchange_not_shipped", "exchange_unrouted"]
    exchanges.convert_exchange(actor=SYSTEM, exchange_id=exchange.id, to="refund", reason="not to be had")
    assert (cases_of(exchange), refunds_of(rma)) == ([], [(1000, "submitting")])
    shipped(exchange)
    assert (now_of(exchange).status, cases_of(exchange)) == ("converted", ["exchange_contradicted"])
    assert rma.lines.get().exchanged == 0
    prove()


def test_goods_on_their_way_are_not_taken_back() -> None:
    rma = exchangeable(exchange_timing="on_authorization")
    exchange = propose(rma)
    ends: list[Callable[..., Exchange]] = [partial(exchanges.convert_exchange, to="refund"), exchanges.cancel_exchange]
    for end in ends:
        with pytest.raises(Conflict, match="on their way"):
            end(actor=SYSTEM, exchange_id=exchange.id, reason="x")
    assert now_of(exchange).status == "released"


def test_damage_found_breaks_the_reservation_with_a_case() -> None:
    rma = exchangeable()
    sku = stocked(quantity=1)
    exchange = propose(rma, sku, 1500)
    place = place_of(sku)
    stock_up(place, sku, 1, "sellable", "damaged")
    assert (now_of(exchange).status, cases_of(exchange)) == ("proposed", ["exchange_stock_lost"])
    assert events_of(exchange)[-1] == "stock_lost"
    stock_up(place, sku, 1)
    exchanges.reserve_exchange(actor=SYSTEM, exchange_id=exchange.id)
    assert (now_of(exchange).status, cases_of(exchange)) == ("awaiting_payment", [])
    prove()


def test_of_two_lines_one_lost_lets_the_other_go() -> None:
    rma = exchangeable(2)
    one = stocked(quantity=1)
    place = place_of(one)
    stock_up(place, "TWO", 1)
    lines = [{"line_no": 1, "quantity": 1, "wanted_sku": sku, "unit_price": 1000} for sku in (one, "TWO")]
    exchange = exchanges.propose_exchange(
        actor=SYSTEM, return_id=rma.id, proposal=read(ExchangeIn, {"lines": lines, "reserve": True})
    )
    stock_up(place, one, 1, "sellable", "missing")
    assert set(Reservation.objects.values_list("sku", "status")) == {(one, "broken"), ("TWO", "released")}
    assert now_of(exchange).status == "proposed"
    prove()


def test_a_reservation_that_expires_asks_for_another() -> None:
    exchange = propose(exchangeable())
    Reservation.objects.update(expires_at=now() - timedelta(seconds=1))
    assert expire_reservations() == 1
    assert (now_of(exchange).status, cases_of(exchange)) == ("proposed", ["exchange_stock_lost"])
    prove()


def test_the_sweep_tells_what_could_not_be_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = propose(exchangeable())
    monkeypatch.setattr(exchange_progress, "lose_stock", lambda *_: None)  # as if its return had been locked
    Reservation.objects.update(expires_at=now() - timedelta(seconds=1))
    expire_reservations()
    assert now_of(exchange).status == "reserved"
    prove()
    monkeypatch.undo()
    assert (sweeps.look_for_lost_stock(), sweeps.look_for_lost_stock()) == (1, 0)
    assert (now_of(exchange).status, cases_of(exchange)) == ("proposed", ["exchange_stock_lost"])


def test_a_released_one_ships_though_its_stock_was_lost() -> None:
    rma = exchangeable(exchange_timing="on_authorization")
    sku = stocked(quantity=1)
    exchange = propose(rma, sku)
    place = place_of(sku)
    stock_up(place, sku, 1, "sellable", "missing")
    assert (now_of(exchange).status, cases_of(exchange)) == ("released", ["exchange_stock_lost", "exchange_unrouted"])
    shipped(exchange)
    assert cases_of(exchange) == ["exchange_stock_differs"]
    assert not StockMove.objects.filter(subject_id=exchange.id).exists()
    prove()


def test_a_released_reservation_no_longer_expires() -> None:
    exchange = propose(exchangeable(exchange_timing="on_authorization"))
    assert Reservation.objects.get(subject_id=exchange.id).expires_at is None


def test_an_expired_return_cannot_expire_with_goods_out() -> None:
    rma = exchangeable(exchange_timing="on_authorization")
    propose(rma)
    Return.objects.update(expires_at=now() - timedelta(seconds=1))
    with pytest.raises(Conflict, match="something came of it"):
        decisions.expire_return(actor=SYSTEM, return_id=rma.id)
