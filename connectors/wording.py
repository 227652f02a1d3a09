"""What people call the systems, what is sent to them, and why they refuse it: the words of titles of cases."""

from uuid import UUID

from connectors.models import Connection, WebhookEndpoint
from retailops.cases.wording import Explanation, Thing, register_explanations, register_names, register_things

THINGS = {
    "refund.create": Thing("the refund", "refunds", "was paid"),
    "refund.cancel": Thing("the cancellation of a refund", "cancellations of refunds", "was done"),
    "refund.record": Thing("the notice of the refund", "notices of refunds", "arrived"),
    "credit_memo.post": Thing("the credit memo", "credit memos", "was posted"),
    "inbound_notice.create": Thing("the announcement of the parcel", "announcements of parcels", "arrived"),
    "inbound_notice.expect": Thing("the smaller number of units", "smaller numbers of units", "arrived"),
    "inbound_notice.cancel": Thing("the cancellation of the parcel", "cancellations of parcels", "arrived"),
    "stock.place": Thing("the placement of the stock", "placements of stock", "was done"),
    "stock.transfer": Thing("the transfer of stock", "transfers of stock", "was done"),
    "stock.transfer_cancel": Thing("the cancellation of the transfer", "cancellations of transfers", "was done"),
    "stock.count": Thing("the order to count the stock", "orders to count stock", "arrived"),
    "disposition.record": Thing("the notice of what became of the goods", "notices about goods", "arrived"),
    "return.approve": Thing("the notice that the return is approved", "notices of approvals", "arrived"),
    "return.decline": Thing("the notice that the return is declined", "notices of refusals", "arrived"),
    "return.close": Thing("the notice that the return is closed", "notices of closed returns", "arrived"),
    "webhook.send": Thing("the webhook", "webhooks", "arrived"),
}
OTHER_PAYMENT = "The customer is not paid. Check the payment there, then try the refund again on the return."
ASK_SUPPORT = "Compare with the system itself before anything else is sent."
MAPPING = "Mend the mapping of the connection, then send it again."

TOPICS = {
    "orders/create": "Order placed",
    "orders/updated": "Order changed",
    "orders/read": "Order read by us",
    "payment.read": "Payment read by us",
    "notice.read": "Arrivals read by us",
    "returns/request": "Return asked for",
    "returns/approve": "Return approved there",
    "returns/decline": "Return declined there",
    "returns/cancel": "Return canceled there",
    "returns/close": "Return closed there",
    "returns/reopen": "Return opened again there",
    "returns/read": "Return read by us",
    "receipt.confirmed": "Parcel arrived",
    "inspection.completed": "Goods inspected there",
    "placement.completed": "Stock placed there",
    "refund.created": "Refund made there",
    "refund.updated": "Refund news",
    "refund.failed": "Refund failed there",
    "charge.dispute.created": "Bank took money back",
    "charge.dispute.funds_withdrawn": "Disputed money withdrawn",
    "charge.dispute.funds_reinstated": "Disputed money returned",
    "charge.dispute.updated": "Dispute news",
    "charge.dispute.closed": "Dispute decided",
}
BY_SYSTEM: dict[tuple[str, str], Explanation] = {
    ("stripe", "resource_missing"): Explanation("the payment is not known there", OTHER_PAYMENT),
    ("stripe", "charge_already_refunded"): Explanation(
        "the payment is refunded in full already",
        "Look who refunded it there. If the customer has the money, record that; do not pay again.",
    ),
    ("stripe", "charge_disputed"): Explanation(
        "the customer disputes the payment with the bank",
        "The bank may return the money by itself: follow the dispute before refunding by other means.",
    ),
    ("stripe", "refund_disputed_payment"): Explanation(
        "the customer disputes the payment with the bank",
        "The bank may return the money by itself: follow the dispute before refunding by other means.",
    ),
    ("stripe", "amount_too_large"): Explanation("less than that is left of the payment", OTHER_PAYMENT),
    ("stripe", "amount_too_small"): Explanation("the amount is below the least that it pays out"),
    ("stripe", "amount_too_fine"): Explanation("the amount has more decimals than it pays out"),
    ("stripe", "payment_reference_missing"): Explanation(
        "the order carries no payment number", "Have the shop send the order's payment again, then send this again."
    ),
    ("shopify", "unknown_sku"): Explanation(
        "the shop does not have the item", "Add the item to the shop, or map it on the connection, then send it again."
    ),
    ("shopify", "ambiguous_sku"): Explanation(
        "the shop has the item more than once",
        "Say in the connection's mapping which one is meant, then send again.",
    ),
    ("shopify", "disposed_otherwise"): Explanation("the shop noted something else of these goods", ASK_SUPPORT),
    ("shopify", "no_reverse_line"): Explanation("the return has no such item in the shop", ASK_SUPPORT),
    ("shopify", "NOT_FOUND"): Explanation("the shop does not have the return any more", ASK_SUPPORT),
    ("netsuite", "DUP_RCRD"): Explanation("it is there already", ASK_SUPPORT),
    ("netsuite", "memo_total_differs"): Explanation(
        "the total there differs from ours", "Compare the document with the refund; correct it in the ERP."
    ),
    ("wms", "reference_taken"): Explanation("the reference is taken by something else", ASK_SUPPORT),
    ("wms", "already_received"): Explanation(
        "the parcel has arrived already", "Nothing is lost: discard this one when the receipt is there."
    ),
    ("webhook", "gone"): Explanation("the endpoint wants no more webhooks", "Ask its owner, then remove the endpoint."),
}
ANYWHERE: dict[str, Explanation] = {
    "unmapped": Explanation("a value of ours has no counterpart there", MAPPING),
    "forbidden_address": Explanation("its address leads into a private network", "Correct the connection's address."),
    "invalid_address": Explanation("its address is not valid", "Correct the connection's address."),
    "http_404": Explanation("the address was not found there", "Correct the connection's address."),
    "http_408": Explanation("it took too long"),
    "http_429": Explanation("it was too busy"),
    "rate_limit": Explanation("it was too busy"),
    "THROTTLED": Explanation("it was too busy"),
    "http_500": Explanation("it answered with errors"),
    "http_502": Explanation("it answered with errors"),
    "http_503": Explanation("it was not available"),
    "http_504": Explanation("it took too long"),
    "api_error": Explanation("it answered with errors"),
}


def register() -> None:
    """Give the words to the titles of cases."""
    register_names(label_of)
    register_things(THINGS)
    register_explanations(explain)


def label_of(destination_id: UUID) -> str:
    """Return the label of the connection, or the description or address of the webhook endpoint; else nothing."""
    label = Connection.objects.filter(destination=destination_id).values_list("label", flat=True).first()
    if label:
        return str(label)
    endpoint = WebhookEndpoint.objects.filter(destination=destination_id).first()
    return (endpoint.description or f"The webhook endpoint {endpoint.url}")[:80] if endpoint else ""


def explain(system: str, operation: str, code: str) -> Explanation | None:
    """Return what a failure code means; errors of the network begin with `network.`."""
    if code.startswith("network."):
        return Explanation("it took too long" if "Timeout" in code else "no connection")
    return BY_SYSTEM.get((system, code)) or ANYWHERE.get(code)


def topic(name: str) -> str:
    """Return what a message from outside tells; its topic where we have no words for it."""
    text = name.replace("/", " ").replace(".", " ").replace("_", " ").strip()
    return TOPICS.get(name) or text[:1].upper() + text[1:] or "Message"
