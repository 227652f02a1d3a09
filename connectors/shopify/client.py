"""Shopify's GraphQL Admin API over httpx. A refusal mostly comes with HTTP 200: in `errors`, or in `userErrors`."""

import time
from math import ceil
from typing import Any

import httpx

from connectors.failures import VendorFailure, class_of_status, retry_after
from connectors.outbound_http import timeout
from connectors.protocol import ConnectionContext
from connectors.shopify import documents
from retailops.events.enums import OutcomeClass

Json = dict[str, Any]
API_VERSION = "2026-07"
TOKEN = "access_token"  # noqa: S105  # the secret's name
# `errors[].extensions.code`: what Shopify says of the call as a whole. Others are faults of the document: contract.
ERRORS = {
    "THROTTLED": OutcomeClass.TRANSIENT,
    "INTERNAL_SERVER_ERROR": OutcomeClass.TRANSIENT,
    "TIMEOUT": OutcomeClass.TRANSIENT,
    "ACCESS_DENIED": OutcomeClass.AUTH,
    "SHOP_INACTIVE": OutcomeClass.AUTH,
}
# `userErrors[].code`: what it says of the input. Others are refusals for a person to look at: business.
USER_ERRORS = {
    "IDEMPOTENCY_CONCURRENT_REQUEST": OutcomeClass.TRANSIENT,
    "SERVICE_UNAVAILABLE": OutcomeClass.TRANSIENT,
    "ADJUST_QUANTITIES_FAILED": OutcomeClass.TRANSIENT,
    "INTERNAL_ERROR": OutcomeClass.TRANSIENT,
    "MISSING_PERMISSION": OutcomeClass.AUTH,
    "FEATURE_NOT_ENABLED": OutcomeClass.AUTH,
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": OutcomeClass.CONTRACT,
    "INVALID_LOCATION": OutcomeClass.CONTRACT,
    "INVALID_INVENTORY_ITEM": OutcomeClass.CONTRACT,
    "INVALID_QUANTITY_NAME": OutcomeClass.CONTRACT,
    "INVALID_REASON": OutcomeClass.CONTRACT,
    "INVALID_REFERENCE_DOCUMENT": OutcomeClass.CONTRACT,
    "BLANK": OutcomeClass.CONTRACT,
    "INCLUSION": OutcomeClass.CONTRACT,
    "NOT_A_NUMBER": OutcomeClass.CONTRACT,
    "TOO_LONG": OutcomeClass.CONTRACT,
    "WRONG_LENGTH": OutcomeClass.CONTRACT,
}


class ShopifyFailure(VendorFailure):
    """Shopify refused; `code` is its own, `user_error` where it gave none."""


class ShopifyClient:
    """One shop, for one delivery: all calls together take at most `seconds`.

    Every method raises ShopifyFailure for a refusal and httpx.HTTPError when no answer came.
    """

    def __init__(self, conn: ConnectionContext, seconds: float) -> None:
        self._conn, self._until = conn, time.monotonic() + seconds

    def record_refund(self, refund: Json, key: str) -> Json:
        """`refundCreate @idempotent(key)`; the refund with its `id` and `note`."""
        made: Json = self._mutate(documents.REFUND_CREATE, "refundCreate", input=refund, key=key)["refund"]
        return made

    def refunds_of(self, order_id: str) -> list[Json]:
        """Return the refunds of an order, `{id, note}`. Raises ShopifyFailure when there is no such order."""
        order = self._ask(documents.ORDER_REFUNDS, id=order_id)["order"]
        if order is None:
            raise _absent("order", order_id)
        found: list[Json] = order["refunds"]
        return found

    def order_state(self, order_id: str) -> Json | None:
        """Return the `StateOfOrder` answer with all its lines under `lines`, or None when there is no such order."""
        lines: list[Json] = []
        after: str | None = None
        while True:
            order: Json | None = self._ask(documents.ORDER_STATE, id=order_id, after=after)["order"]
            if order is None:
                return None
            lines += order["lineItems"]["nodes"]
            page = order["lineItems"]["pageInfo"]
            if not page["hasNextPage"]:
                return order | {"lines": lines}
            after = page["endCursor"]

    def return_status(self, return_id: str) -> str:
        """Return the status of a return (REQUESTED, OPEN, DECLINED, CLOSED, CANCELED)."""
        found = self._ask(documents.RETURN_STATE, id=return_id)["return"]
        if found is None:
            raise _absent("return", return_id)
        return str(found["status"])

    def return_lines(self, return_id: str) -> Json:
        """Return the `LinesOfReturn` answer for `mapping.reverse_lines`."""
        return self._ask(documents.RETURN_LINES, id=return_id)

    def dispose(self, disposal: Json) -> Json:
        """`reverseFulfillmentOrderDispose`: takes no key, so that each call disposes anew."""
        return self._mutate(documents.DISPOSE, "reverseFulfillmentOrderDispose", inputs=[disposal])

    def inventory_items(self, sku: str) -> list[str]:
        """Return the ids of the inventory items with exactly this sku."""
        term = sku.replace("\\", "\\\\").replace('"', '\\"')
        nodes = self._ask(documents.INVENTORY_ITEM, query=f'sku:"{term}"')["inventoryItems"]["nodes"]
        return [node["id"] for node in nodes if node["sku"] == sku]

    def adjust(self, adjustment: Json, key: str) -> Json:
        """`inventoryAdjustQuantities @idempotent(key)`; the adjustment group."""
        made: Json = self._mutate(documents.ADJUST, "inventoryAdjustQuantities", input=adjustment, key=key)
        group: Json = made["inventoryAdjustmentGroup"]
        return group

    def approve(self, return_id: str) -> None:
        """`returnApproveRequest`: REQUESTED → OPEN."""
        self._mutate(documents.APPROVE, "returnApproveRequest", input={"id": return_id})

    def decline(self, decline: Json) -> None:
        """`returnDeclineRequest`: REQUESTED → DECLINED."""
        self._mutate(documents.DECLINE, "returnDeclineRequest", input=decline)

    def close(self, return_id: str) -> None:
        """`returnClose`: OPEN → CLOSED."""
        self._mutate(documents.CLOSE, "returnClose", id=return_id)

    def shop(self) -> Json:
        """Return the shop's name and currency: the cheapest call that needs the credential."""
        found: Json = self._ask(documents.SHOP)["shop"]
        return found

    def _mutate(self, document: str, field: str, **variables: Any) -> Json:
        payload: Json = self._ask(document, **variables)[field]
        if errors := payload["userErrors"]:
            raise _refused(errors)
        return payload

    def _ask(self, document: str, **variables: Any) -> Json:
        answer = self._conn.http.post(
            self._conn.config.url(f"/admin/api/{API_VERSION}/graphql.json"),
            json={"query": document, "variables": variables},
            headers={"X-Shopify-Access-Token": self._conn.secret(TOKEN)},
            timeout=timeout(max(0.1, self._until - time.monotonic())),
        )
        content = _object(answer)
        if errors := content.get("errors"):
            raise _failed(answer, content, errors)
        if not answer.is_success or not isinstance(content.get("data"), dict):
            raise _failed(answer, content, [])
        data: Json = content["data"]
        return data


def _failed(answer: httpx.Response, content: Json, errors: Any) -> ShopifyFailure:
    """The call as a whole was refused. `errors` is a list of GraphQL errors, or text where HTTP says what is wrong."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = str((first.get("extensions") or {}).get("code", ""))
    status = answer.status_code
    if answer.is_success:
        result = ERRORS.get(code, OutcomeClass.CONTRACT)
    else:
        result = ERRORS.get(code) or class_of_status(status, repeat_safe=True)
    message = str(first.get("message") or (errors if isinstance(errors, str) else "") or answer.reason_phrase)
    wait = _throttled_for(content) if code == "THROTTLED" else None
    return ShopifyFailure(
        result,
        code or (f"http_{status}" if not answer.is_success else "graphql_error"),
        message,
        http_status=status,
        retry_after=max(filter(None, (wait, retry_after(answer.headers))), default=None),
    )


def _throttled_for(content: Json) -> float | None:
    """Seconds until the bucket holds enough cost points for this query again."""
    cost = (content.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    rate = status.get("restoreRate") or 0
    missing = (cost.get("requestedQueryCost") or 0) - (status.get("currentlyAvailable") or 0)
    return float(max(1, ceil(missing / rate))) if rate > 0 else None


def _refused(errors: list[Json]) -> ShopifyFailure:
    """A payload's user errors: HTTP 200, and nothing was done."""
    first = errors[0]
    code = str(first.get("code") or "user_error")
    where = ".".join(first.get("field") or [])
    message = f"{first['message']} ({where})" if where else str(first["message"])
    return ShopifyFailure(USER_ERRORS.get(code, OutcomeClass.BUSINESS), code, message, http_status=200)


def _absent(what: str, global_id: str) -> ShopifyFailure:
    return ShopifyFailure(OutcomeClass.BUSINESS, "NOT_FOUND", f"Shopify has no {what} {global_id}.", http_status=200)


def _object(answer: httpx.Response) -> Json:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
