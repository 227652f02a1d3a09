"""Goods that go out: shipment orders, taken from sellable stock, shipped or failed later by webhook."""

from connectors.sandbox.exchange import BadRequest, Call, Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.wms.messages import (
    SYSTEM,
    ShipmentIn,
    StockIn,
    WmsError,
    announce,
    new_id,
    parsed,
    problem,
    refuse_taken,
    stamp,
)
from connectors.sandbox.wms.placements import add_stock, confirm_delay_s, refuse_missing

SELLABLE = "sellable"


def create(world: World, call: Call) -> Reply:
    """`POST /v1/shipments`: 201 `accepted`, its goods picked; shipped or failed by webhook. One per reference.

    409 `out_of_stock` when the place has too few sellable units; nothing is kept of it then.
    """
    shipment = parsed(ShipmentIn, call.json())
    refuse_taken(world, "shipment", shipment.reference, "A shipment")
    lines = [line.model_dump() for line in shipment.lines]
    for line in lines:
        refuse_missing(world, line["sku"], shipment.location, SELLABLE, line["quantity"])
    for line in lines:
        add_stock(world, line["sku"], shipment.location, SELLABLE, -line["quantity"])
    at = stamp()
    made = shipment.model_dump() | {"id": new_id("shp"), "status": "accepted", "failure_reason": None}
    made |= {"carrier": "", "tracking_number": "", "shipped_at": None, "created_at": at, "updated_at": at}
    world.store.save(SYSTEM, "shipment", made, ref=shipment.reference, alt=shipment.rma_number)
    if not world.faults.take(SYSTEM, "pending", "shipments.create"):
        world.jobs.schedule(SYSTEM, "dispatch", {"shipment": made["id"]}, confirm_delay_s(world))
    return Reply(201, made, {"Location": f"/wms/v1/shipments/{made['id']}"})


def listing(world: World, call: Call) -> Reply:
    """`GET /v1/shipments?reference=`."""
    return Reply(200, {"items": world.store.find(SYSTEM, "shipment", ref=call.param("reference") or None)})


def retrieve(world: World, call: Call, shipment: str) -> Reply:
    found = world.store.get(SYSTEM, "shipment", shipment)
    if found is None:
        raise WmsError(problem(404, "not_found", f"No shipment {shipment}."))
    return Reply(200, found)


def settle(world: World, shipment_id: str, outcome: str, reason: str = "") -> Json:
    """The floor's word on an accepted shipment: `shipped` or `failed` (its goods are damaged). Raises BadRequest."""
    found = world.store.get(SYSTEM, "shipment", shipment_id)
    if found is None or outcome not in {"shipped", "failed"}:
        raise BadRequest(f"No shipment {shipment_id}, or outcome is neither shipped nor failed")
    if found["status"] != "accepted":
        raise BadRequest(f"The shipment is {found['status']} already")
    at = stamp()
    found |= {"status": outcome, "updated_at": at}
    if outcome == "shipped":
        found |= {"carrier": "dhl", "tracking_number": new_id("TRK").upper(), "shipped_at": at}
    else:
        found["failure_reason"] = reason or "damaged_in_picking"
        for line in found["lines"]:
            add_stock(world, line["sku"], found["location"], "damaged", line["quantity"])
    world.store.update(SYSTEM, "shipment", found)
    names = ("reference", "rma_number", "location", "lines", "carrier", "tracking_number", "shipped_at")
    data = {"shipment_id": found["id"], **{name: found[name] for name in (*names, "failure_reason")}, "at": at}
    announce(world, f"shipment.{outcome}", found["rma_number"] or found["reference"], data)
    return found


def dispatch_if_open(world: World, shipment_id: str) -> None:
    """What the job does; a shipment that was settled by hand meanwhile is left alone."""
    found = world.store.get(SYSTEM, "shipment", shipment_id)
    if found is not None and found["status"] == "accepted":
        settle(world, shipment_id, "shipped")


def stock_up(world: World, body: Json) -> Json:
    """Put sellable units on the shelf, as a delivery from a supplier would."""
    wanted = parsed(StockIn, body)
    add_stock(world, wanted.sku, wanted.location, SELLABLE, wanted.quantity)
    return wanted.model_dump()
