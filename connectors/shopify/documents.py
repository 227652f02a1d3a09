"""Every GraphQL document that is sent (Admin API 2026-07). A test validates each against the published schema."""

REFUND_CREATE = """
mutation RecordRefund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id note }
    userErrors { field message }
  }
}
"""

ORDER_REFUNDS = """
query RefundsOfOrder($id: ID!) {
  order(id: $id) {
    id
    refunds(first: 100) { id note }
  }
}
"""

ORDER_STATE = """
query StateOfOrder($id: ID!, $after: String) {
  order(id: $id) {
    id
    name
    updatedAt
    processedAt
    presentmentCurrencyCode
    displayFinancialStatus
    taxesIncluded
    paymentGatewayNames
    customAttributes { key value }
    totalPriceSet { presentmentMoney { amount } }
    totalOutstandingSet { presentmentMoney { amount } }
    lineItems(first: 50, after: $after) {
      nodes {
        id
        sku
        quantity
        originalUnitPriceSet { presentmentMoney { amount } }
        discountAllocations { allocatedAmountSet { presentmentMoney { amount } } }
        taxLines { title priceSet { presentmentMoney { amount } } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

RETURN_STATE = """
query StateOfReturn($id: ID!) {
  return(id: $id) { id status }
}
"""

RETURN_LINES = """
query LinesOfReturn($id: ID!) {
  return(id: $id) {
    id
    status
    reverseFulfillmentOrders(first: 20) {
      nodes {
        id
        lineItems(first: 100) {
          nodes {
            id
            totalQuantity
            dispositions { type quantity }
            fulfillmentLineItem { lineItem { id sku } }
          }
        }
      }
    }
  }
}
"""

DISPOSE = """
mutation Dispose($inputs: [ReverseFulfillmentOrderDisposeInput!]!) {
  reverseFulfillmentOrderDispose(dispositionInputs: $inputs) {
    reverseFulfillmentOrderLineItems { id dispositions { id type quantity } }
    userErrors { field message code }
  }
}
"""

INVENTORY_ITEM = """
query InventoryItemOfSku($query: String!) {
  inventoryItems(first: 10, query: $query) { nodes { id sku } }
}
"""

ADJUST = """
mutation Restock($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id referenceDocumentUri }
    userErrors { field message code }
  }
}
"""

APPROVE = """
mutation ApproveReturn($input: ReturnApproveRequestInput!) {
  returnApproveRequest(input: $input) {
    return { id status }
    userErrors { field message code }
  }
}
"""

DECLINE = """
mutation DeclineReturn($input: ReturnDeclineRequestInput!) {
  returnDeclineRequest(input: $input) {
    return { id status }
    userErrors { field message code }
  }
}
"""

CLOSE = """
mutation CloseReturn($id: ID!) {
  returnClose(id: $id) {
    return { id status }
    userErrors { field message code }
  }
}
"""

SHOP = """
query Shop {
  shop { name currencyCode }
}
"""

DOCUMENTS = {
    "REFUND_CREATE": REFUND_CREATE,
    "ORDER_REFUNDS": ORDER_REFUNDS,
    "ORDER_STATE": ORDER_STATE,
    "RETURN_STATE": RETURN_STATE,
    "RETURN_LINES": RETURN_LINES,
    "DISPOSE": DISPOSE,
    "INVENTORY_ITEM": INVENTORY_ITEM,
    "ADJUST": ADJUST,
    "APPROVE": APPROVE,
    "DECLINE": DECLINE,
    "CLOSE": CLOSE,
    "SHOP": SHOP,
}
