"""Records: read, create, update, upsert by external id (`eid:`), transform."""

from datetime import UTC, datetime

from connectors.sandbox.exchange import Call, Json, Reply
from connectors.sandbox.netsuite import rules
from connectors.sandbox.netsuite.errors import NetSuiteError, invalid, missing, problem
from connectors.sandbox.netsuite.oauth import SYSTEM
from connectors.sandbox.pipeline import World

# Record type → its type code in SuiteQL's `transaction` table, and the prefix of its document number.
TYPES = {
    "salesOrder": ("SalesOrd", "SO"),
    "returnAuthorization": ("RtnAuth", "RMA"),
    "creditMemo": ("CustCred", "CM"),
    "customerRefund": ("CustRfnd", "REF"),
    "inventoryAdjustment": ("InvAdjst", "ADJ"),
    "itemReceipt": ("ItemRcpt", "IR"),
}
TRANSFORMS = {
    ("salesOrder", "returnAuthorization"),
    ("returnAuthorization", "itemReceipt"),
    ("returnAuthorization", "creditMemo"),
    ("creditMemo", "customerRefund"),
}
READ_ONLY = {"id", "links", "tranId", "total", "amountRemaining", "createdDate", "lastModifiedDate"}


def retrieve(world: World, call: Call, kind: str, record: str) -> Reply:
    """`GET …/{type}/{id}` or `…/{type}/eid:{external id}`."""
    found = _locate(world, kind, record)
    if found is None:
        raise missing()
    links = [{"rel": "self", "href": _href(call, kind, found["id"])}]
    return Reply(200, {"links": links, **_shown(found)})


def listing(world: World, call: Call, kind: str) -> Reply:
    """`GET …/{type}?limit=&offset=`: ids only, as NetSuite lists them."""
    _known(kind)
    limit, offset = int(call.param("limit", "1000")), int(call.param("offset", "0"))
    found = world.store.find(SYSTEM, kind)
    page = found[offset : offset + limit]
    items = [{"links": [{"rel": "self", "href": _href(call, kind, item["id"])}], "id": item["id"]} for item in page]
    total = len(found)
    body = {"links": [], "count": len(items), "hasMore": offset + limit < total, "items": items, "offset": offset}
    return Reply(200, body | {"totalResults": total})


def create(world: World, call: Call, kind: str) -> Reply:
    """`POST …/{type}`: an external id that is taken is refused."""
    body = _body(call)
    external = str(body.get("externalId", ""))
    if external and _by_external(world, kind, external):
        raise invalid("Error while accessing a resource. This record already exists.", code="DUP_RCRD")
    return _created(call, kind, _insert(world, kind, body, external))


def upsert(world: World, call: Call, kind: str, record: str) -> Reply:
    """`PUT …/{type}/eid:{external id}`: creates, or updates the one that has it. Safe to repeat."""
    if not record.startswith("eid:"):
        return update(world, call, kind, record)
    external = record.removeprefix("eid:")
    body = _body(call)
    if str(body.get("externalId", external)) != external:
        raise invalid("The externalId of the body differs from that of the URL.", path="externalId")
    present = _by_external(world, kind, external)
    if present is None:
        return _created(call, kind, _insert(world, kind, body, external))
    return _created(call, kind, _revise(world, kind, present, body))


def update(world: World, call: Call, kind: str, record: str) -> Reply:
    """`PATCH …/{type}/{id}`: only what the body names changes."""
    found = _locate(world, kind, record)
    if found is None:
        raise missing()
    return _created(call, kind, _revise(world, kind, found, _body(call)))


def transform(world: World, call: Call, kind: str, record: str, target: str) -> Reply:
    """`POST …/{type}/{id}/!transform/{target}`: a new record from an old one; the body overrides."""
    source = _locate(world, kind, record)
    if source is None:
        raise missing()
    if (kind, target) not in TRANSFORMS:
        raise invalid(f"{kind} cannot be transformed to {target}.", code="INVALID_RCRD_TRANSFORM")
    body = rules.carried(source, kind, target) | {"createdFrom": {"id": source["id"]}} | _body(call)
    external = str(body.get("externalId", ""))
    if external and _by_external(world, target, external):
        raise invalid("Error while accessing a resource. This record already exists.", code="DUP_RCRD")
    return _created(call, target, _insert(world, target, body, external))


def _insert(world: World, kind: str, body: Json, external: str) -> Json:
    number = str(world.store.next_number(SYSTEM, "record", start=501))
    stamp = _now()
    record = {name: value for name, value in body.items() if name not in READ_ONLY}
    record |= {"id": number, "externalId": external or None, "createdDate": stamp, "lastModifiedDate": stamp}
    record["tranId"] = TYPES[kind][1] + number
    return _store(world, kind, record)


def _revise(world: World, kind: str, present: Json, body: Json) -> Json:
    changes = {name: value for name, value in body.items() if name not in READ_ONLY | {"externalId"}}
    rules.release(world, kind, present)
    return _store(world, kind, present | changes | {"lastModifiedDate": _now()})


def _store(world: World, kind: str, record: Json) -> Json:
    finished = rules.checked(world, kind, record)
    world.store.save(SYSTEM, kind, finished, ref=finished["externalId"] or "")
    return finished


def _locate(world: World, kind: str, record: str) -> Json | None:
    _known(kind)
    if record.startswith("eid:"):
        return _by_external(world, kind, record.removeprefix("eid:"))
    return world.store.get(SYSTEM, kind, record)


def _by_external(world: World, kind: str, external: str) -> Json | None:
    _known(kind)
    found = world.store.find(SYSTEM, kind, ref=external)
    return found[0] if found else None


def _known(kind: str) -> None:
    if kind not in TYPES:
        detail = f"Record type '{kind}' does not exist."
        raise NetSuiteError(problem(404, detail, "NONEXISTENT_RECORD_TYPE"))


def _body(call: Call) -> Json:
    try:
        body = call.json()
    except ValueError as error:
        raise invalid("The request body is not valid JSON.", code="INVALID_CONTENT") from error
    if not isinstance(body, dict):
        raise invalid("The request body must be an object.", code="INVALID_CONTENT")
    return body


def _created(call: Call, kind: str, record: Json) -> Reply:
    """204 without a body; the internal id is told by `Location` only."""
    return Reply(204, None, {"Location": _href(call, kind, record["id"])})


def _href(call: Call, kind: str, record_id: str) -> str:
    return f"{call.base_url}/netsuite/services/rest/record/v1/{kind}/{record_id}"


def _shown(record: Json) -> Json:
    return {name: value for name, value in record.items() if value is not None}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
