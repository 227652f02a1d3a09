"""Checks on request parameters, with Stripe's own complaints."""

from connectors.sandbox.exchange import Call, Json
from connectors.sandbox.stripe.errors import invalid
from connectors.sandbox.stripe.form import parse

METADATA_KEYS = 50


def read(call: Call, allowed: set[str]) -> Json:
    """Parameters of a call. Raises StripeError for one that the endpoint does not know."""
    params = parse(call.query if call.method == "GET" else call.form())
    for name in params:
        if name not in allowed:
            raise invalid(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
    return params


def whole(params: Json, name: str) -> int | None:
    value = params.get(name)
    if value is None or value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError) as bad:
        raise invalid(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name) from bad


def choice(params: Json, name: str, allowed: set[str]) -> str | None:
    value: str | None = params.get(name) or None
    if value is not None and value not in allowed:
        raise invalid(f"Invalid {name}: must be one of {', '.join(sorted(allowed))}", param=name)
    return value


def metadata(params: Json, present: Json | None = None) -> Json:
    """New metadata over the present; an empty value unsets its key, an empty `metadata` unsets all."""
    given = params.get("metadata", {})
    if given == "":
        return {}
    if not isinstance(given, dict):
        raise invalid("Invalid object", param="metadata")
    for key, value in given.items():
        if not isinstance(value, str) or len(key) > 40 or len(value) > 500:
            raise invalid("Metadata keys take 40 and values 500 characters.", param=f"metadata[{key}]")
    merged = {key: value for key, value in {**(present or {}), **given}.items() if value != ""}
    if len(merged) > METADATA_KEYS:
        raise invalid(f"Metadata can have up to {METADATA_KEYS} keys.", param="metadata")
    return merged


def page_limit(params: Json) -> int:
    limit = whole(params, "limit")
    if limit is None:
        return 10
    if not 1 <= limit <= 100:
        raise invalid("Invalid limit: must be between 1 and 100.", param="limit")
    return limit
