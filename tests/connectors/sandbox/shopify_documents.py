"""GraphQL documents of the Shopify tests, each with variables of the right shape."""

from typing import Any

ORDER = """
query Order($id: ID!) {
  order(id: $id) {
    id legacyResourceId name email currencyCode createdAt displayFinancialStatus displayFulfillmentStatus returnStatus
    totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount } }
    subtotalPriceSet { shopMoney { amount } } totalTaxSet { shopMoney { amount } }
    totalShippingPriceSet { shopMoney { amount } } totalDiscountsSet { shopMoney { amount } }
    totalRefundedSet { shopMoney { amount } } netPaymentSet { shopMoney { amount } }
    customer { id displayName email }
    lineItems(first: 50) {
      nodes { id sku title quantity refundableQuantity
              taxLines(first: 2) { title rate priceSet { shopMoney { amount } } }
              discountedTotalSet { shopMoney { amount } } originalUnitPriceSet { shopMoney { amount } } }
      pageInfo { hasNextPage endCursor }
    }
    fulfillments(first: 5) { id status fulfillmentLineItems(first: 50) { nodes { id quantity lineItem { id sku } } } }
    transactions(first: 20) { id kind status gateway paymentId amountSet { shopMoney { amount } }
                              parentTransaction { id } maximumRefundableV2 { amount } }
    refunds(first: 20) { id note createdAt totalRefundedSet { shopMoney { amount } } return { id }
      refundLineItems(first: 20) { nodes { quantity restockType restocked lineItem { sku } location { id name }
                                           subtotalSet { shopMoney { amount } } totalTaxSet { shopMoney { amount } } } }
      transactions(first: 5) { nodes { id kind amountSet { shopMoney { amount } } } } }
    returns(first: 10) { nodes { id name status } }
  }
}
"""
ORDERS = """
query Orders($query: String, $first: Int!, $after: String) {
  orders(query: $query, first: $first, after: $after, sortKey: CREATED_AT) {
    edges { cursor node { id name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
RETURN = """
query Return($id: ID!) {
  return(id: $id) {
    id name status createdAt closedAt requestApprovedAt totalQuantity decline { reason note } order { id name }
    returnLineItems(first: 20) {
      nodes { id quantity processedQuantity refundableQuantity refundedQuantity returnReason returnReasonNote
              customerNote
              ... on ReturnLineItem { fulfillmentLineItem { id lineItem { id sku } } } }
    }
    reverseFulfillmentOrders(first: 5) {
      nodes { id status lineItems(first: 20) {
        nodes { id totalQuantity fulfillmentLineItem { lineItem { sku } }
                dispositions { id type quantity createdAt location { id } } } } }
    }
    refunds(first: 5) { nodes { id totalRefundedSet { shopMoney { amount } } } }
  }
}
"""
RETURNABLE = """
query Returnable($order: ID!) {
  returnableFulfillments(orderId: $order, first: 10) {
    nodes { id fulfillment { id } returnableFulfillmentLineItems(first: 50) {
      nodes { quantity fulfillmentLineItem { id lineItem { sku } } } } }
  }
}
"""
REFUND_CREATE = """
mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id note totalRefundedSet { shopMoney { amount } }
             refundLineItems(first: 20) { nodes { quantity restocked } } }
    order { id displayFinancialStatus }
    userErrors { field message }
  }
}
"""
REFUND_WITHOUT_KEY = """
mutation Refund($input: RefundInput!) { refundCreate(input: $input) { refund { id } userErrors { field message } } }
"""
_RETURNED = "return { id name status } userErrors { field message code }"
RETURN_CREATE = f"mutation($input: ReturnInput!) {{ returnCreate(returnInput: $input) {{ {_RETURNED} }} }}"
RETURN_REQUEST = f"mutation($input: ReturnRequestInput!) {{ returnRequest(input: $input) {{ {_RETURNED} }} }}"
RETURN_APPROVE = (
    f"mutation($input: ReturnApproveRequestInput!) {{ returnApproveRequest(input: $input) {{ {_RETURNED} }} }}"
)
RETURN_DECLINE = (
    f"mutation($input: ReturnDeclineRequestInput!) {{ returnDeclineRequest(input: $input) {{ {_RETURNED} }} }}"
)
RETURN_CLOSE = f"mutation($id: ID!) {{ returnClose(id: $id) {{ {_RETURNED} }} }}"
RETURN_REOPEN = f"mutation($id: ID!) {{ returnReopen(id: $id) {{ {_RETURNED} }} }}"
RETURN_CANCEL = f"mutation($id: ID!) {{ returnCancel(id: $id) {{ {_RETURNED} }} }}"
RETURN_PROCESS = f"mutation($input: ReturnProcessInput!) {{ returnProcess(input: $input) {{ {_RETURNED} }} }}"
DISPOSE = """
mutation($inputs: [ReverseFulfillmentOrderDisposeInput!]!) {
  reverseFulfillmentOrderDispose(dispositionInputs: $inputs) {
    reverseFulfillmentOrderLineItems { id totalQuantity dispositions { type quantity location { id } } }
    userErrors { field message code }
  }
}
"""
ADJUST = """
mutation($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id reason referenceDocumentUri
      changes { name delta quantityAfterChange item { sku } location { id } } }
    userErrors { field message code }
  }
}
"""
ITEMS = """
query($query: String, $location: ID!) {
  inventoryItems(query: $query, first: 5) {
    nodes { id sku
      inventoryLevel(locationId: $location) { quantities(names: ["available", "on_hand"]) { name quantity } } }
  }
}
"""

_ID = {"id": "gid://shopify/Return/1"}
_LINE = {"fulfillmentLineItemId": "gid://shopify/FulfillmentLineItem/1", "quantity": 1, "returnReason": "DEFECTIVE"}
_REFUND = {
    "orderId": "gid://shopify/Order/1",
    "note": "n",
    "refundLineItems": [
        {
            "lineItemId": "gid://shopify/LineItem/1",
            "quantity": 1,
            "restockType": "RETURN",
            "locationId": "gid://shopify/Location/1",
        }
    ],
    "transactions": [
        {
            "orderId": "gid://shopify/Order/1",
            "amount": "1.00",
            "gateway": "g",
            "kind": "REFUND",
            "parentId": "gid://shopify/OrderTransaction/1",
        }
    ],
}
_DISPOSE = {
    "reverseFulfillmentOrderLineItemId": "gid://shopify/ReverseFulfillmentOrderLineItem/1",
    "quantity": 1,
    "dispositionType": "RESTOCKED",
    "locationId": "gid://shopify/Location/1",
}
_TRANSFER = {
    "issueRefund": {
        "orderTransactions": [
            {
                "parentId": "gid://shopify/OrderTransaction/1",
                "transactionAmount": {"amount": "1.00", "currencyCode": "USD"},
            }
        ]
    }
}
_CHANGE = {
    "inventoryItemId": "gid://shopify/InventoryItem/1",
    "locationId": "gid://shopify/Location/1",
    "delta": 1,
    "changeFromQuantity": 0,
}
ALL: dict[str, tuple[str, dict[str, Any]]] = {
    "order": (ORDER, _ID),
    "orders": (ORDERS, {"query": "name:#1", "first": 2}),
    "return": (RETURN, _ID),
    "returnable": (RETURNABLE, {"order": "gid://shopify/Order/1"}),
    "refund_create": (REFUND_CREATE, {"input": _REFUND, "key": "k"}),
    "refund_without_key": (REFUND_WITHOUT_KEY, {"input": _REFUND}),
    "return_create": (RETURN_CREATE, {"input": {"orderId": "gid://shopify/Order/1", "returnLineItems": [_LINE]}}),
    "return_request": (RETURN_REQUEST, {"input": {"orderId": "gid://shopify/Order/1", "returnLineItems": [_LINE]}}),
    "return_approve": (RETURN_APPROVE, {"input": _ID}),
    "return_decline": (RETURN_DECLINE, {"input": {**_ID, "declineReason": "FINAL_SALE", "declineNote": "n"}}),
    "return_close": (RETURN_CLOSE, _ID),
    "return_reopen": (RETURN_REOPEN, _ID),
    "return_cancel": (RETURN_CANCEL, _ID),
    "return_process": (
        RETURN_PROCESS,
        {
            "input": {
                "returnId": _ID["id"],
                "returnLineItems": [
                    {"id": "gid://shopify/ReturnLineItem/1", "quantity": 1, "dispositions": [_DISPOSE]}
                ],
                "financialTransfer": _TRANSFER,
            }
        },
    ),
    "dispose": (DISPOSE, {"inputs": [_DISPOSE]}),
    "adjust": (ADJUST, {"input": {"name": "available", "reason": "restock", "changes": [_CHANGE]}, "key": "k"}),
    "items": (ITEMS, {"query": "sku:A", "location": "gid://shopify/Location/1"}),
}
