"""Placements and the stock that they change."""

from connectors.sandbox.exchange import BadRequest, Call, Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.wms.messages import (
    SYSTEM,
    UNINSPECTED,
    Autopilot,
    PlacementIn,
    WmsError,
    announce,
    new_id,
    parsed,
    problem,
    refuse_taken,
    stamp,
)


def create(world: World, call: Call) -> Reply:
    """`POST /v1/placements`: 201 `accepted`; confirmed or failed later by webhook. One per reference."""
    placement = parsed(PlacementIn, call.json())
    refuse_taken(world, "placement", placement.reference, "A placement")
    at = stamp()
    made = placement.model_dump() | {"id": new_id("plc"), "status": "accepted", "failure_reason": None}
    made |= {"created_at": at, "updated_at": at}
    world.store.save(SYSTEM, "placement", made, ref=placement.reference, alt=placement.sku)
    if not world.faults.take(SYSTEM, "pending", "placements.create"):
        world.jobs.schedule(SYSTEM, "confirm", {"placement": made["id"]}, confirm_delay_s(world))
    return Reply(201, made, {"Location": f"/wms/v1/placements/{made['id']}"})


def listing(world: World, call: Call) -> Reply:
    """`GET /v1/placements?reference=&sku=`."""
    found = world.store.find(SYSTEM, "placement", ref=call.param("reference") or None, alt=call.param("sku") or None)
    return Reply(200, {"items": found})


def retrieve(world: World, call: Call, placement: str) -> Reply:
    found = world.store.get(SYSTEM, "placement", placement)
    if found is None:
        raise WmsError(problem(404, "not_found", f"No placement {placement}."))
    return Reply(200, found)


def stock(world: World, call: Call) -> Reply:
    """`GET /v1/stock?sku=`: quantity by location and disposition; `uninspected` is what waits for inspection."""
    found = world.store.find(SYSTEM, "stock", ref=call.param("sku") or None)
    location = call.param("location")
    items = [item for item in found if location in ("", item["location"])]
    return Reply(200, {"items": [{name: item[name] for name in item if name != "id"} for item in items]})


def settle(world: World, placement_id: str, outcome: str, reason: str = "") -> Json:
    """The floor's word on an accepted placement: `confirmed` or `failed`. Raises BadRequest."""
    found = world.store.get(SYSTEM, "placement", placement_id)
    if found is None or outcome not in {"confirmed", "failed"}:
        raise BadRequest(f"No placement {placement_id}, or outcome is neither confirmed nor failed")
    if found["status"] != "accepted":
        raise BadRequest(f"The placement is {found['status']} already")
    found |= {"status": outcome, "updated_at": stamp()}
    if outcome == "failed":
        found["failure_reason"] = reason or "location_blocked"
    world.store.update(SYSTEM, "placement", found)
    if outcome == "confirmed":
        _move(world, found)
    names = (
        "reference", "sku", "quantity", "disposition", "location", "rma_number", "line_ref", "failure_reason",
        "serials",
    )  # fmt: skip
    data = {"placement_id": found["id"], **{name: found[name] for name in names}, "at": found["updated_at"]}
    announce(world, f"placement.{outcome}", found["rma_number"] or found["reference"], data)
    return found


def confirm_if_open(world: World, placement_id: str) -> None:
    """What the job does; a placement that was settled by hand meanwhile is left alone."""
    found = world.store.get(SYSTEM, "placement", placement_id)
    if found is not None and found["status"] == "accepted":
        settle(world, placement_id, "confirmed")


def add_stock(world: World, sku: str, location: str, disposition: str, quantity: int) -> None:
    key = f"{sku}|{location}|{disposition}"
    bucket = world.store.get(SYSTEM, "stock", key) or {
        "id": key,
        "sku": sku,
        "location": location,
        "disposition": disposition,
        "quantity": 0,
    }
    bucket["quantity"] += quantity
    world.store.save(SYSTEM, "stock", bucket, ref=sku)


def refuse_missing(world: World, sku: str, location: str, disposition: str, quantity: int) -> None:
    """Raises WmsError (409 `out_of_stock`) where fewer units stand there."""
    bucket = world.store.get(SYSTEM, "stock", f"{sku}|{location}|{disposition}")
    there = bucket["quantity"] if bucket else 0
    if there < quantity:
        raise WmsError(problem(409, "out_of_stock", f"{there} {disposition} units of {sku} are at {location}."))


def _move(world: World, placement: Json) -> None:
    """From the uninspected goods of the place, as far as there are any, to the wanted bucket."""
    sku, location, quantity = placement["sku"], placement["location"], placement["quantity"]
    waiting = world.store.get(SYSTEM, "stock", f"{sku}|{location}|{UNINSPECTED}")
    if waiting and waiting["quantity"]:
        add_stock(world, sku, location, UNINSPECTED, -min(quantity, waiting["quantity"]))
    add_stock(world, sku, location, placement["disposition"], quantity)


def confirm_delay_s(world: World) -> float:
    """How long the floor takes to do what it was told."""
    autopilot = Autopilot.model_validate(world.store.setting(SYSTEM, "autopilot") or {})
    return autopilot.delay_ms / 1000 if autopilot.enabled else 0
