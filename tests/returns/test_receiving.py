"""Arrivals: every parcel gets a receipt and an owner, whatever the state of its return."""

from collections.abc import Callable
from typing import Any

import pytest

from inventory.models import StockBalance
from inventory.selectors import available_to_promise
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound, Unprocessable
from returns.inputs import BlindReceiptIn, read
from returns.models import Receipt, Return
from returns.policy import rules_of
from returns.services import decisions, quantities
from returns.services.blind import match_return, receive_blind
from returns.services.correcting import reverse_receipt
from returns.services.extra_units import accept_over_receipt
from returns.services.transit import mark_in_transit
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    make_inspected_return,
    make_inspection,
    make_location,
    make_order,
    make_receipt,
    make_return,
    order_ref,
    receipt_data,
    unique,
)
from tests.returns.proofs import prove
from tests.statements import statements

pytestmark = pytest.mark.django_db


def standing(rma: Return) -> dict[str, int]:
    """Return how many of the first line's sku stand in each disposition."""
    sku = rma.lines.order_by("line_no")[0].sku
    rows = StockBalance.objects.filter(sku=sku).exclude(quantity=0)
    return {row.disposition: row.quantity for row in rows}


def open_cases(rma: Return) -> list[str]:
    """Return the kinds of the return's open cases."""
    return sorted(Case.objects.filter(subject_id=rma.id, status="open").values_list("kind", flat=True))


def told(rma: Return, prefix: str = "return_line.") -> list[tuple[str, int, int]]:
    """Return type, line and quantity of the line events in order."""
    rows = Event.objects.filter(subject_id=rma.id, type__startswith=prefix).order_by("position")
    return [(event.type.removeprefix(prefix), event.data["line_no"], event.data["quantity"]) for event in rows]


def test_expected_units_wait_for_inspection() -> None:
    rma = make_return(quantities={1: 2, 2: 1})
    receipt = make_receipt(rma, {1: 1})
    after = fresh(rma)
    assert (after.logistics, after.inspection, after.money, after.version) == ("partial", "pending", "none", 2)
    assert [(line.match, line.quantity) for line in receipt.lines.all()] == [("expected", 1)]
    assert standing(rma) == {"external": -1, "pending_inspection": 1}
    assert available_to_promise(rma.lines.all()[0].sku) == 0
    assert told(rma) == [("received", 1, 1)]
    make_receipt(rma, {1: 1, 2: 1})
    assert fresh(rma).logistics == "received"
    prove()


def test_the_same_scan_is_the_same_receipt() -> None:
    rma, other = make_return(quantities={1: 2}), make_return()
    first = make_receipt(rma, {1: 1}, scan_id="S")
    assert make_receipt(rma, {1: 2}, scan_id="S").id == first.id
    with pytest.raises(Conflict) as refused:
        make_receipt(other, scan_id="S")
    assert refused.value.code == "scan-reused"
    assert rma.lines.get().received == 1
    assert standing(rma)["pending_inspection"] == 1


def test_more_than_authorized_goes_to_quarantine_with_a_case() -> None:
    rma = make_return(quantities={1: 1})
    make_receipt(rma, {1: 3})
    assert rma.lines.get().received == 1
    assert standing(rma) == {"external": -3, "pending_inspection": 1, "quarantine": 2}
    assert open_cases(rma) == ["over_receipt"]
    assert told(rma) == [("received", 1, 1), ("over_received", 1, 2)]
    assert fresh(rma).open_cases == 1
    prove()


def test_extra_units_that_are_accepted_take_free_units_of_the_order() -> None:
    rma = make_return(quantities={1: 2})
    place = make_receipt(rma, {1: 4}).location
    accept_over_receipt(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=2, reason="customer sent all")
    line = rma.lines.get()
    assert (line.received, line.over_approved, line.units) == (
        4,
        2,
        [[0, 3]],
    )  # three were bought: one is worth nothing
    assert standing(rma) == {"external": -4, "pending_inspection": 4}
    received = Event.objects.filter(subject_id=rma.id, type="return_line.received").order_by("position")
    assert list(received.values_list("data__quantity", "data__location")) == [(2, place.code), (2, place.code)]
    with pytest.raises(Unprocessable):
        accept_over_receipt(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1)
    make_inspection(rma)
    assert [refund.amount for refund in rma.refunds.all()] == [3000]
    prove()


def test_another_item_gets_a_case_and_no_line() -> None:
    rma = make_return()
    receipt = make_receipt(rma, lines=[{"sku": "OTHER", "quantity": 2}])
    assert [(line.line, line.sku, line.match) for line in receipt.lines.all()] == [(None, "OTHER", "wrong_item")]
    assert open_cases(rma) == ["wrong_item"]
    assert fresh(rma).logistics == "none"
    assert told(rma) == [("item_mismatch", 0, 2)]
    prove()


@pytest.mark.parametrize(
    ("ending", "status", "received", "kind"),
    [
        ("decline", "authorized", 1, "unexpected_arrival"),
        ("cancel", "canceled", 0, "unexpected_arrival"),
        ("expire", "authorized", 1, "unexpected_arrival"),
        ("nothing", "in_review", 0, "unexpected_arrival"),
    ],
)
def test_parcels_of_ended_or_undecided_returns(ending: str, status: str, received: int, kind: str) -> None:
    order = make_order()
    ensure_policy(auto_authorize=ending in ("cancel", "expire"))
    rma = make_return(order, {1: 1})
    if ending == "expire":
        Return.objects.filter(pk=rma.pk).update(expires_at=now())
    if ending != "nothing":
        getattr(decisions, f"{ending}_return")(actor=SYSTEM, return_id=rma.id, reason="so")
    make_receipt(rma, {1: 1})
    assert (fresh(rma).status, rma.lines.get().received) == (status, received)
    assert open_cases(rma) == [kind]
    assert standing(rma)["pending_inspection" if received else "quarantine"] == 1
    prove()


def test_a_parcel_of_a_return_whose_units_are_taken_is_not_taken_twice() -> None:
    order = make_order()
    rma = make_return(order, {2: 1})
    Return.objects.filter(pk=rma.pk).update(expires_at=now())
    decisions.expire_return(actor=SYSTEM, return_id=rma.id)
    make_return(order, {2: 1})
    make_receipt(rma, {1: 1})
    assert (fresh(rma).status, rma.lines.get().received, open_cases(rma)) == ("expired", 0, ["unexpected_arrival"])
    prove()


def test_a_parcel_of_a_closed_return_opens_it_again() -> None:
    order = make_order()
    ensure_policy(resolutions=["none"], erp_memo_required=False)
    rma = make_return(order, lines=[{"line_no": 1, "quantity": 1, "resolution": "none"}])
    make_receipt(rma)
    make_inspection(rma)
    assert fresh(rma).status == "closed"
    make_receipt(rma, {1: 1})
    after = fresh(rma)
    assert (after.status, after.open_cases, after.closed_at) == ("authorized", 2, None)
    prove()


def test_what_comes_alive_again_says_what_has_come() -> None:
    """The warehouse is told anew to expect the rest, and not what is there already."""
    rma = make_return(quantities={1: 2, 2: 1})
    Return.objects.filter(pk=rma.pk).update(expires_at=now())
    decisions.expire_return(actor=SYSTEM, return_id=rma.id)
    make_receipt(rma, {1: 1})
    again = Event.objects.get(subject_id=rma.id, type="return.reinstated")
    assert [(line["quantity"], line["arrived"]) for line in again.data["lines"]] == [(2, 1), (1, 0)]
    assert again.data["location"] == rules_of(rma.policy).default_location
    assert again.position < Event.objects.get(subject_id=rma.id, type="return_line.received").position
    prove()


def test_what_will_not_come_says_how_much_still_may() -> None:
    rma = make_return(quantities={1: 3, 2: 1})
    make_receipt(rma, {1: 1})
    for command in (quantities.cancel_remaining, quantities.keep_units):
        command(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1)
    quantities.declare_missing(actor=SYSTEM, return_id=rma.id, line_no=2, quantity=1)
    told = Event.objects.filter(subject_id=rma.id, data__has_key="expected").order_by("position")
    assert [(event.type, event.data["line_no"], event.data["expected"], event.data["kind"]) for event in told] == [
        ("return_line.remaining_canceled", 1, 2, "mail_in"),
        ("return_line.kept", 1, 1, "mail_in"),
        ("return_line.short", 2, 0, "mail_in"),
    ]


def test_missing_units_that_come_after_all_are_expected() -> None:
    rma = make_return(quantities={1: 2})
    quantities.declare_missing(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason="lost")
    make_receipt(rma, {1: 2})
    line = rma.lines.get()
    assert (line.received, line.missing, open_cases(rma)) == (2, 0, [])
    assert told(rma) == [("short", 1, 1), ("received", 1, 2)]
    prove()


def test_what_will_not_come() -> None:
    order = make_order()
    rma = make_return(order, {1: 3})
    quantities.cancel_remaining(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason="keeps one")
    quantities.keep_units(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason="broken, keep it")
    line = rma.lines.get()
    assert (line.canceled, line.kept, line.units) == (1, 1, [[0, 2]])
    assert [refund.amount for refund in rma.refunds.all()] == [1000]
    assert make_return(order, {1: 1}).lines.get().units == [[2, 3]]  # free again
    for command in (quantities.cancel_remaining, quantities.keep_units, quantities.declare_missing):
        with pytest.raises(Unprocessable):
            command(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=2)
    with pytest.raises(Invalid):
        quantities.declare_missing(actor=SYSTEM, return_id=rma.id, line_no=7, quantity=1)
    prove()


def test_a_return_of_which_everything_is_canceled_closes() -> None:
    rma = make_return(quantities={1: 1})
    quantities.cancel_remaining(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason="keeps it")
    assert fresh(rma).status == "closed"
    prove()


def test_a_receipt_is_reversed_by_another_row() -> None:
    rma = make_return(quantities={1: 2})
    receipt = make_receipt(rma, {1: 3}, scan_id="S")
    reversal = reverse_receipt(actor=SYSTEM, return_id=rma.id, scan_id="S", reason="wrong parcel")
    assert reverse_receipt(actor=SYSTEM, return_id=rma.id, scan_id="S").id == reversal.id
    assert reversal.reverses_id == receipt.id
    assert (rma.lines.get().received, fresh(rma).logistics, standing(rma)) == (0, "none", {})
    assert told(rma)[-2:] == [("receipt_reversed", 1, 2), ("receipt_reversed", 1, 1)]
    prove()


def test_a_receipt_whose_units_were_inspected_stays() -> None:
    rma = make_return(quantities={1: 2})
    make_receipt(rma, scan_id="S")
    make_inspection(rma)
    before = Receipt.objects.count()
    with pytest.raises(Conflict) as refused:
        reverse_receipt(actor=SYSTEM, return_id=rma.id, scan_id="S")
    assert refused.value.code == "inspected"
    assert Receipt.objects.count() == before
    prove()


def test_transit_is_recorded_once() -> None:
    rma = make_return(quantities={1: 1, 2: 1})
    first = now()
    mark_in_transit(actor=SYSTEM, return_id=rma.id, tracking="T1", scanned_at=first)
    mark_in_transit(actor=SYSTEM, return_id=rma.id, tracking="T2", scanned_at=now())
    after = fresh(rma)
    assert (after.logistics, after.tracking, after.in_transit_at) == ("in_transit", "T1", first)
    assert [kind for kind, *_ in told(rma)] == ["in_transit", "in_transit"]
    prove()


def blind(**fields: Any) -> BlindReceiptIn:
    """Return a blind receipt of two units."""
    data = {"scan_id": unique("scan-"), "location": make_location().code, "region": "uk", "brand": "acme",
            "currency": "GBP", "lines": [{"sku": "SKU", "quantity": 2}]}  # fmt: skip
    return read(BlindReceiptIn, data | fields)


def test_a_blind_parcel_has_receipt_owner_and_case() -> None:
    wanted = blind()
    rma = receive_blind(actor=SYSTEM, receipt=wanted)
    assert receive_blind(actor=SYSTEM, receipt=wanted).id == rma.id
    after = fresh(rma)
    assert (after.kind, after.status, after.logistics, after.open_cases) == ("blind", "authorized", "received", 1)
    assert open_cases(rma) == ["blind_return"]
    make_inspection(rma)
    assert not rma.refunds.exists()
    assert fresh(rma).status == "authorized"
    prove()


def test_a_blind_return_is_matched_refunded_and_its_case_ends() -> None:
    order = make_order()
    rma = receive_blind(actor=SYSTEM, receipt=blind())
    make_inspection(rma)
    match_return(actor=SYSTEM, return_id=rma.id, order=order_ref(order), lines={1: "L1"}, reason="found by name")
    after = fresh(rma)
    assert (after.order_id, open_cases(rma), after.memo_required) == (order.id, [], True)
    assert [refund.amount for refund in rma.refunds.all()] == [2000]
    with pytest.raises(Unprocessable):
        make_return(order, {1: 2})
    with pytest.raises(Conflict):
        match_return(actor=SYSTEM, return_id=rma.id, order=order_ref(order), lines={1: "L1"}, reason="again")
    prove()


def test_a_blind_return_takes_no_units_that_others_have() -> None:
    order = make_order()
    make_return(order, {1: 2})
    rma = receive_blind(actor=SYSTEM, receipt=blind())
    with pytest.raises(Unprocessable):
        match_return(actor=SYSTEM, return_id=rma.id, order=order_ref(order), lines={1: "L1"}, reason="found")
    assert (fresh(rma).order_id, open_cases(rma)) == (None, ["blind_return"])


def test_what_policy_lets_pass_is_accepted_on_arrival() -> None:
    order = make_order()
    sku = order.lines.all()[0].sku
    ensure_policy(inspection_required=False, sellable_without_inspection=[sku])
    rma = make_return(order, {1: 1, 2: 1})
    make_receipt(rma)
    after = fresh(rma)
    assert (after.inspection, after.stock) == ("done", "placed")
    assert standing(rma) == {"external": -1, "sellable": 1}
    other = rma.lines.all()[1].sku
    assert available_to_promise(other) == 0
    assert [refund.amount for refund in rma.refunds.all()] == [3550]
    prove()


Command = Callable[..., object]


@pytest.mark.parametrize(
    ("command", "permission"),
    [
        (lambda actor, rma: make_receipt(rma, actor=actor), Permission.RETURNS_RECEIVE),
        (lambda actor, rma: mark_in_transit(actor=actor, return_id=rma.id, tracking="T", scanned_at=now()),
         Permission.RETURNS_RECEIVE),
        (lambda actor, rma: quantities.declare_missing(actor=actor, return_id=rma.id, line_no=1, quantity=1),
         Permission.RETURNS_RECEIVE),
        (lambda actor, rma: quantities.keep_units(actor=actor, return_id=rma.id, line_no=1, quantity=1),
         Permission.RETURNS_DECIDE),
        (lambda actor, rma: quantities.cancel_remaining(actor=actor, return_id=rma.id, line_no=1, quantity=1),
         Permission.RETURNS_DECIDE),
    ],
)  # fmt: skip
def test_three_persons(command: Command, permission: str) -> None:
    rma = make_return()
    allowed, elsewhere, nobody = everyone_with(permission, Permission.RETURNS_VIEW)
    looker = actor_with(Permission.RETURNS_VIEW)
    before = Event.objects.count()
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            command(actor, rma)
    assert Event.objects.count() == before
    command(allowed, rma)
    assert Event.objects.count() > before


def test_three_persons_for_blind_parcels() -> None:
    allowed, elsewhere, nobody = everyone_with(Permission.RETURNS_RECEIVE)
    for actor in (elsewhere, nobody):
        with pytest.raises(Denied):
            receive_blind(actor=actor, receipt=blind())
    assert receive_blind(actor=allowed, receipt=blind()).kind == "blind"


def test_an_unknown_place_or_line_is_refused() -> None:
    rma = make_return()
    for change in ({"location": "nowhere"}, {"lines": [{"line_no": 9, "quantity": 1}]}):
        with pytest.raises(Invalid):
            make_receipt(rma, **change)
    assert not rma.receipts.exists()
    assert receipt_data(rma)["lines"] == [{"line_no": 1, "quantity": 1}]


def test_a_whole_return_leaves_every_invariant_true() -> None:
    make_inspected_return(quantities={1: 3, 2: 1})
    prove()


def test_goods_that_earn_nothing_yet_cost_no_reading_of_what_may_be_refunded() -> None:
    rma, place = make_return(quantities={1: 2}), make_location()
    with statements() as said:
        make_receipt(rma, location=place.code)
    assert not [each for each in said if "returns_refundcomponent" in each]
    ensure_policy(refund_timing="on_receipt")
    paid_at_once = make_return(quantities={1: 2})
    with statements() as said:
        make_receipt(paid_at_once, location=place.code)
    assert [each for each in said if "returns_refundcomponent" in each]
    assert not rma.refunds.exists()
    assert [refund.amount for refund in paid_at_once.refunds.all()] == [2000]
