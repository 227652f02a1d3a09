"""GraphQL execution: documents, repeat keys (`@idempotent`), query cost and its leaky bucket."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    execute_sync,
    get_directive_values,
    parse,
    validate,
)

from connectors.sandbox.exchange import Json, Reply
from connectors.sandbox.keys import KeyMemory, digest
from connectors.sandbox.shopify.schema import schema
from connectors.sandbox.store import dumps

MISMATCH = "The same idempotency key cannot be used with different operation parameters."
FAILED = "A previous request with this idempotency key failed. Retry with a new idempotency key."
MUTATION_COST = 10
SINGLE_QUERY_LIMIT = 1_000


class Bucket:
    """Shopify's leaky bucket of cost points, as of a Plus shop."""

    def __init__(self, maximum: float = 20_000, restore_per_s: float = 1_000) -> None:
        self.maximum, self.restore_per_s = maximum, restore_per_s
        self._level, self._at = maximum, time.monotonic()

    def take(self, cost: float) -> bool:
        now = time.monotonic()
        self._level = min(self.maximum, self._level + (now - self._at) * self.restore_per_s)
        self._at = now
        if cost > self._level:
            return False
        self._level -= cost
        return True

    def give_back(self, cost: float) -> None:
        """What a query asked for and did not use."""
        self._level = min(self.maximum, self._level + cost)

    def shown(self, cost: float, actual: float | None) -> Json:
        """The `extensions` of an answer; `actual` None: throttled."""
        status = {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": 0 if actual is None else int(self._level),
            "restoreRate": self.restore_per_s,
        }
        return {"cost": {"requestedQueryCost": cost, "actualQueryCost": actual, "throttleStatus": status}}


@lru_cache(maxsize=256)
def checked(query: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    """The parsed document, or why it is not valid under the schema."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, [error]
    errors = validate(schema(), document)
    return (None, errors) if errors else (document, [])


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    found = [item for item in document.definitions if isinstance(item, OperationDefinitionNode)]
    if name:
        found = [item for item in found if item.name and item.name.value == name]
    return found[0] if found else None


def root_fields(operation: OperationDefinitionNode) -> list[str]:
    return [item.name.value for item in operation.selection_set.selections if isinstance(item, FieldNode)]


def cost_of(operation: OperationDefinitionNode) -> int:
    """10 for each mutation; reads 1 per object, times the page size in connections, at most one query's limit."""
    if operation.operation is OperationType.MUTATION:
        return MUTATION_COST * len(root_fields(operation))
    return min(SINGLE_QUERY_LIMIT, max(1, _objects(operation.selection_set)))


def used(operation: OperationDefinitionNode, answer: Json, requested: int) -> int:
    """The actual cost: the objects that came back, never more than was requested."""
    if operation.operation is OperationType.MUTATION:
        return requested
    return min(requested, max(1, _returned(answer.get("data"))))


def run(document: DocumentNode, root: Json, body: Json) -> Json:
    result = execute_sync(
        schema(),
        document,
        root_value=root,
        variable_values=body.get("variables") or {},
        operation_name=body.get("operationName"),
    )
    answer: Json = {"data": result.data}
    if result.errors:
        answer["errors"] = [dict(error.formatted) for error in result.errors]
    return answer


def once(keys: KeyMemory, info: GraphQLResolveInfo[Any], given: Json, act: Callable[[], Json], *, coded: bool) -> Json:
    """Run a mutation once per `@idempotent(key)`, which is mandatory; later calls get the first result.

    `coded`: whether the payload's user errors carry a `code`.
    """
    key = _key(info)
    name, fingerprint = f"{info.field_name}:{key}", digest(info.field_name, dumps(given))
    if kept := keys.recall(name):
        if kept.digest != fingerprint:
            return _refused(MISMATCH, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH", coded)
        if kept.reply.body["userErrors"]:
            return _refused(FAILED, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", coded)
        result: Json = kept.reply.body
        return result
    result = act()
    keys.remember(name, fingerprint, Reply(200, result))
    return result


def _key(info: GraphQLResolveInfo[Any]) -> str:
    directive = schema().get_directive("idempotent")
    values: Any = directive and get_directive_values(directive, info.field_nodes[0], info.variable_values)
    key = str((values or {}).get("key", "")).strip()
    if not key:
        message = f"{info.field_name} requires the @idempotent directive with a key."
        raise GraphQLError(message, extensions={"code": "BAD_REQUEST"})
    return key


def _refused(message: str, code: str, coded: bool) -> Json:
    error = {"field": None, "message": message} | ({"code": code} if coded else {})
    return {"userErrors": [error]}


def _objects(selection: SelectionSetNode | None) -> int:
    total = 0
    for item in selection.selections if selection else []:
        nested = getattr(item, "selection_set", None)
        if nested is None:
            continue
        inner = 1 + _objects(nested)
        total += inner * _page(item) if isinstance(item, FieldNode) else inner
    return total


def _returned(value: Any) -> int:
    if isinstance(value, list):
        return sum(_returned(item) for item in value)
    return 1 + sum(_returned(item) for item in value.values()) if isinstance(value, dict) else 0


def _page(field: FieldNode) -> int:
    for argument in field.arguments or ():
        if argument.name.value in {"first", "last"}:
            return max(1, int(getattr(argument.value, "value", 10)))
    return 1
