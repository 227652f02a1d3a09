"""The fake's Shopify schema is a true part of the vendor's, and its webhook bodies have the vendor's shape."""

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_introspection_type,
    is_object_type,
    is_required_argument,
    is_required_input_field,
)

from connectors.sandbox.shopify.schema import schema
from tests.connectors.sandbox.shopify_documents import ALL, REFUND_CREATE
from tests.connectors.sandbox.vendor_clients import graphql
from tests.connectors.sandbox_server import SandboxServer, WebhookSink
from tests.contracts.conformance import shopify_document_errors, shopify_fixture, shopify_schema

pytestmark = pytest.mark.contract

# Names of the old example that are gone from today's payloads or that this shop does not keep.
RETIRED = {
    "cart_token", "checkout_token", "checkout_id", "landing_site", "landing_site_ref", "reference", "referring_site",
    "source", "total_price_usd", "browser_ip", "processing_method", "payment_details", "billing_address",
    "shipping_address", "client_details", "accepts_marketing", "default_address", "last_order_id", "last_order_name",
    "multipass_identifier", "orders_count", "total_spent", "testcase",
    "authorization",
}  # fmt: skip


def test_every_type_and_field_is_the_vendors(shared_dir: Path) -> None:
    own, full = schema(), shopify_schema(shared_dir)
    complaints = []
    for name, kind in own.type_map.items():
        if is_introspection_type(kind) or name in {"String", "Int", "Float", "Boolean", "ID"}:
            continue
        other = full.get_type(name)
        if other is None or type(other) is not type(kind):
            complaints.append(f"{name} is not in the vendor's schema")
        elif is_object_type(kind) or is_interface_type(kind):
            complaints += _field_complaints(name, kind, other)
        elif is_input_object_type(kind):
            complaints += _input_complaints(name, kind, other)
        elif is_enum_type(kind):
            complaints += [f"{name}.{value}" for value in kind.values if value not in other.values]  # type: ignore[attr-defined] # both are enums
    assert complaints == []


def _field_complaints(name: str, kind: Any, other: Any) -> list[str]:
    found = []
    for field, own in kind.fields.items():
        full = other.fields.get(field)
        if full is None or str(full.type) != str(own.type):
            found.append(f"{name}.{field}: {own.type} is not {full and full.type}")
            continue
        arguments = {key: str(item.type) for key, item in own.args.items()}
        found += [f"{name}.{field}({key})" for key, text in arguments.items() if text != str(full.args[key].type)]
        missing = [key for key, item in full.args.items() if is_required_argument(item) and key not in arguments]
        found += [f"{name}.{field} lacks the required {key}" for key in missing]
    return found


def _input_complaints(name: str, kind: GraphQLInputObjectType, other: Any) -> list[str]:
    found = [
        f"{name}.{field}"
        for field, own in kind.fields.items()
        if field not in other.fields or str(other.fields[field].type) != str(own.type)
    ]
    required = [field for field, item in other.fields.items() if is_required_input_field(item)]
    return found + [f"{name} lacks the required {field}" for field in required if field not in kind.fields]


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_documents_of_these_tests_are_valid_under_the_full_schema(name: str, shared_dir: Path) -> None:
    document, variables = ALL[name]
    assert shopify_document_errors(document, variables, shared=shared_dir) == []


def test_the_check_notices_what_is_wrong(shared_dir: Path) -> None:
    document, variables = ALL["refund_create"]
    assert shopify_document_errors(document.replace("totalRefundedSet", "totalRefund"), variables, shared=shared_dir)
    assert shopify_document_errors(document, {"key": "k"}, shared=shared_dir)
    assert shopify_document_errors(document, {**variables, "input": {"order": "gid"}}, shared=shared_dir)
    assert shopify_document_errors(document, {**variables, "more": 1}, shared=shared_dir)


def test_webhook_bodies_have_the_vendors_shape(
    sandbox: SandboxServer, shared_dir: Path, webhook_sink: WebhookSink
) -> None:
    sandbox.send_webhooks_to("shopify", webhook_sink.url, "secret")
    order = sandbox.seed_order(emit=True, shipping="5", lines=[{"sku": "A", "quantity": 2, "price": "10", "tax": "1"}])
    line = f"gid://shopify/LineItem/{order['lines'][0]['id']}"
    given = {
        "orderId": order["gid"],
        "refundLineItems": [{"lineItemId": line, "quantity": 1}],
        "transactions": [{"orderId": order["gid"], "amount": "10.5", "gateway": "x", "kind": "REFUND"}],
    }
    graphql(sandbox, REFUND_CREATE, {"input": given, "key": "k"})
    bodies = {item.headers["x-shopify-topic"]: json.loads(item.body) for item in webhook_sink.wait(3)}
    assert set(bodies) == {"orders/create", "refunds/create", "orders/updated"}
    for topic, fixture in (("orders/create", "order"), ("orders/updated", "order"), ("refunds/create", "refund")):
        assert _shape_complaints(bodies[topic], shopify_fixture(fixture, shared=shared_dir), topic) == []


def _shape_complaints(value: Any, example: Any, where: str) -> list[str]:
    """Names of the example that are missing, and values of another JSON type; null fits all."""
    if isinstance(example, dict) and isinstance(value, dict):
        found = [f"{where}.{name} is missing" for name in example if name not in value and name not in RETIRED]
        return found + [
            line
            for name in example
            if name in value
            for line in _shape_complaints(value[name], example[name], f"{where}.{name}")
        ]
    if isinstance(example, list) and isinstance(value, list):
        return [line for item in value for line in _shape_complaints(item, example[0], f"{where}[]")] if example else []
    if example is None or value is None or type(value) is type(example):
        return []
    return [f"{where}: {type(value).__name__} instead of {type(example).__name__}"]
