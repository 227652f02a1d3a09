"""Shopify: orders, refunds with their repeat key, returns and dispositions, inventory, throttling."""

from typing import Any

import httpx
import pytest

from tests.connectors.sandbox import shopify_documents as documents
from tests.connectors.sandbox.vendor_clients import BROKEN, GRAPHQL, graphql
from tests.connectors.sandbox_server import SandboxServer

WAREHOUSE = "gid://shopify/Location/68001"


@pytest.fixture
def order(sandbox: SandboxServer) -> Any:
    """Two shirts at 20.00 (10 % tax, 4.00 off in all) and a cap at 5.00, shipping 6.00: 50.60 in all."""
    lines = [
        {"sku": "SHIRT", "quantity": 2, "price": "20.00", "discount": "4.00", "tax": "3.60"},
        {"sku": "CAP", "quantity": 1, "price": "5.00"},
    ]
    return sandbox.seed_order(name="#7001", shipping="6.00", payment_id="pi_1", lines=lines)


def line(order: Any, place: int = 0) -> str:
    return f"gid://shopify/LineItem/{order['lines'][place]['id']}"


def fulfilled(order: Any, place: int = 0, quantity: int = 1, **more: Any) -> dict[str, Any]:
    number = order["lines"][place]["fulfillment_line"]
    return {"fulfillmentLineItemId": f"gid://shopify/FulfillmentLineItem/{number}", "quantity": quantity, **more}


def refund_input(order: Any, amount: str = "19.80", quantity: int = 1) -> dict[str, Any]:
    item = {"lineItemId": line(order), "quantity": quantity, "restockType": "RETURN", "locationId": WAREHOUSE}
    part = {"orderId": order["gid"], "amount": amount, "gateway": "shopify_payments", "kind": "REFUND"}
    return {"orderId": order["gid"], "note": "rma 1", "refundLineItems": [item], "transactions": [part]}


def refund(sandbox: SandboxServer, given: dict[str, Any], key: str = "key-1") -> Any:
    return graphql(sandbox, documents.REFUND_CREATE, {"input": given, "key": key})["data"]["refundCreate"]


def run(sandbox: SandboxServer, document: str, **variables: Any) -> Any:
    """The payload of the only field of the answer."""
    answer = graphql(sandbox, document, variables)
    assert "errors" not in answer, answer["errors"]
    return next(iter(answer["data"].values()))


def read(sandbox: SandboxServer, order: Any) -> Any:
    return run(sandbox, documents.ORDER, id=order["gid"])


def available(sandbox: SandboxServer, sku: str) -> int:
    item = run(sandbox, documents.ITEMS, query=f"sku:{sku}", location=WAREHOUSE)["nodes"][0]
    level = item["inventoryLevel"]
    return int(level["quantities"][0]["quantity"]) if level else 0


def opened(sandbox: SandboxServer, order: Any, quantity: int = 2) -> Any:
    given = {"orderId": order["gid"], "returnLineItems": [fulfilled(order, quantity=quantity, returnReason="OTHER")]}
    made = run(sandbox, documents.RETURN_CREATE, input=given)
    assert made["userErrors"] == []
    return run(sandbox, documents.RETURN, id=made["return"]["id"])


def reverse_line(found: Any) -> str:
    return str(found["reverseFulfillmentOrders"]["nodes"][0]["lineItems"]["nodes"][0]["id"])


def test_an_order_adds_up(sandbox: SandboxServer, order: Any) -> None:
    found = read(sandbox, order)
    sets = ("subtotalPriceSet", "totalTaxSet", "totalShippingPriceSet", "totalDiscountsSet", "totalPriceSet")
    assert [found[name]["shopMoney"]["amount"] for name in sets] == ["41.00", "3.60", "6.00", "4.00", "50.60"]
    assert [item["sku"] for item in found["lineItems"]["nodes"]] == ["SHIRT", "CAP"]
    sale = found["transactions"][0]
    assert (sale["kind"], sale["paymentId"], sale["amountSet"]["shopMoney"]["amount"]) == ("SALE", "pi_1", "50.60")
    assert run(sandbox, documents.ORDER, id="gid://shopify/Order/1") is None
    assert run(sandbox, documents.ORDER, id="gid://shopify/Return/1") is None


def test_currencies_have_their_own_digits(sandbox: SandboxServer) -> None:
    order = sandbox.seed_order(currency="JPY", lines=[{"sku": "A", "quantity": 3, "price": "1000", "tax": "100"}])
    assert read(sandbox, order)["totalPriceSet"]["shopMoney"] == {"amount": "3100", "currencyCode": "JPY"}


def test_a_refund_is_made_once_per_key(sandbox: SandboxServer, order: Any) -> None:
    first = refund(sandbox, refund_input(order))
    assert first["userErrors"] == []
    assert first["order"]["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert refund(sandbox, refund_input(order)) == first
    assert available(sandbox, "SHIRT") == 1
    found = read(sandbox, order)
    assert [item["id"] for item in found["refunds"]] == [first["refund"]["id"]]
    assert found["totalRefundedSet"]["shopMoney"]["amount"] == "19.80"
    subtotal = found["refunds"][0]["refundLineItems"]["nodes"][0]
    assert (subtotal["subtotalSet"]["shopMoney"]["amount"], subtotal["totalTaxSet"]["shopMoney"]["amount"]) == (
        "18.00", "1.80",
    )  # fmt: skip
    assert sandbox.books("shopify")["orders"][0]["refunded"] == "19.80"


def test_the_key_is_mandatory(sandbox: SandboxServer, order: Any) -> None:
    for document, variables in (
        (documents.REFUND_WITHOUT_KEY, {"input": refund_input(order)}),
        (documents.REFUND_CREATE, {"input": refund_input(order), "key": "  "}),
    ):
        answer = graphql(sandbox, document, variables)
        assert answer["data"] == {"refundCreate": None}
        assert "@idempotent" in answer["errors"][0]["message"]
    assert sandbox.books("shopify")["refunds"] == []


def test_a_key_is_bound_to_its_parameters_and_its_failure(sandbox: SandboxServer, order: Any) -> None:
    refund(sandbox, refund_input(order))
    other = refund(sandbox, refund_input(order, amount="1.00"))
    assert "different operation parameters" in other["userErrors"][0]["message"]
    assert "greater than" in refund(sandbox, refund_input(order, amount="40.00"), "key-2")["userErrors"][0]["message"]
    assert "failed" in refund(sandbox, refund_input(order, amount="40.00"), "key-2")["userErrors"][0]["message"]
    sandbox.control("POST", "/shopify/age-keys", {"hours": 25})
    assert refund(sandbox, refund_input(order))["userErrors"] == []
    assert sandbox.books("shopify")["orders"][0]["refunded"] == "39.60"


def test_no_more_is_refunded_than_was_bought(sandbox: SandboxServer, order: Any) -> None:
    def refusal(**changes: Any) -> Any:
        made = refund(sandbox, refund_input(order) | changes, key=str(changes))
        assert made["refund"] is None
        return made["userErrors"][0]["field"]

    item = refund_input(order)["refundLineItems"][0]
    part = refund_input(order)["transactions"][0]
    assert refusal(refundLineItems=[item | {"quantity": 3}]) == ["refundLineItems", "0", "quantity"]
    assert refusal(refundLineItems=[item | {"lineItemId": "gid://shopify/LineItem/1"}])[-1] == "lineItemId"
    assert refusal(refundLineItems=[item | {"locationId": None}])[-1] == "locationId"
    assert refusal(transactions=[part | {"amount": "50.61"}]) == ["transactions"]
    assert refusal(transactions=[part | {"amount": "0"}])[-1] == "amount"
    assert refusal(transactions=[part | {"kind": "SALE"}])[-1] == "kind"
    assert refusal(transactions=[part | {"parentId": "gid://shopify/OrderTransaction/1"}])[-1] == "parentId"
    assert refusal(orderId="gid://shopify/Order/1") == ["orderId"]
    assert sandbox.books("shopify")["refunds"] == []
    over = refund_input(order, amount="60.00") | {"allowOverRefunding": True}
    assert refund(sandbox, over, "over")["userErrors"] == []


def test_a_customers_request_is_approved_or_declined(sandbox: SandboxServer, order: Any) -> None:
    ask = {"order": "#7001", "lines": [{"sku": "SHIRT", "quantity": 1, "reason": "defective", "note": "hole"}]}
    first = f"gid://shopify/Return/{sandbox.control('POST', '/shopify/return-requests', ask)['id']}"
    second = f"gid://shopify/Return/{sandbox.control('POST', '/shopify/return-requests', ask)['id']}"
    assert read(sandbox, order)["returnStatus"] == "RETURN_REQUESTED"
    assert run(sandbox, documents.RETURN_APPROVE, input={"id": first})["return"]["status"] == "OPEN"
    declined = {"id": second, "declineReason": "FINAL_SALE", "declineNote": "no"}
    assert run(sandbox, documents.RETURN_DECLINE, input=declined)["return"]["status"] == "DECLINED"
    found = run(sandbox, documents.RETURN, id=first)
    item = found["returnLineItems"]["nodes"][0]
    assert (item["returnReason"], item["customerNote"], item["fulfillmentLineItem"]["lineItem"]["sku"]) == (
        "DEFECTIVE", "hole", "SHIRT",
    )  # fmt: skip
    assert run(sandbox, documents.RETURN, id=second)["decline"] == {"reason": "FINAL_SALE", "note": "no"}
    again = run(sandbox, documents.RETURN_APPROVE, input={"id": first})
    assert (again["return"], again["userErrors"][0]["code"]) == (None, "INVALID_STATE")
    answer = sandbox.client.post(
        "/_sandbox/shopify/return-requests", json=ask | {"lines": [{"sku": "SHIRT", "quantity": 2}]}
    )
    assert answer.status_code == 400


def test_no_more_is_returned_than_was_delivered(sandbox: SandboxServer, order: Any) -> None:
    opened(sandbox, order, quantity=2)
    given = {"orderId": order["gid"], "returnLineItems": [fulfilled(order), fulfilled(order, 1)]}
    refused = run(sandbox, documents.RETURN_REQUEST, input=given)
    assert (refused["userErrors"][0]["code"], refused["userErrors"][0]["field"]) == (
        "INVALID", ["returnLineItems", "0", "quantity"],
    )  # fmt: skip
    left = run(sandbox, documents.RETURNABLE, order=order["gid"])["nodes"][0]["returnableFulfillmentLineItems"]["nodes"]
    assert [(item["fulfillmentLineItem"]["lineItem"]["sku"], item["quantity"]) for item in left] == [("CAP", 1)]
    assert len(sandbox.books("shopify")["returns"]) == 1


def test_a_return_is_closed_reopened_and_canceled_by_its_state(sandbox: SandboxServer, order: Any) -> None:
    return_id = opened(sandbox, order)["id"]
    assert run(sandbox, documents.RETURN_CLOSE, id=return_id)["return"]["status"] == "CLOSED"
    assert run(sandbox, documents.RETURN_CLOSE, id=return_id)["userErrors"][0]["code"] == "INVALID_STATE"
    assert run(sandbox, documents.RETURN_REOPEN, id=return_id)["return"]["status"] == "OPEN"
    assert run(sandbox, documents.RETURN_CANCEL, id=return_id)["return"]["status"] == "CANCELED"
    assert run(sandbox, documents.RETURN_CLOSE, id="gid://shopify/Return/1")["userErrors"][0]["code"] == "NOT_FOUND"
    assert len(run(sandbox, documents.RETURNABLE, order=order["gid"])["nodes"]) == 1


def test_goods_are_disposed_of_once(sandbox: SandboxServer, order: Any) -> None:
    found = opened(sandbox, order)

    def dispose(kind: str, quantity: int, location: str | None = WAREHOUSE) -> Any:
        item = {"reverseFulfillmentOrderLineItemId": reverse_line(found), "quantity": quantity, "dispositionType": kind}
        return run(sandbox, documents.DISPOSE, inputs=[item | {"locationId": location}])

    assert dispose("PROCESSING_REQUIRED", 2)["userErrors"] == []
    assert dispose("PROCESSING_REQUIRED", 1)["userErrors"][0]["code"] == "INVALID"
    assert dispose("RESTOCKED", 1, None)["userErrors"][0]["code"] == "BLANK"
    made = dispose("RESTOCKED", 1)["reverseFulfillmentOrderLineItems"][0]["dispositions"]
    assert [(item["type"], item["quantity"]) for item in made] == [("PROCESSING_REQUIRED", 1), ("RESTOCKED", 1)]
    assert available(sandbox, "SHIRT") == 1
    made = dispose("NOT_RESTOCKED", 1)["reverseFulfillmentOrderLineItems"][0]["dispositions"]
    assert [(item["type"], item["quantity"]) for item in made] == [("RESTOCKED", 1), ("NOT_RESTOCKED", 1)]
    assert dispose("RESTOCKED", 1)["userErrors"][0]["code"] == "INVALID"
    assert available(sandbox, "SHIRT") == 1


def test_a_refused_disposition_leaves_nothing_of_its_call(sandbox: SandboxServer, order: Any) -> None:
    item = {"reverseFulfillmentOrderLineItemId": reverse_line(opened(sandbox, order)), "quantity": 1}
    good = item | {"dispositionType": "RESTOCKED", "locationId": WAREHOUSE}
    answer = run(sandbox, documents.DISPOSE, inputs=[good, good, good])
    assert answer["userErrors"][0]["field"] == ["dispositionInputs", "2", "quantity"]
    assert available(sandbox, "SHIRT") == 0


def test_processing_refunds_and_disposes_together(sandbox: SandboxServer, order: Any) -> None:
    found = opened(sandbox, order)
    item = found["returnLineItems"]["nodes"][0]["id"]
    disposition = {
        "reverseFulfillmentOrderLineItemId": reverse_line(found),
        "quantity": 1,
        "dispositionType": "MISSING",
    }
    sale = read(sandbox, order)["transactions"][0]["id"]

    def process(amount: str) -> Any:
        part = {"parentId": sale, "transactionAmount": {"amount": amount, "currencyCode": "USD"}}
        lines = [{"id": item, "quantity": 1, "dispositions": [disposition]}]
        transfer = {"issueRefund": {"orderTransactions": [part]}}
        given = {"returnId": found["id"], "returnLineItems": lines, "financialTransfer": transfer}
        return run(sandbox, documents.RETURN_PROCESS, input=given)

    assert process("50.61")["userErrors"][0]["code"] == "INVALID"
    assert sandbox.books("shopify")["refunds"] == []
    assert process("19.80")["userErrors"] == []
    after = run(sandbox, documents.RETURN, id=found["id"])
    done = after["returnLineItems"]["nodes"][0]
    assert (done["processedQuantity"], done["refundedQuantity"]) == (1, 1)
    assert after["refunds"]["nodes"][0]["totalRefundedSet"]["shopMoney"]["amount"] == "19.80"
    assert read(sandbox, order)["refunds"][0]["return"] == {"id": found["id"]}
    assert run(sandbox, documents.RETURN_CANCEL, id=found["id"])["userErrors"][0]["code"] == "INVALID_STATE"


def test_inventory_is_adjusted_once_per_key(sandbox: SandboxServer, order: Any) -> None:
    item = graphql(sandbox, documents.ITEMS, {"query": "sku:CAP", "location": WAREHOUSE})
    change = {"inventoryItemId": item["data"]["inventoryItems"]["nodes"][0]["id"], "locationId": WAREHOUSE, "delta": 3}

    def adjust(key: str, **more: Any) -> Any:
        given = {"name": "available", "reason": "restock", "changes": [change | more]}
        return run(sandbox, documents.ADJUST, input=given, key=key)

    for _ in range(2):
        group = adjust("k1")["inventoryAdjustmentGroup"]
        assert group["changes"][0]["quantityAfterChange"] == 3
    assert available(sandbox, "CAP") == 3
    assert adjust("k1", delta=4)["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    assert adjust("k2", changeFromQuantity=2)["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    assert adjust("k2", changeFromQuantity=2)["userErrors"][0]["code"] == "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
    assert (
        adjust("k3", inventoryItemId="gid://shopify/InventoryItem/1")["userErrors"][0]["code"]
        == "INVALID_INVENTORY_ITEM"
    )
    assert available(sandbox, "CAP") == 3


def test_orders_are_searched_and_paged(sandbox: SandboxServer) -> None:
    names = [
        sandbox.seed_order(created_at=f"2026-01-0{day}T10:00:00Z", lines=[{"sku": "A", "quantity": 1, "price": "1"}])[
            "name"
        ]
        for day in (1, 2, 3)
    ]
    assert [
        edge["node"]["name"] for edge in run(sandbox, documents.ORDERS, query=f"name:{names[1]}", first=5)["edges"]
    ] == [names[1]]
    since = run(sandbox, documents.ORDERS, query="created_at:>=2026-01-02 created_at:<2026-01-03", first=5)
    assert [edge["node"]["name"] for edge in since["edges"]] == [names[1]]
    first = run(sandbox, documents.ORDERS, first=2)
    assert [edge["node"]["name"] for edge in first["edges"]] == [names[2], names[1]]
    assert first["pageInfo"]["hasNextPage"]
    rest = run(sandbox, documents.ORDERS, first=2, after=first["pageInfo"]["endCursor"])
    assert ([edge["node"]["name"] for edge in rest["edges"]], rest["pageInfo"]["hasNextPage"]) == ([names[0]], False)


def test_an_empty_bucket_throttles_with_200(sandbox: SandboxServer, order: Any) -> None:
    sandbox.control("PUT", "/shopify/bucket", {"maximum": 15, "restore_per_s": 0.001})
    try:
        assert refund(sandbox, refund_input(order))["userErrors"] == []
        answer = graphql(sandbox, documents.REFUND_CREATE, {"input": refund_input(order), "key": "key-2"})
    finally:
        sandbox.control("PUT", "/shopify/bucket", {"maximum": 20000, "restore_per_s": 1000})
    assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert answer["extensions"]["cost"]["throttleStatus"]["maximumAvailable"] == 15
    assert "data" not in answer
    assert len(sandbox.books("shopify")["refunds"]) == 1


def test_credential_document_and_address_are_checked(sandbox: SandboxServer) -> None:
    body = {"query": "{ shop { name } }"}
    assert sandbox.client.post(GRAPHQL, json=body).status_code == 401
    token = {"X-Shopify-Access-Token": "shpat_x"}
    assert sandbox.client.post(GRAPHQL, json=body, headers=token).json()["data"] == {"shop": {"name": "Sandbox"}}
    old: httpx.Response = sandbox.client.post(GRAPHQL.replace("2026-07", "2020-01"), json=body, headers=token)
    assert old.status_code == 404
    assert sandbox.client.post(GRAPHQL, content=b"{", headers=token).status_code == 400
    wrong = graphql(sandbox, "{ shop { nonsense } }")
    assert "nonsense" in wrong["errors"][0]["message"]
    assert "data" not in wrong


def test_faults_answer_in_the_vendors_shape(sandbox: SandboxServer, order: Any) -> None:
    sandbox.faults("shopify", {"kind": "throttle_429", "times": 1, "operations": ["refundCreate"]})
    throttled = graphql(sandbox, documents.REFUND_CREATE, {"input": refund_input(order), "key": "k"})
    assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"
    sandbox.faults("shopify", {"kind": "lost_answer", "times": 1})
    assert read(sandbox, order)["refunds"] == []
    with pytest.raises(BROKEN):
        refund(sandbox, refund_input(order), "k")
    assert refund(sandbox, refund_input(order), "k")["userErrors"] == []
    assert len(sandbox.books("shopify")["refunds"]) == 1
