"""What may be kept of a request or response: no credential, no personal data, a bounded size."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

LIMIT = 8_000
MASK = "[redacted]"
KEPT_HEADERS = frozenset({
    "content-type", "idempotency-key", "idempotent-replayed", "retry-after", "request-id", "x-request-id", "location",
    "traceparent", "webhook-id", "webhook-timestamp", "original-request", "stripe-version", "etag", "if-match",
    "x-shopify-api-version", "stripe-should-retry",
})  # fmt: skip
SECRET_WORDS = ("secret", "token", "password", "authorization", "api_key", "apikey", "signature", "credential")
PERSONAL = frozenset({
    "email", "phone", "name", "first_name", "last_name", "firstname", "lastname", "fullname", "address", "address1",
    "address2", "line1", "line2", "city", "zip", "postal_code", "postalcode", "customer_name", "recipient",
    "billing_address", "shipping_address", "shippingaddress", "billingaddress", "billing_details", "receipt_email",
    "email_sent_to", "entityname", "displayname", "birthdate", "iban", "card", "number_last4", "last4",
})  # fmt: skip


def headers(given: Mapping[str, str]) -> dict[str, str]:
    """Keep only headers that are known to be harmless."""
    return {name.lower(): value for name, value in given.items() if name.lower() in KEPT_HEADERS}


def body(content: bytes, content_type: str) -> Any:
    """Return the body with secrets and personal fields masked; text that is not understood is not kept."""
    if not content:
        return None
    if "json" in content_type:
        return _json(content)
    if "x-www-form-urlencoded" in content_type:
        pairs = parse_qsl(content.decode(errors="replace"), keep_blank_values=True)
        return _bounded({name: MASK if _hidden(_leaf(name)) else value for name, value in pairs})
    return f"[{len(content)} bytes of {content_type or 'unknown type'}]"


def _json(content: bytes) -> Any:
    try:
        return _bounded(masked(json.loads(content)))
    except ValueError:
        return f"[{len(content)} bytes that are not JSON]"


def masked(value: Any) -> Any:
    """Return a copy with secrets and personal fields masked, at any depth."""
    if isinstance(value, dict):
        return {key: MASK if _hidden(str(key)) and item else masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


def _leaf(form_name: str) -> str:
    return form_name.rstrip("]").rpartition("[")[2]


def _hidden(name: str) -> bool:
    lowered = name.lower()
    return lowered in PERSONAL or any(word in lowered for word in SECRET_WORDS)


def _bounded(value: Any) -> Any:
    text = json.dumps(value, separators=(",", ":"))
    return value if len(text) <= LIMIT else {"truncated": text[:LIMIT], "characters": len(text)}


def bounded_text(value: Any) -> str:
    """Return a JSON-able value indented, with secrets and personal fields masked, cut at the limit."""
    text = json.dumps(masked(value), indent=2, ensure_ascii=False, default=str)
    return text if len(text) <= LIMIT else f"{text[:LIMIT]}\n… ({len(text)} characters)"
