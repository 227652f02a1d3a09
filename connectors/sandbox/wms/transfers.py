"""Stock that is brought from one place to another: picked when it is asked for, put back when it is called off."""

from connectors.sandbox.exchange import Call, Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.wms.messages import SYSTEM, TransferIn, WmsError, new_id, parsed, problem, stamp
from connectors.sandbox.wms.placements import add_stock


def create(world: World, call: Call) -> Reply:
    """`POST /v1/transfers`: 201 `accepted`, its goods picked. One per reference; 409 `out_of_stock` keeps nothing."""
    transfer = parsed(TransferIn, call.json())
    for present in world.store.find(SYSTEM, "transfer", ref=transfer.reference):
        detail = "A transfer with this reference is there already."
        raise WmsError(problem(409, "reference_taken", detail, existing_id=present["id"]))
    made = transfer.model_dump()
    if _is_ours(world, transfer.source):
        for line in made["lines"]:
            _refuse_missing(world, transfer.source, line)
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


def _refuse_missing(world: World, place: str, line: Json) -> None:
    bucket = world.store.get(SYSTEM, "stock", f"{line['sku']}|{place}|{line['disposition']}")
    there = bucket["quantity"] if bucket else 0
    if there < line["quantity"]:
        raise WmsError(
            problem(409, "out_of_stock", f"{there} {line['disposition']} units of {line['sku']} are at {place}.")
        )


def _pick(world: World, transfer: Json, sign: int) -> None:
    if not _is_ours(world, transfer["source"]):
        return  # it comes from elsewhere: it is only to be expected
    for line in transfer["lines"]:
        add_stock(world, line["sku"], transfer["source"], line["disposition"], sign * line["quantity"])
