"""Each kind of return, from its beginning to its end, does what its traits say."""

from datetime import timedelta
from typing import Any

import pytest

from inventory.models import StockBalance
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, NotFound, Unprocessable
from returns import sweeps
from returns.enums import RefundStatus, ReturnKind, ReturnStatus
from returns.inputs import OrderRef, ReturnLineIn, read
from returns.inputs.drafts import DraftIn
from returns.inputs.parcels import DropOffIn, LabelIn, ReturnToSenderIn, ScanIn
from returns.inputs.store import StoreReturnIn
from returns.kinds import TRAITS
from returns.models import DropOffCode, Order, Parcel, Receipt, Return
from returns.services.carrier_returns import return_to_sender
from returns.services.correcting import reverse_receipt
from returns.services.decisions import authorize_return, expire_return
from returns.services.drafts import change_draft, discard_draft, save_draft, submit_draft
from returns.services.extra_units import accept_over_receipt
from returns.services.parcels import record_label, scan_parcel, take_drop_off
from returns.services.refund_outcomes import settle_refund
from returns.services.strays import accept_stray, send_back, strays_of
from returns.services.till import return_in_store
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    line_data,
    make_inspection,
    make_location,
    make_order,
    make_receipt,
    make_return,
    receipt_data,
    unique,
)
from tests.returns.proofs import prove
from tests.returns.refunding import parts, refunds_of

pytestmark = pytest.mark.django_db


def store() -> str:
    """Return the code of a new store."""
    return make_location(unique("ST-"), kind="store").code


def at_till(order: Order, **fields: Any) -> StoreReturnIn:
    """Return a till's return of one unit of the first line."""
    data = {
        "order": {"order_id": order.id}, "store": store(), "receipt_number": unique("R-"),
        "lines": [{"line_no": 1, "quantity": 1, "reason": "too_small"}],
    }  # fmt: skip
    return read(StoreReturnIn, data | fields)


def paid(rma: Return) -> Return:
    """Have the gateway pay all that was submitted."""
    for refund in rma.refunds.filter(status=RefundStatus.SUBMITTING):
        settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference=unique("re_"))
    return fresh(rma)


def cases(rma: Return) -> list[str]:
    """Return the kinds of the return's open cases, but that nothing here takes refunds and memos."""
    rows = Case.objects.filter(correlation_id=rma.correlation_id, status="open")
    return sorted(rows.exclude(kind__in=["refund_unrouted", "memo_unrouted"]).values_list("kind", flat=True))


def events(rma: Return, prefix: str) -> list[str]:
    """Return the return's events of that prefix in order."""
    rows = Event.objects.filter(subject_id=rma.id, type__startswith=prefix).order_by("position")
    return [event.type.removeprefix(prefix) for event in rows]


def test_every_kind_has_traits() -> None:
    assert set(TRAITS) == set(ReturnKind)


# In a store.


@pytest.mark.parametrize("kind", ["boris", "store"])
def test_a_return_at_a_till_is_received_judged_and_refunded_at_once(kind: str) -> None:
    order = make_order()
    told = at_till(order, kind=kind)
    done = return_in_store(actor=SYSTEM, till=told)
    rma = done.rma
    assert (rma.kind, rma.status, rma.source, rma.external_id) == (
        kind, "authorized", f"till:{told.store}", told.receipt_number,
    )  # fmt: skip
    assert (rma.logistics, rma.inspection, rma.stock, rma.expires_at) == ("received", "done", "placed", None)
    assert [(refund.amount, refund.status) for refund in done.refunds] == [(1000, "submitting")]
    balance = StockBalance.objects.get(location__code=told.store, disposition="sellable")
    assert (balance.quantity, balance.sku) == (1, rma.lines.get().sku)
    prove()


def test_the_same_till_receipt_again_is_one_return() -> None:
    told = at_till(make_order())
    first = return_in_store(actor=SYSTEM, till=told)
    again = return_in_store(actor=SYSTEM, till=told)
    assert (again.rma.id, again.receipt.id) == (first.rma.id, first.receipt.id)
    assert again.inspection == first.inspection
    assert refunds_of(first.rma) == [(1000, "submitting")]
    other = told.model_copy(update={"order": OrderRef(order_id=make_order().id)})
    with pytest.raises(Conflict, match="another order"):
        return_in_store(actor=SYSTEM, till=other)


def test_a_warehouse_is_no_store_and_nothing_happens() -> None:
    order = make_order()
    with pytest.raises(Unprocessable, match="is no store"):
        return_in_store(actor=SYSTEM, till=at_till(order, store=make_location().code))
    assert not Return.objects.filter(order=order).exists()


def test_what_showed_a_fault_at_the_till_is_kept_with_the_decision() -> None:
    line = {"line_no": 1, "quantity": 1, "evidence": ["https://pictures.example/seam.jpg"]}
    done = return_in_store(actor=SYSTEM, till=at_till(make_order(), lines=[line]))
    assert [fact["evidence"] for fact in done.rma.policy_facts["lines"]] == [["https://pictures.example/seam.jpg"]]


def test_rejected_at_the_till_there_is_no_money() -> None:
    line = {"line_no": 1, "quantity": 1, "accepted": False, "disposition": "return_to_customer"}
    done = return_in_store(actor=SYSTEM, till=at_till(make_order(), lines=[line]))
    assert (done.rma.status, done.refunds) == ("closed", [])
    prove()


def test_what_policy_wants_looked_at_waits_with_the_goods_at_the_store() -> None:
    ensure_policy(auto_authorize=False)
    done = return_in_store(actor=SYSTEM, till=at_till(make_order()))
    assert (done.rma.status, done.inspection, done.refunds) == ("in_review", None, [])
    assert cases(done.rma) == ["unexpected_arrival"]
    prove()


def test_who_may_not_take_returns_there_does_nothing() -> None:
    order = make_order()
    rights = ("returns.view", "orders.view", "returns.request", "returns.receive", "returns.inspect")
    good, elsewhere, nobody = everyone_with(*rights)
    for actor in (elsewhere, nobody):
        with pytest.raises(NotFound):
            return_in_store(actor=actor, till=at_till(order))
    with pytest.raises(Denied):
        return_in_store(actor=actor_with(*rights[:3]), till=at_till(order))
    assert not Return.objects.filter(order=order).exists()
    assert return_in_store(actor=good, till=at_till(order)).rma.status == "authorized"


# By parcel.


def test_a_mail_in_return_has_labels_and_parcels_that_arrive_one_by_one() -> None:
    rma = make_return(make_order(), {1: 3})
    for tracking, cost in (("T1", 395), ("T2", None)):
        label = read(LabelIn, {"tracking": rma.number + tracking, "carrier": "dhl", "cost": cost})
        record_label(actor=SYSTEM, return_id=rma.id, label=label)
        record_label(actor=SYSTEM, return_id=rma.id, label=label)
    assert list(Parcel.objects.filter(rma=rma).values_list("label_cost", flat=True)) == [395, None]
    assert events(rma, "parcel.") == ["labeled", "labeled"]
    scan = read(ScanIn, {"tracking": rma.number + "T1", "scanned_at": now()})
    scan_parcel(actor=SYSTEM, return_id=rma.id, scan=scan)
    scan_parcel(actor=SYSTEM, return_id=rma.id, scan=scan)
    assert (fresh(rma).logistics, events(rma, "return_line.")) == ("in_transit", ["in_transit"])
    assert events(rma, "parcel.")[2:] == ["scanned"]
    make_receipt(rma, {1: 2}, parcel=rma.number + "T1")
    assert fresh(rma).logistics == "partial"
    make_receipt(rma, {1: 1}, parcel=rma.number + "T2")
    make_inspection(rma)
    assert paid(rma).money == "refunded"
    prove()


def test_several_parcels_must_be_named() -> None:
    rma = make_return()
    for number in "12":
        record_label(actor=SYSTEM, return_id=rma.id, label=LabelIn(tracking=unique(number)))
    with pytest.raises(Unprocessable, match="Name the parcel"):
        scan_parcel(actor=SYSTEM, return_id=rma.id, scan=ScanIn())


def test_a_label_is_refused_where_goods_do_not_travel_or_the_return_has_ended() -> None:
    done = return_in_store(actor=SYSTEM, till=at_till(make_order()))
    with pytest.raises(Unprocessable, match="without a label"):
        record_label(actor=SYSTEM, return_id=done.rma.id, label=LabelIn(tracking="T"))
    gone = make_return()
    Return.objects.filter(pk=gone.pk).update(expires_at=now() - timedelta(days=1))
    expire_return(actor=SYSTEM, return_id=gone.id)
    with pytest.raises(Conflict, match="expired"):
        record_label(actor=SYSTEM, return_id=gone.id, label=LabelIn(tracking="T"))
    assert not Parcel.objects.exists()


def test_a_drop_off_needs_a_code_and_no_label() -> None:
    rma = make_return(kind="drop_off")
    code = DropOffCode.objects.get(rma=rma).token
    handed = read(DropOffIn, {"code": code, "partner": "Corner shop"})
    assert take_drop_off(actor=SYSTEM, drop_off=handed).logistics == "in_transit"
    take_drop_off(actor=SYSTEM, drop_off=read(DropOffIn, {"code": code, "partner": "Corner shop"}))
    assert events(rma, "parcel.") == ["scanned"]
    with pytest.raises(Conflict, match="Corner shop"):
        take_drop_off(actor=SYSTEM, drop_off=read(DropOffIn, {"code": code, "partner": "Other shop"}))
    with pytest.raises(NotFound):
        take_drop_off(actor=SYSTEM, drop_off=read(DropOffIn, {"code": "nothing", "partner": "Corner shop"}))
    assert DropOffCode.objects.get(rma=rma).partner == "Corner shop"
    make_receipt(rma)
    make_inspection(rma)
    assert paid(rma).money == "refunded"
    prove()


def test_a_reviewed_drop_off_gets_its_code_when_it_is_authorized() -> None:
    ensure_policy(auto_authorize=False)
    rma = make_return(kind="drop_off")
    assert not DropOffCode.objects.filter(rma=rma).exists()
    authorize_return(actor=SYSTEM, return_id=rma.id)
    assert DropOffCode.objects.filter(rma=rma).exists()


def test_a_marketplace_return_warns_before_its_deadline() -> None:
    ensure_policy(auto_authorize=False)
    asked = {"name": "bazaar", "return_id": unique("MP-"), "answer_by": now() + timedelta(hours=2)}
    rma = make_return(kind="marketplace", marketplace=asked)
    later = make_return(kind="marketplace", marketplace=asked | {"return_id": unique(), "answer_by": None})
    assert rma.marketplace.return_id == asked["return_id"]
    assert sweeps.warn_marketplaces() == 1
    assert sweeps.warn_marketplaces() == 0
    assert (cases(rma), cases(later)) == (["marketplace_deadline"], [])
    authorize_return(actor=SYSTEM, return_id=rma.id)
    assert cases(rma) == []


# Without a parcel.


def test_a_returnless_return_is_refunded_at_once_and_closes() -> None:
    ensure_policy(keep_it_below={"GBP": 1500}, erp_memo_required=False)
    rma = make_return(kind="returnless")
    assert (rma.status, rma.expires_at, refunds_of(rma)) == ("authorized", None, [(1000, "submitting")])
    assert (paid(rma).status, cases(rma)) == ("closed", [])
    prove()


def test_what_is_worth_too_much_to_be_kept_is_reviewed() -> None:
    ensure_policy(keep_it_below={"GBP": 1000})
    rma = make_return(kind="returnless")
    assert (rma.status, rma.decision_reason, refunds_of(rma)) == ("in_review", "Worth too much to be kept", [])


# Return to sender.


def undelivered(order: Order, **fields: Any) -> ReturnToSenderIn:
    """Return the carrier's notice that the order's parcel comes back."""
    return read(ReturnToSenderIn, {"tracking": order.shipments.get().tracking, "reason": "refused"} | fields)


def test_what_was_never_delivered_comes_back_without_fees_and_with_its_shipping() -> None:
    fee = {"percent": "10", "fixed": {}}
    ensure_policy(restocking_fee=fee, label_fee={"fixed": {"GBP": 300}}, refund_shipping="never", window_days=0)
    order = make_order(shipping_charged=499)
    notice = undelivered(order)
    rma = return_to_sender(actor=SYSTEM, notice=notice)
    assert return_to_sender(actor=SYSTEM, notice=notice).id == rma.id
    assert (rma.kind, rma.status, rma.logistics, rma.expires_at) == (
        "return_to_sender", "authorized", "in_transit", None,
    )  # fmt: skip
    assert list(rma.lines.values_list("authorized", flat=True)) == [3, 1]
    assert refunds_of(rma) == []
    make_receipt(rma)
    assert refunds_of(rma) == []
    make_inspection(rma)
    [refund] = rma.refunds.all()
    assert (refund.amount, parts(refund)) == (6049, {"item": 5550, "shipping": 499})
    prove()


def test_one_of_several_parcels_must_say_what_is_in_it() -> None:
    shipments = [{"tracking": unique("TRK"), "carrier": "dhl", "shipped_at": now()} for _ in range(2)]
    order = make_order(shipments=shipments, shipping_charged=400, lines=[
        line_data("L1", unit_price=3000), line_data("L2", unit_price=1000),
    ])  # fmt: skip
    told = {"tracking": shipments[0]["tracking"]}
    with pytest.raises(Unprocessable, match="several parcels"):
        return_to_sender(actor=SYSTEM, notice=read(ReturnToSenderIn, told))
    assert not Return.objects.filter(order=order).exists()
    lines = [{"external_id": "L1", "quantity": 1}]
    rma = return_to_sender(actor=SYSTEM, notice=read(ReturnToSenderIn, told | {"lines": lines}))
    make_receipt(rma)
    make_inspection(rma)
    assert refunds_of(rma) == [(3300, "submitting")]


def test_an_unknown_number_or_units_that_are_gone_open_nothing() -> None:
    order = make_order()
    make_return(order, {1: 3, 2: 1})
    with pytest.raises(Unprocessable, match="Nothing of this order"):
        return_to_sender(actor=SYSTEM, notice=undelivered(order))
    with pytest.raises(NotFound):
        return_to_sender(actor=SYSTEM, notice=undelivered(order, tracking="unheard of"))
    assert Return.objects.filter(order=order).count() == 1


def test_only_who_receives_goods_there_opens_a_return_to_sender() -> None:
    order = make_order()
    _, elsewhere, nobody = everyone_with("orders.view", "returns.receive", "returns.view")
    for actor in (elsewhere, nobody):
        with pytest.raises(NotFound):
            return_to_sender(actor=actor, notice=undelivered(order))
    with pytest.raises(Denied):
        return_to_sender(actor=actor_with("orders.view", "returns.view"), notice=undelivered(order))
    assert not Return.objects.filter(order=order).exists()


# What nobody expected.


def test_extra_units_go_back_and_the_case_ends_with_the_last() -> None:
    rma = make_return(make_order(), {1: 1})
    make_receipt(rma, {1: 3})
    [stray] = strays_of(rma)
    assert (stray.left, cases(rma)) == (2, ["over_receipt"])
    accept_over_receipt(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1)
    assert [each.left for each in strays_of(rma)] == [1]
    with pytest.raises(Unprocessable):
        send_back(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=2)
    assert cases(rma) == ["over_receipt"]
    send_back(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=1, reason="not ours")
    assert (strays_of(rma), cases(rma)) == ([], [])
    assert events(rma, "return_line.")[-1] == "sent_back"
    with pytest.raises(Conflict, match="accepted or sent back"):
        reverse_receipt(actor=SYSTEM, return_id=rma.id, scan_id=stray.row.receipt.scan_id)
    prove()


def test_another_item_becomes_a_line_of_its_own_with_its_worth() -> None:
    order = make_order()
    rma = make_return(order, {1: 1})
    other = order.lines.get(line_no=2)
    arrived = receipt_data(rma) | {"lines": [{"sku": other.sku, "quantity": 1}]}
    make_receipt(rma, **{key: value for key, value in arrived.items() if key != "lines"}, lines=arrived["lines"])
    [stray] = strays_of(rma)
    accept_stray(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=1, instead_of=1)
    rows = list(rma.lines.order_by("line_no").values_list("sku", "authorized", "received", "canceled", "units"))
    assert rows[1] == (other.sku, 1, 1, 0, [[0, 1]])
    assert rows[0][3] == 1
    make_inspection(rma)
    assert (refunds_of(rma), cases(rma)) == ([(2550, "submitting")], [])
    prove()


def test_an_item_that_nobody_sold_is_taken_without_worth_or_sent_back() -> None:
    rma = make_return(make_order(), {1: 1})
    make_receipt(rma, lines=[{"sku": "STRANGER", "quantity": 2}])
    [stray] = strays_of(rma)
    accept_stray(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=1)
    assert (rma.lines.get(line_no=2).resolution, cases(rma)) == ("none", ["wrong_item"])
    send_back(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=1)
    assert cases(rma) == []
    make_inspection(rma)
    assert refunds_of(rma) == []
    prove()


# Drafts.


def draft(order: Order, *lines: dict[str, Any], **fields: Any) -> Return:
    """Return a saved draft."""
    return save_draft(
        actor=SYSTEM, draft=read(DraftIn, {"order": {"order_id": order.id}, "lines": list(lines)} | fields)
    )


def test_a_draft_takes_no_units_until_it_is_submitted() -> None:
    order = make_order()
    rma = draft(order, {"line_no": 1, "quantity": 2}, reason="called us")
    make_return(order, {1: 1})
    change_draft(actor=SYSTEM, return_id=rma.id, lines=[
        ReturnLineIn(line_no=2, quantity=1), ReturnLineIn(line_no=1, quantity=2, reason="too_small"),
    ])  # fmt: skip
    assert list(rma.lines.values_list("sku", "requested")) == [
        (order.lines.get(line_no=2).sku, 1), (order.lines.get(line_no=1).sku, 2),
    ]  # fmt: skip
    prove()
    done = submit_draft(actor=SYSTEM, return_id=rma.id)
    assert (done.status, list(done.lines.values_list("units", flat=True))) == ("authorized", [[[0, 1]], [[1, 3]]])
    assert events(rma, "return.") == ["drafted", "draft_changed", "requested", "authorized"]
    with pytest.raises(Conflict, match="no draft any more"):
        submit_draft(actor=SYSTEM, return_id=rma.id)
    prove()


def test_a_draft_of_a_warranty_claim_keeps_its_evidence() -> None:
    line = {"line_no": 1, "quantity": 1, "resolution": "repair", "reason": "broken", "evidence": ["a film of it"]}
    rma = draft(make_order(), line, kind="warranty")
    done = submit_draft(actor=SYSTEM, return_id=rma.id)
    assert done.status == "authorized"
    assert done.policy_facts["lines"][0]["evidence"] == ["a film of it"]


def test_a_draft_of_units_that_are_gone_by_now_is_refused_and_stays() -> None:
    order = make_order()
    rma = draft(order, {"line_no": 1, "quantity": 2})
    make_return(order, {1: 2})
    with pytest.raises(Unprocessable, match="Policy does not allow"):
        submit_draft(actor=SYSTEM, return_id=rma.id, override_reason="please")
    assert (fresh(rma).status, events(rma, "return.")) == ("draft", ["drafted"])


def test_a_draft_without_lines_is_saved_and_not_submitted_and_a_discarded_one_frees_nothing() -> None:
    rma = draft(make_order())
    with pytest.raises(Unprocessable, match="no lines"):
        submit_draft(actor=SYSTEM, return_id=rma.id)
    discard_draft(actor=SYSTEM, return_id=rma.id, reason="changed her mind")
    assert (fresh(rma).status, events(rma, "return.")) == (ReturnStatus.CANCELED, ["drafted", "draft_discarded"])
    prove()


def test_a_stale_draft_is_not_changed() -> None:
    rma = draft(make_order(), {"line_no": 1, "quantity": 1})
    change_draft(actor=SYSTEM, return_id=rma.id, lines=[ReturnLineIn(line_no=1, quantity=2)], expected_version=1)
    with pytest.raises(Conflict) as stale:
        change_draft(actor=SYSTEM, return_id=rma.id, lines=[], expected_version=1)
    assert (stale.value.extra["present_version"], rma.lines.get().requested) == (2, 2)


def test_a_return_that_does_not_travel_does_not_expire() -> None:
    rows = [make_return(kind=kind) for kind in ("mail_in", "store")]
    Return.objects.filter(pk__in=[row.pk for row in rows]).exclude(expires_at=None).update(
        expires_at=now() - timedelta(days=1)
    )
    assert sweeps.expire_overdue() == 1
    assert [fresh(row).status for row in rows] == ["expired", "authorized"]


def test_a_parcel_of_an_expired_return_is_received_all_the_same() -> None:
    rma = make_return()
    Return.objects.filter(pk=rma.pk).update(expires_at=now() - timedelta(days=1))
    sweeps.expire_overdue()
    make_receipt(rma)
    assert (fresh(rma).status, Receipt.objects.filter(rma=rma).count()) == ("authorized", 1)
    assert cases(rma) == ["unexpected_arrival"]
