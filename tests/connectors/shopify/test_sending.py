"""What the shop is told, through the engine to the sandbox: once, and no money moves."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.models import Connection
from connectors.services.probing import probe_connection
from retailops.events.models import Attempt, Delivery, Destination, Effect
from retailops.lib.ids import uuid7
from tests.connectors.owed import ADMIN, sent, tries
from tests.connectors.sandbox_server import SandboxServer
from tests.connectors.shopify.conftest import Shop

pytestmark = pytest.mark.usefixtures("domain_looks_away")
Ask = Callable[..., str]
FAULTS = [
    {"kind": "lost_answer"},
    {"kind": "reset"},
    {"kind": "error_500"},
    {"kind": "error_500", "after_effect": True},
    {"kind": "throttle_429"},
]
NAMES = ["lost", "reset", "500", "500-after", "throttled"]


def refunds(sandbox: SandboxServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.books("shopify")["refunds"]
    return found


def shop_return(sandbox: SandboxServer) -> dict[str, Any]:
    [found] = sandbox.books("shopify")["returns"]
    return dict(found)


def disposed(sandbox: SandboxServer) -> list[tuple[str, int]]:
    return [(one["type"], one["quantity"]) for one in shop_return(sandbox)["reverse"]["lines"][0]["dispositions"]]


def available(sandbox: SandboxServer) -> dict[str, int]:
    """What is on the shop's shelf, by location."""
    levels = sandbox.books("shopify")["levels"]
    return {level["location"]: level["quantities"]["available"] for level in levels}


# Refunds -------------------------------------------------------------------------------------------------------------


def test_a_refund_is_recorded_and_neither_money_nor_stock_moves(sandbox: SandboxServer, shopify: Shop) -> None:
    delivery = sent(shopify.refunded())
    [refund] = refunds(sandbox)
    assert refund["note"] == f"RMA-2026-000007 {delivery.effect_key}"
    assert [(line["line"], line["quantity"], line["restock_type"]) for line in refund["lines"]] == [
        (int(shopify.sold.tee), 2, "NO_RESTOCK")
    ]
    assert refund["transactions"] == []
    assert sandbox.books("shopify")["orders"][0]["refunded"] == "0.00"
    assert available(sandbox) == {}
    assert (delivery.status, delivery.external_reference) == ("delivered", f"gid://shopify/Refund/{refund['id']}")
    assert Effect.objects.get(kind="refund_record").status == "confirmed"


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_fault_is_survived_and_the_refund_recorded_once(
    sandbox: SandboxServer, shopify: Shop, fault: dict[str, Any]
) -> None:
    sandbox.faults("shopify", fault | {"times": 1, "operations": ["refundCreate"]})
    delivery = sent(shopify.refunded())
    assert delivery.status == "ready"
    assert sent(delivery).status == "delivered"
    assert [outcome for outcome, _ in tries(delivery)] == ["transient", "delivered"]
    [refund] = refunds(sandbox)
    assert delivery.external_reference == f"gid://shopify/Refund/{refund['id']}"


def test_a_refund_whose_key_the_shop_forgot_is_found_by_its_note(sandbox: SandboxServer, shopify: Shop) -> None:
    sandbox.faults("shopify", {"kind": "lost_answer", "times": 1, "operations": ["refundCreate"]})
    delivery = sent(shopify.refunded())
    sandbox.control("POST", "/shopify/age-keys", {"hours": 25})
    assert sent(delivery).status == "delivered"
    assert len(refunds(sandbox)) == 1


def test_a_second_tender_of_the_same_units_has_nothing_to_record(sandbox: SandboxServer, shopify: Shop) -> None:
    delivery = sent(shopify.refunded(lines=[], shipping=0))
    assert (delivery.status, tries(delivery)) == ("delivered", [("delivered", "nothing_to_record")])
    assert refunds(sandbox) == []


def test_more_units_than_were_sold_are_refused_with_http_200(sandbox: SandboxServer, shopify: Shop) -> None:
    sent(shopify.refunded())
    delivery = sent(shopify.refunded())
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("dead", "business", "user_error")
    assert "more items than were purchased" in delivery.failure_message
    assert Attempt.objects.get(delivery=delivery).http_status == 200
    assert len(refunds(sandbox)) == 1


def test_throttling_waits_until_the_bucket_holds_enough(sandbox: SandboxServer, shopify: Shop) -> None:
    """10 points are asked for, the bucket is empty and refills with 0.1 a second: 100 seconds."""
    sandbox.control("PUT", "/shopify/bucket", {"maximum": 0, "restore_per_s": 0.1})
    try:
        delivery = sent(shopify.refunded())
    finally:
        sandbox.control("PUT", "/shopify/bucket", {"maximum": 20000, "restore_per_s": 1000})
    attempt = Attempt.objects.get(delivery=delivery)
    assert (attempt.outcome, attempt.code) == ("transient", "THROTTLED")
    assert 99 <= (delivery.next_attempt_at - attempt.recorded_at).total_seconds() <= 101


def test_a_channel_that_the_connection_does_not_list_is_not_its_own(shopify: Shop) -> None:
    Connection.objects.filter(pk=shopify.connection.pk).update(channels=[])
    with pytest.raises(Delivery.DoesNotExist):
        shopify.refunded()


# Decisions -----------------------------------------------------------------------------------------------------------


def test_an_authorized_return_is_approved_in_the_shop(sandbox: SandboxServer, shopify: Shop, asked: Ask) -> None:
    delivery = sent(shopify.decided("approve", asked()))
    assert shop_return(sandbox)["status"] == "OPEN"
    assert delivery.status == "delivered"


@pytest.mark.parametrize(
    ("reason", "told"), [("window", "RETURN_PERIOD_ENDED"), ("final_sale", "FINAL_SALE"), ("fraud", "OTHER")]
)
def test_a_declined_return_is_declined_in_the_shop_with_its_reason(
    sandbox: SandboxServer, shopify: Shop, asked: Ask, reason: str, told: str
) -> None:
    assert sent(shopify.decided("decline", asked(), reason=reason)).status == "delivered"
    found = shop_return(sandbox)
    assert (found["status"], found["decline"]) == ("DECLINED", {"reason": told, "note": reason})


def test_a_closed_return_is_closed_in_the_shop(sandbox: SandboxServer, shopify: Shop, asked: Ask) -> None:
    gid, rma = asked(), uuid7()
    sent(shopify.decided("approve", gid, rma))
    assert sent(shopify.decided("close", gid, rma)).status == "delivered"
    assert shop_return(sandbox)["status"] == "CLOSED"


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_fault_is_survived_and_the_decision_made(
    sandbox: SandboxServer, shopify: Shop, asked: Ask, fault: dict[str, Any]
) -> None:
    sandbox.faults("shopify", fault | {"times": 1, "operations": ["returnApproveRequest"]})
    delivery = sent(shopify.decided("approve", asked()))
    assert sent(delivery).status == "delivered"
    assert shop_return(sandbox)["status"] == "OPEN"


def test_a_decision_that_the_shop_made_otherwise_is_a_matter_for_people(
    sandbox: SandboxServer, shopify: Shop, asked: Ask
) -> None:
    gid = asked()
    sent(shopify.decided("decline", gid, reason="fraud"))
    delivery = sent(shopify.decided("approve", gid))
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("dead", "business", "INVALID_STATE")
    assert shop_return(sandbox)["status"] == "DECLINED"


def test_a_return_that_was_not_asked_for_in_the_shop_is_not_told(shopify: Shop) -> None:
    with pytest.raises(Delivery.DoesNotExist):
        shopify.decided("approve", "")


# Dispositions --------------------------------------------------------------------------------------------------------


def test_goods_of_the_shops_return_are_disposed_of_on_its_line(
    sandbox: SandboxServer, shopify: Shop, asked: Ask
) -> None:
    gid, rma = asked(2), uuid7()
    shopify.requested(rma, gid)
    sent(shopify.decided("approve", gid, rma))
    assert sent(shopify.posted(rma)).status == "delivered"
    assert sent(shopify.posted(rma, disposition="scrap")).status == "delivered"
    assert disposed(sandbox) == [("RESTOCKED", 1), ("NOT_RESTOCKED", 1)]
    assert available(sandbox) == {"68001": 1}


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_fault_is_survived_and_the_goods_disposed_of_once(
    sandbox: SandboxServer, shopify: Shop, asked: Ask, fault: dict[str, Any]
) -> None:
    """The call takes no key: what was disposed of is read first, also for the second of two equal slices."""
    gid, rma = asked(3), uuid7()
    shopify.requested(rma, gid)
    sent(shopify.decided("approve", gid, rma))
    assert sent(shopify.posted(rma)).status == "delivered"
    sandbox.faults("shopify", fault | {"times": 1, "operations": ["reverseFulfillmentOrderDispose"]})
    delivery = sent(shopify.posted(rma))
    assert delivery.status == "ready"
    assert sent(delivery).status == "delivered"
    assert sum(quantity for _, quantity in disposed(sandbox)) == 2
    assert available(sandbox) == {"68001": 2}


def test_what_the_shops_staff_disposed_of_is_not_disposed_of_again(
    sandbox: SandboxServer, shopify: Shop, asked: Ask
) -> None:
    gid, rma = asked(2), uuid7()
    shopify.requested(rma, gid)
    sent(shopify.decided("approve", gid, rma))
    first = shopify.posted(rma, quantity=2)
    sent(first)
    Delivery.objects.filter(pk=first.pk).update(status="discarded")
    delivery = sent(shopify.posted(rma, quantity=1))
    assert (delivery.status, tries(delivery)) == ("delivered", [("delivered", "already_done")])
    assert disposed(sandbox) == [("RESTOCKED", 2)]


def test_goods_of_a_return_from_elsewhere_are_made_available_once(sandbox: SandboxServer, shopify: Shop) -> None:
    rma = uuid7()
    shopify.requested(rma, "")
    sandbox.faults("shopify", {"kind": "lost_answer", "times": 1, "operations": ["inventoryAdjustQuantities"]})
    delivery = sent(shopify.posted(rma, quantity=2))
    assert sent(delivery).status == "delivered"
    assert available(sandbox) == {"68001": 2}
    [adjustment] = sandbox.books("shopify")["adjustments"]
    assert adjustment["reference"] == f"retailops://{delivery.effect_key.replace(':', '/')}"
    assert delivery.external_reference == f"gid://shopify/InventoryAdjustmentGroup/{adjustment['id']}"


def test_goods_from_elsewhere_that_cannot_be_sold_do_not_concern_the_shop(
    sandbox: SandboxServer, shopify: Shop
) -> None:
    rma = uuid7()
    shopify.requested(rma, "")
    delivery = sent(shopify.posted(rma, disposition="quarantine"))
    assert tries(delivery) == [("delivered", "nothing_to_record")]
    assert available(sandbox) == {}


def test_a_sku_that_the_shop_does_not_know_is_not_guessed(sandbox: SandboxServer, shopify: Shop) -> None:
    rma = uuid7()
    shopify.requested(rma, "")
    delivery = sent(shopify.posted(rma, sku="UNKNOWN"))
    assert (delivery.status, delivery.failure_class, delivery.failure_code) == ("dead", "contract", "unknown_sku")


# Credential ----------------------------------------------------------------------------------------------------------


def test_a_refused_token_pauses_the_connection(sandbox: SandboxServer, shopify: Shop) -> None:
    sandbox.faults("shopify", {"kind": "unauthorized"})
    assert sent(shopify.refunded()).status == "ready"
    assert Destination.objects.get(pk=shopify.connection.destination_id).paused
    assert refunds(sandbox) == []


def test_the_probe_names_the_shop(sandbox: SandboxServer, shop: Connection) -> None:
    assert probe_connection(actor=ADMIN, connection_id=shop.id).ok
    sandbox.faults("shopify", {"kind": "unauthorized"})
    assert not probe_connection(actor=ADMIN, connection_id=shop.id).ok
