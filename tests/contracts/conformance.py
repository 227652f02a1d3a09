"""Requests and answers held against the vendors' published contracts in `SHARED_DIR/contracts`.

Every function returns a list of complaints, empty when the message conforms. `shared` is the folder `SHARED_DIR`.

- Stripe: the OpenAPI description (JSON Schema with `nullable`, form bodies typed as the schema says).
- Shopify: the Admin GraphQL schema, documents and variables by graphql-core, REST-era fixtures for webhook bodies.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]
STRIPE_FILE = "contracts/stripe/openapi-2023-08-16.refunds.trimmed.json"
SHOPIFY_FILE = "contracts/shopify/admin-2026-07.nodesc.graphql"
BRACKET = re.compile(r"\[([^\]]*)\]")


# Stripe ----------------------------------------------------------------------------------------------------------


def stripe_request_errors(
    method: str, path: str, form: str | Mapping[str, str] | list[tuple[str, str]], *, shared: Path
) -> list[str]:
    """Complaints about a request: unknown address, unknown or mistyped parameter.

    `path` begins with `/v1/`; `form` is the urlencoded body (or the query of a GET), or its pairs.
    """
    operation = _stripe_operation(shared, method, path)
    if operation is None:
        return [f"{method} {path} is not in the contract"]
    tree = _tree(_pairs(form))
    if method.upper() == "GET":
        schema: Json = {
            "type": "object",
            "properties": {item["name"]: item["schema"] for item in operation["parameters"] if item["in"] == "query"},
            "additionalProperties": False,
        }
    else:
        schema = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    return _complaints(shared, schema, _typed(tree, schema))


def stripe_response_errors(method: str, path: str, status: int, body: Any, *, shared: Path) -> list[str]:
    """Complaints about an answer: required fields, types, enums of the contract's schema for this status."""
    operation = _stripe_operation(shared, method, path)
    if operation is None:
        return [f"{method} {path} is not in the contract"]
    responses = operation["responses"]
    answer = responses.get(str(status), responses["default"])
    return _complaints(shared, answer["content"]["application/json"]["schema"], body)


def stripe_object_errors(name: str, value: Any, *, shared: Path) -> list[str]:
    """Complaints about one object, such as `event` in a webhook."""
    return _complaints(shared, {"$ref": f"urn:stripe#/components/schemas/{name}"}, value)


@cache
def _stripe(shared: Path) -> Json:
    document: Json = json.loads((shared / STRIPE_FILE).read_text())
    return {"paths": document["paths"], "components": _without_nullable(document["components"])}


@cache
def _stripe_registry(shared: Path) -> Registry[Any]:
    resource = DRAFT202012.create_resource(_rebased(_stripe(shared)))
    registry: Registry[Any] = Registry().with_resource("urn:stripe", resource)
    return registry


def _stripe_operation(shared: Path, method: str, path: str) -> Json | None:
    for template, item in _stripe(shared)["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path.partition("?")[0]) and method.lower() in item:
            found: Json = item[method.lower()]
            return found
    return None


def _complaints(shared: Path, schema: Json, value: Any) -> list[str]:
    validator = Draft202012Validator(_rebased(_without_nullable(schema)), registry=_stripe_registry(shared))
    found = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    return [f"{'.'.join(map(str, error.absolute_path)) or 'body'}: {error.message[:300]}" for error in found]


def _without_nullable(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(node, list):
        return [_without_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {name: _without_nullable(item) for name, item in node.items() if item is not True or name != "nullable"}
    if node.get("nullable") is True:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def _rebased(node: Any) -> Any:
    """References to `#/components` as references into the registered document."""
    if isinstance(node, list):
        return [_rebased(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: f"urn:stripe{item}" if name == "$ref" and str(item).startswith("#/") else _rebased(item)
        for name, item in node.items()
    }


def _pairs(form: str | Mapping[str, str] | list[tuple[str, str]]) -> list[tuple[str, str]]:
    if isinstance(form, str):
        return parse_qsl(form, keep_blank_values=True)
    return list(form.items()) if isinstance(form, Mapping) else form


def _tree(pairs: list[tuple[str, str]]) -> Json:
    """`a[b]=c` as nested objects, `a[]=c` and `a[0]=c` as lists."""
    tree: Json = {}
    for name, value in pairs:
        head, _, tail = name.partition("[")
        node: Json = tree
        path = [head, *BRACKET.findall("[" + tail if tail else "")]
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1] or str(len(node))] = value
    listed: Json = _listed(tree)
    return listed


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    values = {name: _listed(item) for name, item in node.items()}
    if values and all(name.isdigit() for name in values):
        return [values[name] for name in sorted(values, key=int)]
    return values


def _typed(value: Any, schema: Json) -> Any:
    """Form strings as the types that the schema asks for, where they can be read as such."""
    if "anyOf" in schema and not isinstance(value, str):
        schema = next((item for item in schema["anyOf"] if item.get("type") in {"object", "array"}), schema)
    if isinstance(value, dict):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties")
        fallback = more if isinstance(more, dict) else {}
        return {name: _typed(item, properties.get(name, fallback)) for name, item in value.items()}
    if isinstance(value, list):
        return [_typed(item, schema.get("items", {})) for item in value]
    return _scalar(value, {schema.get("type")} | {item.get("type") for item in schema.get("anyOf", [])})


def _scalar(value: str, types: set[str | None]) -> Any:
    if "integer" in types and re.fullmatch(r"-?\d+", value):
        return int(value)
    if "number" in types and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    if "boolean" in types and value in {"true", "false"}:
        return value == "true"
    return value


# Shopify ---------------------------------------------------------------------------------------------------------


@cache
def shopify_schema(shared: Path) -> GraphQLSchema:
    """The vendor's full Admin schema, taken as it is: it deprecates fields in a way that graphql-core objects to."""
    return build_schema((shared / SHOPIFY_FILE).read_text(), assume_valid=True)


def shopify_document_errors(document: str, variables: Json | None = None, *, shared: Path) -> list[str]:
    """Complaints about a GraphQL document and the variables sent with it."""
    schema = shopify_schema(shared)
    try:
        parsed = parse(document)
    except GraphQLError as error:
        return [error.message]
    errors = [error.message for error in validate(schema, parsed)]
    for operation in parsed.definitions:
        if isinstance(operation, OperationDefinitionNode) and not errors:
            values = get_variable_values(schema, operation.variable_definitions or (), variables or {})
            errors += [error.message for error in values] if isinstance(values, list) else []
            declared = {item.variable.name.value for item in operation.variable_definitions or ()}
            errors += [f"variable {name} is not declared" for name in sorted(set(variables or {}) - declared)]
    return errors


def shopify_fixture(name: str, *, shared: Path) -> Json:
    """One of the vendor's REST-era examples, without its envelope."""
    document = json.loads((shared / f"contracts/shopify/rest-fixtures/{name}.json").read_text())
    body: Json = document.get(name, document)
    return body
