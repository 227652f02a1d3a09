"""Stock that is brought from one place to another: picked when it is asked for, put back when it is called off."""

from connectors.sandbox.exchange import Call, Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.wms.messages import SYSTEM, TransferIn, WmsError, new_id, parsed, problem, refuse_taken, stamp
from connectors.sandbox.wms.placements import add_stock, refuse_missing


def create(world: World, call: Call) -> Reply:
    """`POST /v1/transfers`: 201 `accepted`, its goods picked. One per reference; 409 `out_of_stock` keeps nothing."""
    transfer = parsed(TransferIn, call.json())
    refuse_taken(world, "transfer", transfer.reference, "A transfer")
    made = transfer.model_dump()
    if _is_ours(world, transfer.source):
        for line in made["lines"]:
            refuse_missing(world, line["sku"], transfer.source, line["disposition"], line["quantity"])
    _pick(world, made, -1)
    at = stamp()
    made |= {"id": new_id("trf"), "status": "accepted", "created_at": at, "updated_at": at}
    world.store.save(SYSTEM, "transfer", made, ref=transfer.reference)
    return Reply(201, made)


def listing(world: World, call: Call) -> Reply:
    """`GET /v1/transfers?reference=`."""
    return Reply(200, {"items": world.store.find(SYSTEM, "transfer", ref=call.param("reference") or None)})


def cancel(world: World, call: Call, transfer: str) -> Reply:
    """`POST …/cancel`: the goods go back on the shelf; safe to repeat."""
    found = world.store.get(SYSTEM, "transfer", transfer)
    if found is None:
        raise WmsError(problem(404, "not_found", f"No transfer {transfer}."))
    if found["status"] != "canceled":
        _pick(world, found, 1)
        found |= {"status": "canceled", "updated_at": stamp()}
        world.store.update(SYSTEM, "transfer", found)
    return Reply(200, found)


def _is_ours(world: World, place: str) -> bool:
    """Tell whether anything ever stood at the place."""
    return any(bucket["location"] == place for bucket in world.store.find(SYSTEM, "stock"))


def _pick(world: World, transfer: Json, sign: int) -> None:
    if not _is_ours(world, transfer["source"]):
        return  # it comes from elsewhere: it is only to be expected
    for line in transfer["lines"]:
        add_stock(world, line["sku"], transfer["source"], line["disposition"], sign * line["quantity"])
