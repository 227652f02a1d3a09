"""SuiteQL, as far as looking records up needs it: one table, columns, `where` joined by `and`, limit and offset."""

import re
from typing import Any

from connectors.sandbox.exchange import Call, Json, Reply
from connectors.sandbox.netsuite.errors import invalid
from connectors.sandbox.netsuite.oauth import SYSTEM
from connectors.sandbox.netsuite.records import TYPES
from connectors.sandbox.pipeline import World

QUERY = re.compile(
    r"^\s*select\s+(?P<columns>[\w\s,*.]+?)\s+from\s+(?P<table>\w+)(?:\s+where\s+(?P<where>.+?))?"
    r"(?:\s+order\s+by\s+(?P<order>\w+)(?P<desc>\s+desc)?(?:\s+asc)?)?\s*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
CONDITION = re.compile(
    r"^\s*(?P<column>\w+)\s*(?:(?P<op>=|<>|!=|>=|<=|>|<)\s*(?P<value>'(?:[^']|'')*'|-?\d+(?:\.\d+)?)"
    r"|\s+in\s*\((?P<values>[^)]*)\))\s*$",
    re.IGNORECASE,
)
LITERAL = re.compile(r"'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)")
AND = re.compile(r"\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)", re.IGNORECASE)
FIELDS = ("id", "externalid", "tranid", "type", "recordtype", "foreigntotal", "total", "lastmodifieddate", "memo")


def query(world: World, call: Call) -> Reply:
    """`POST …/query/v1/suiteql?limit=&offset=` with `Prefer: transient`. Names of columns come back in lower case."""
    if "transient" not in call.headers.get("Prefer", "").lower():
        raise invalid("The required request header 'Prefer' is missing or not 'transient'.", code="INVALID_HEADER")
    body = call.json()
    parsed = QUERY.match(body.get("q", "") if isinstance(body, dict) else "")
    if parsed is None:
        raise invalid("Invalid search query. The query cannot be parsed.", code="INVALID_PARAMETER", path="q")
    rows = _rows(world, parsed["table"].lower())
    for condition in AND.split(parsed["where"]) if parsed["where"] else []:
        rows = _narrowed(rows, condition)
    if parsed["order"]:
        rows.sort(key=lambda row: _comparable(row.get(parsed["order"].lower())), reverse=bool(parsed["desc"]))
    return Reply(200, _page([_columns(row, parsed["columns"]) for row in rows], call))


def _rows(world: World, table: str) -> list[Json]:
    by_name = {kind.lower(): kind for kind in TYPES}
    if table == "transaction":
        return [_row(kind, record) for kind in TYPES for record in world.store.find(SYSTEM, kind)]
    if table in by_name:
        return [_row(by_name[table], record) for record in world.store.find(SYSTEM, by_name[table])]
    raise invalid(f"Invalid search query. Record '{table}' was not found.", code="INVALID_PARAMETER", path="q")


def _row(kind: str, record: Json) -> Json:
    total = record.get("total")
    values = (record["id"], record["externalId"], record["tranId"], TYPES[kind][0], kind.lower(), total, total)
    return dict(zip(FIELDS, (*values, record["lastModifiedDate"], record.get("memo")), strict=True))


def _narrowed(rows: list[Json], condition: str) -> list[Json]:
    parsed = CONDITION.match(condition)
    if parsed is None:
        raise invalid(f"Invalid search query near: {condition.strip()}", code="INVALID_PARAMETER", path="q")
    column = parsed["column"].lower()
    if column not in FIELDS:
        raise invalid(f"Invalid search query. Field '{column}' was not found.", code="INVALID_PARAMETER", path="q")
    values = _literals(parsed["values"] if parsed["values"] is not None else parsed["value"])
    operator = "in" if parsed["values"] is not None else parsed["op"]
    return [row for row in rows if row[column] is not None and _holds(row[column], operator, values)]


def _literals(text: str) -> list[str]:
    return [number or quoted.replace("''", "'") for quoted, number in LITERAL.findall(text)]


def _holds(value: Any, operator: str, wanted: list[str]) -> bool:
    if operator in {"=", "in"}:
        return str(value) in wanted or any(_comparable(value) == _comparable(item) for item in wanted)
    if operator in {"<>", "!="}:
        return str(value) != wanted[0]
    left, right = _comparable(value), _comparable(wanted[0])
    if type(left) is not type(right):
        left, right = (1, str(value)), (1, wanted[0])
    return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[operator]


def _comparable(value: Any) -> tuple[int, Any]:
    try:
        return 0, float(value)
    except (TypeError, ValueError):
        return 1, str(value or "")


def _columns(row: Json, columns: str) -> Json:
    names = [part.split(".")[-1].strip().lower() for part in columns.split(",")]
    wanted = FIELDS if names == ["*"] else names
    if unknown := [name for name in wanted if name not in FIELDS]:
        detail = f"Invalid search query. Field '{unknown[0]}' was not found."
        raise invalid(detail, code="INVALID_PARAMETER", path="q")
    # SuiteQL leaves out what is null and sends every value as a string.
    return {"links": [], **{name: str(row[name]) for name in wanted if row[name] is not None}}


def _page(items: list[Json], call: Call) -> Json:
    limit, offset = int(call.param("limit", "1000")), int(call.param("offset", "0"))
    page = items[offset : offset + limit]
    shape: Json = {"links": [], "count": len(page), "hasMore": offset + limit < len(items), "items": page}
    return shape | {"offset": offset, "totalResults": len(items)}
