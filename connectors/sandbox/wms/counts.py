"""Counts that somebody asks for: ordered, and done by the floor in its own time."""

from connectors.sandbox.exchange import Call, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.wms.messages import SYSTEM, CountIn, new_id, parsed, refuse_taken, stamp


def create(world: World, call: Call) -> Reply:
    """`POST /v1/counts`: 201 `ordered`. One per reference."""
    count = parsed(CountIn, call.json())
    refuse_taken(world, "count", count.reference, "A count")
    at = stamp()
    made = count.model_dump() | {"id": new_id("cnt"), "status": "ordered", "created_at": at, "updated_at": at}
    world.store.save(SYSTEM, "count", made, ref=count.reference, alt=count.sku)
    return Reply(201, made)


def listing(world: World, call: Call) -> Reply:
    """`GET /v1/counts?reference=`."""
    return Reply(200, {"items": world.store.find(SYSTEM, "count", ref=call.param("reference") or None)})
