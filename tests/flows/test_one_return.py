"""One return, end to end, through real HTTP to four systems; then the same with faults. The books must agree."""

from collections import Counter
from typing import Any

import pytest

from connectors.books import compare
from connectors.models import InboxMessage
from retailops.events.models import Attempt, Delivery, Effect, Event
from retailops.lib.audit import audits
from returns.enums import RefundStatus
from returns.models import CreditMemo, DispositionSlice, Inspection, Refund, Return
from tests.flows.conftest import TEES, House


def walked(house: House) -> Return:
    """Order, request, notice, arrival, inspection; the rest is the house's own doing."""
    rma = house.requested(house.order())
    house.announced(rma)
    house.arrives(rma)
    house.is_inspected(rma)
    return house.closes(rma)


def books_agree(house: House, rma: Return) -> None:
    """Every system did its part exactly once, for the same money and the same goods as we say."""
    [refund] = Refund.objects.filter(rma=rma)
    assert (refund.status, refund.amount) == (RefundStatus.SUCCEEDED, TEES)
    made = [one for charge in house.sandbox.books("stripe")["charges"] for one in charge["refunds"]]
    assert [(one["id"], one["amount"], one["status"]) for one in made] == [
        (refund.external_reference, TEES, "succeeded")
    ]
    memo = CreditMemo.objects.get(rma=rma)
    [booked] = house.sandbox.books("netsuite")["memos"]
    assert (memo.status, memo.external_reference, booked["total"]) == ("posted", booked["tranId"], 20.0)
    [line] = house.sandbox.books("netsuite")["records"]["creditMemo"][0]["item"]["items"]
    assert (line["description"], line["quantity"], line["amount"]) == ("TEE", 2, 20.0)
    placements = house.sandbox.books("wms")["placements"]
    slices = DispositionSlice.objects.filter(line__rma=rma)
    assert {(one["reference"], one["quantity"], one["status"]) for one in placements} == {
        (f"place:{part.id}", part.quantity, "confirmed") for part in slices
    }
    assert {part.status for part in slices} == {"posted"}
    recorded = house.sandbox.books("shopify")["refunds"]
    assert [one["note"] for one in recorded] == [f"{rma.number} {refund.effect_key}"]
    assert house.sandbox.books("shopify")["orders"][0]["refunded"] == "0.00"
    assert not list(Effect.objects.exclude(status="confirmed"))
    assert compare().differences == []


def no_breach() -> None:
    """All invariants hold, in every audit that the apps registered."""
    assert len(audits()) > 20
    found = {audit.name: [str(breach) for breach in audit.run()] for audit in audits()}
    assert {name: breaches for name, breaches in found.items() if breaches} == {}


def test_a_return_goes_through_four_systems_to_its_end(house: House) -> None:
    rma = walked(house)
    books_agree(house, rma)
    assert (rma.logistics, rma.inspection, rma.money, rma.stock, rma.erp, rma.open_cases) == (
        "received",
        "done",
        "refunded",
        "placed",
        "posted",
        0,
    )
    assert house.sandbox.books("wms")["stock_by_disposition"] == {"uninspected": 0, "sellable": 2}
    levels = house.sandbox.books("shopify")["levels"]
    assert [level["quantities"]["available"] for level in levels] == [2]
    no_breach()


def test_its_trace_lists_every_step_of_every_system(house: House) -> None:
    rma = walked(house)
    events = Event.objects.filter(correlation_id=rma.correlation_id).order_by("position")
    steps = [event.type for event in events]
    story = [
        "order.captured",
        "return.requested",
        "return.authorized",
        "return_line.received",
        "return_line.inspected",
        "refund.proposed",
        "refund.approved",
        "refund.submitted",
        "refund.succeeded",
        "credit_memo.queued",
        "credit_memo.posted",
        "return.closed",
    ]
    assert [step for step in dict.fromkeys(steps) if step in story] == story
    assert Counter(steps)["inventory.disposition_decided"] == Counter(steps)["inventory.disposition_posted"] == 2
    told = Delivery.objects.filter(event__correlation_id=rma.correlation_id)
    systems = Counter(told.values_list("destination__system", "operation"))
    assert systems == {
        ("wms", "inbound_notice.create"): 1,
        ("wms", "stock.place"): 2,
        ("stripe", "refund.create"): 1,
        ("netsuite", "credit_memo.post"): 1,
        ("shopify", "refund.record"): 1,
        ("shopify", "disposition.record"): 2,
    }
    assert set(told.values_list("status", flat=True)) == {"delivered"}
    heard = InboxMessage.objects.filter(correlation_id=rma.correlation_id, kind="webhook")
    assert {"orders/create", "receipt.confirmed", "inspection.completed"} <= set(heard.values_list("topic", flat=True))


def test_a_return_that_was_asked_for_in_the_shop_is_approved_disposed_of_and_closed_there(house: House) -> None:
    order = house.order()
    body = {"order": order.external_id, "lines": [{"sku": "TEE", "quantity": 2, "reason": "SIZE_TOO_SMALL"}]}
    house.sandbox.control("POST", "/shopify/return-requests", body)
    house.until(Return.objects.filter(source="shopify").exists, "the return is known")
    rma = Return.objects.get(source="shopify")
    house.announced(rma)
    house.arrives(rma)
    house.is_inspected(rma, "sellable", "scrap")
    rma = house.closes(rma)
    books_agree(house, rma)
    [there] = house.sandbox.books("shopify")["returns"]
    assert (there["status"], rma.external_id) == ("CLOSED", f"gid://shopify/Return/{there['id']}")
    disposed = {(one["type"], one["quantity"]) for one in there["reverse"]["lines"][0]["dispositions"]}
    assert disposed == {("RESTOCKED", 1), ("NOT_RESTOCKED", 1)}
    no_breach()


@pytest.mark.parametrize(
    ("system", "fault"),
    [
        ("stripe", {"kind": "lost_answer", "times": 1, "operations": ["refunds.create"]}),
        ("stripe", {"kind": "error_500", "times": 1, "after_effect": True, "operations": ["refunds.create"]}),
        ("stripe", {"kind": "reset", "times": 1, "operations": ["refunds.create"]}),
        ("stripe", {"kind": "pending", "times": 1}),
        ("netsuite", {"kind": "error_500", "times": 3}),
        ("netsuite", {"kind": "lost_answer", "times": 1, "operations": ["creditMemo.upsert"]}),
        ("shopify", {"kind": "throttle_429", "times": 3}),
        ("shopify", {"kind": "lost_answer", "times": 2}),
        ("wms", {"kind": "lost_answer", "times": 2}),
        ("wms", {"kind": "duplicate_webhooks"}),
        ("wms", {"kind": "reorder_webhooks", "window_ms": 400}),
        ("shopify", {"kind": "duplicate_webhooks"}),
    ],
    ids=lambda value: value if isinstance(value, str) else value["kind"],
)
def test_with_a_fault_it_still_happens_once(house: House, system: str, fault: dict[str, Any]) -> None:
    house.sandbox.faults(system, fault)
    rma = house.requested(house.order())
    house.announced(rma)
    house.arrives(rma)
    house.is_inspected(rma)
    if fault["kind"] == "pending":
        settle_at_stripe(house)
    rma = house.closes(rma)
    books_agree(house, rma)
    no_breach()


def settle_at_stripe(house: House) -> None:
    """The gateway took the refund and says later that the money went."""

    def taken() -> bool:
        return any(charge["refunds"] for charge in house.sandbox.books("stripe")["charges"])

    house.until(taken, "Stripe has the refund")
    house.until(lambda: Refund.objects.filter(status=RefundStatus.PENDING).exists(), "we know that it is pending")
    [refund] = [one for charge in house.sandbox.books("stripe")["charges"] for one in charge["refunds"]]
    house.sandbox.control("POST", f"/stripe/refunds/{refund['id']}/settle", {"outcome": "succeeded"})


def test_while_the_outcome_is_not_known_the_money_stays_reserved(house: House) -> None:
    """The answer is lost and Stripe cannot be asked: in doubt, nothing is sent again; then it is looked up, once."""
    lost = {"kind": "lost_answer", "times": 1, "operations": ["refunds.create"]}
    blind = {"kind": "reset", "times": 4, "operations": ["refunds.list", "refunds.retrieve"]}
    house.sandbox.faults("stripe", lost, blind, {"kind": "drop_webhooks"})
    rma = house.requested(house.order())
    house.announced(rma)
    house.arrives(rma)
    house.is_inspected(rma)
    house.until(lambda: Refund.objects.filter(status=RefundStatus.UNKNOWN).exists(), "the refund is in doubt")
    refund = Refund.objects.get(rma=rma)
    assert refund.status == RefundStatus.UNKNOWN
    rma = house.closes(rma)
    books_agree(house, rma)
    sent = Attempt.objects.filter(delivery__operation="refund.create", trigger__in=["auto", "manual", "sweep"])
    assert sent.count() == 1
    no_breach()


def test_an_inspection_that_comes_before_its_receipt_waits_for_it(house: House) -> None:
    house.sandbox.faults("wms", {"kind": "reorder_webhooks", "window_ms": 600})
    rma = house.requested(house.order())
    house.announced(rma)
    house.arrives(rma)
    house.is_inspected(rma)
    waits = InboxMessage.objects.filter(topic="inspection.completed", status="waiting")
    house.until(waits.exists, "the inspection waits for its receipt")
    assert not Inspection.objects.exists()
    house.closes(rma)
    done = InboxMessage.objects.get(topic="inspection.completed")
    assert (done.status, done.tries > 1) == ("done", True)
