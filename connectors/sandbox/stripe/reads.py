"""Reads of payment intents, charges, refunds, events, balance transactions; metadata updates of the first two."""

from connectors.sandbox.exchange import Call, Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.stripe import objects, parameters
from connectors.sandbox.stripe.errors import missing
from connectors.sandbox.stripe.events import SYSTEM

PAGING = {"limit", "starting_after", "ending_before", "expand", "created"}
BOUNDS = {"gt": "__gt__", "gte": "__ge__", "lt": "__lt__", "lte": "__le__"}


def payment_intent(world: World, call: Call, intent: str) -> Reply:
    parameters.read(call, {"client_secret", "expand"})
    return Reply(200, _one(world, "payment_intent", intent, "intent"))


def update_payment_intent(world: World, call: Call, intent: str) -> Reply:
    return _update(world, call, "payment_intent", intent, "intent")


def charge(world: World, call: Call, charge: str) -> Reply:
    parameters.read(call, {"expand"})
    return Reply(200, _one(world, "charge", charge, "id"))


def update_charge(world: World, call: Call, charge: str) -> Reply:
    return _update(world, call, "charge", charge, "id")


def payment_intents(world: World, call: Call) -> Reply:
    params = parameters.read(call, PAGING | {"customer"})
    return _page(world, params, "payment_intent", "/v1/payment_intents")


def charges(world: World, call: Call) -> Reply:
    params = parameters.read(call, PAGING | {"customer", "payment_intent", "transfer_group"})
    return _page(world, params, "charge", "/v1/charges", ref=params.get("payment_intent"))


def refunds(world: World, call: Call) -> Reply:
    """Newest first, optionally of one charge or one payment intent."""
    params = parameters.read(call, PAGING | {"charge", "payment_intent"})
    if not (intent := params.get("payment_intent")):
        return _page(world, params, "refund", "/v1/refunds", ref=params.get("charge"))
    found = world.store.find(SYSTEM, "refund", alt=intent, newest=True)
    charge_id = params.get("charge")
    return _cut(params, [item for item in found if charge_id in (None, item["charge"])], "/v1/refunds")


def disputes(world: World, call: Call) -> Reply:
    """Newest first, optionally of one charge or one payment intent."""
    params = parameters.read(call, PAGING | {"charge", "payment_intent"})
    if intent := params.get("payment_intent"):
        return _cut(params, world.store.find(SYSTEM, "dispute", alt=intent, newest=True), "/v1/disputes")
    return _page(world, params, "dispute", "/v1/disputes", ref=params.get("charge"))


def events(world: World, call: Call) -> Reply:
    params = parameters.read(call, PAGING | {"type", "types", "delivery_success"})
    if types := params.get("types"):
        found = [item for item in world.store.find(SYSTEM, "event", newest=True) if item["type"] in types]
        return _cut(params, found, "/v1/events")
    return _page(world, params, "event", "/v1/events", ref=params.get("type"))


def event(world: World, call: Call, event: str) -> Reply:
    parameters.read(call, {"expand"})
    return Reply(200, _one(world, "event", event, "id"))


def balance_transaction(world: World, call: Call, transaction: str) -> Reply:
    """Derived from the charge or refund that names it."""
    parameters.read(call, {"expand"})
    row = world.store.execute(
        "select kind, id from docs where system=? and kind in ('charge', 'refund') "
        "and json_extract(body, '$.balance_transaction')=?",
        (SYSTEM, transaction),
    ).fetchone()
    if row is None:
        raise missing("balance transaction", transaction, "id")
    source = _one(world, row["kind"], row["id"], "id")
    return Reply(200, objects.balance_transaction(source, row["kind"]))


def _one(world: World, kind: str, object_id: str, param: str) -> Json:
    found = world.store.get(SYSTEM, kind, object_id)
    if found is None:
        raise missing(kind, object_id, param)
    return found


def _update(world: World, call: Call, kind: str, object_id: str, param: str) -> Reply:
    """Only what a merchant may annotate; amounts of a succeeded payment are fixed."""
    params = parameters.read(call, {"description", "metadata", "expand"})
    found = _one(world, kind, object_id, param)
    found["metadata"] = parameters.metadata(params, found["metadata"])
    if "description" in params:
        found["description"] = params["description"] or None
    world.store.update(SYSTEM, kind, found)
    return Reply(200, found)


def _page(world: World, params: Json, kind: str, url: str, ref: str | None = None) -> Reply:
    if "created" in params or "ending_before" in params:
        return _cut(params, world.store.find(SYSTEM, kind, ref=ref, newest=True), url)
    limit = parameters.page_limit(params)
    after = params.get("starting_after", "")
    if after:
        _one(world, kind, after, "starting_after")
    items = world.store.page(SYSTEM, kind, limit=limit + 1, after=after, ref=ref)
    return Reply(200, objects.listing(items[:limit], url=url, has_more=len(items) > limit))


def _cut(params: Json, items: list[Json], url: str) -> Reply:
    """One page out of a list that is newest first."""
    limit = parameters.page_limit(params)
    items = [item for item in items if _within(item["created"], params.get("created"))]
    places = {item["id"]: place for place, item in enumerate(items)}
    if (after := params.get("starting_after")) in places:
        items = items[places[after] + 1 :]
    elif (before := params.get("ending_before")) in places:
        items = items[max(0, places[before] - limit) : places[before]]
    return Reply(200, objects.listing(items[:limit], url=url, has_more=len(items) > limit))


def _within(created: int, bounds: Json | str | None) -> bool:
    if bounds is None:
        return True
    if isinstance(bounds, str):
        return created == int(bounds)
    return all(bool(getattr(created, BOUNDS[name])(int(value))) for name, value in bounds.items())
