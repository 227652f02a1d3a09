"""What happens on the warehouse floor: parcels arrive and are inspected, by hand (control API) or by autopilot."""

import random
from typing import Any

from connectors.sandbox.exchange import BadRequest, Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.wms.messages import (
    DEFAULT_LOCATION,
    SYSTEM,
    UNINSPECTED,
    ArrivalIn,
    Autopilot,
    InspectedLine,
    InspectionIn,
    Slice,
    Target,
    announce,
    new_id,
    parsed,
    stamp,
)
from connectors.sandbox.wms.notices import changed
from connectors.sandbox.wms.placements import add_stock

# Grade → condition, disposition and reason that a usual inspector gives.
GRADES = {
    "A": ("like_new", "sellable", ""),
    "B": ("opened", "refurbish", "packaging_damaged"),
    "C": ("used", "liquidate", "signs_of_use"),
    "D": ("damaged", "scrap", "defective"),
    "Q": ("unclear", "quarantine", "needs_review"),
}


def arrive(world: World, body: Any) -> Json:
    """A parcel is received: `receipt.confirmed`. More than announced is received as it is; that is the floor."""
    arrival = parsed(ArrivalIn, body)
    notice = _target(world, arrival)
    if notice is None and not arrival.unexpected:
        raise BadRequest("No such notice; a parcel without one needs `unexpected` lines")
    location = arrival.location or (notice["location"] if notice else DEFAULT_LOCATION)
    lines = _arrived(notice, arrival) + [
        {"line_ref": None, "sku": line.sku, "quantity": line.quantity, "expected": False} | _scanned(line.serials)
        for line in arrival.unexpected
    ]
    if not lines:
        raise BadRequest("Nothing of this notice is outstanding")
    for line in lines:
        add_stock(world, line["sku"], location, UNINSPECTED, line["quantity"])
    receipt = _receipt(notice, arrival, location, lines)
    world.store.save(SYSTEM, "receipt", receipt, ref=receipt["scan_id"], alt=receipt["rma_number"])
    if notice:
        full = all(line["received"] >= line["quantity"] for line in notice["lines"])
        changed(world, notice, status="received" if full else "receiving")
    announce(world, "receipt.confirmed", receipt["rma_number"] or receipt["id"], _data("receipt_id", receipt))
    return receipt


def inspect(world: World, body: Any) -> Json:
    """Received goods are graded: `inspection.completed`. Never more than was received. Raises BadRequest."""
    inspection = parsed(InspectionIn, body)
    notice = _target(world, inspection)
    if notice is None:
        raise BadRequest("No such notice")
    lines = [_inspected(notice, line) for line in inspection.lines or _everything(notice)]
    if not lines:
        raise BadRequest("Nothing of this notice waits for inspection")
    changed(world, notice)
    made = {
        "id": new_id("insp"),
        "notice_id": notice["id"],
        "reference": notice["reference"],
        "rma_number": notice["rma_number"],
        "inspected_at": inspection.inspected_at or stamp(),
        "lines": lines,
    }
    world.store.save(SYSTEM, "inspection", made, ref=notice["id"], alt=notice["rma_number"])
    announce(world, "inspection.completed", notice["rma_number"], _data("inspection_id", made))
    return made


def autopilot(world: World) -> Autopilot:
    return Autopilot.model_validate(world.store.setting(SYSTEM, "autopilot") or {})


def set_autopilot(world: World, body: Any) -> Json:
    """Switch it; on switching on, notices that are still expected are taken along."""
    wanted = parsed(Autopilot, body)
    if unknown := set(wanted.grade_mix) - set(GRADES):
        raise BadRequest(f"Unknown grade {', '.join(sorted(unknown))}; known: {', '.join(GRADES)}")
    if wanted.enabled and not sum(wanted.grade_mix.values()) > 0:
        raise BadRequest("grade_mix must have a share above 0")
    world.store.put_setting(SYSTEM, "autopilot", wanted.model_dump())
    if wanted.enabled:
        for notice in world.store.find(SYSTEM, "notice"):
            if notice["status"] == "expected":
                send_parcel(world, notice["id"])
    return wanted.model_dump()


def send_parcel(world: World, notice_id: str) -> None:
    """With the autopilot on, let the parcel of a notice be on its way."""
    pilot = autopilot(world)
    if pilot.enabled:
        world.jobs.schedule(SYSTEM, "arrive", {"notice_id": notice_id}, pilot.delay_ms / 1000)


def arrive_by_itself(world: World, job: Json) -> None:
    notice = world.store.get(SYSTEM, "notice", job["notice_id"])
    if notice is None or notice["status"] != "expected" or _left_alone(world, notice) or not _one_parcel_less(world):
        return
    arrive(world, {"notice_id": notice["id"]})
    world.jobs.schedule(SYSTEM, "inspect", {"notice_id": notice["id"]}, autopilot(world).delay_ms / 1000)


def _left_alone(world: World, notice: Json) -> bool:
    """Tell whether the parcels of its order are sent by hand only."""
    return str(notice["order_number"]).startswith(tuple(autopilot(world).leave_orders))


def _one_parcel_less(world: World) -> bool:
    """Take one parcel off the autopilot's budget; False when it is used up."""
    pilot = autopilot(world)
    if pilot.parcels is None:
        return True
    if pilot.parcels == 0:
        return False
    world.store.put_setting(SYSTEM, "autopilot", pilot.model_dump() | {"parcels": pilot.parcels - 1})
    return True


def inspect_by_itself(world: World, job: Json) -> None:
    notice = world.store.get(SYSTEM, "notice", job["notice_id"])
    if notice is None or not _everything(notice):
        return
    mix = autopilot(world).grade_mix
    lines = [
        {"line_ref": line.line_ref, "slices": _graded(notice["id"] + line.line_ref, line.slices[0].quantity, mix)}
        for line in _everything(notice)
    ]
    inspect(world, {"notice_id": notice["id"], "lines": lines})


def _target(world: World, target: Target) -> Json | None:
    if target.notice_id:
        return world.store.get(SYSTEM, "notice", target.notice_id)
    if target.reference:
        return next(iter(world.store.find(SYSTEM, "notice", ref=target.reference)), None)
    if not target.rma_number:
        return None
    found = world.store.find(SYSTEM, "notice", alt=target.rma_number)
    return next((notice for notice in found if notice["status"] != "canceled"), found[-1] if found else None)


def _arrived(notice: Json | None, arrival: ArrivalIn) -> list[Json]:
    """Book the arrival on the notice's lines; what is reported per line."""
    if notice is None:
        return []
    by_ref = {line["line_ref"]: line for line in notice["lines"]}
    outstanding = {ref: line["quantity"] - line["received"] for ref, line in by_ref.items()}
    wanted = outstanding if arrival.lines is None else {line.line_ref: line.quantity for line in arrival.lines}
    scanned = {line.line_ref: line.serials for line in arrival.lines or ()}
    if unknown := set(wanted) - set(by_ref):
        raise BadRequest(f"The notice has no line {', '.join(sorted(unknown))}")
    reported = []
    for ref, quantity in wanted.items():
        if quantity > 0:
            by_ref[ref]["received"] += quantity
            line = {"line_ref": ref, "sku": by_ref[ref]["sku"], "quantity": quantity, "expected": True}
            reported.append(line | _scanned(scanned.get(ref) or _read(by_ref[ref], quantity)))
    return reported


def _scanned(serials: list[str]) -> Json:
    """The member that names serials; nothing where none were read."""
    return {"serials": serials} if serials else {}


def _read(line: Json, quantity: int) -> list[str]:
    """The numbers that the floor reads where nobody says which: the next of those announced, when all of them come."""
    announced: list[str] = line.get("serials") or []
    return announced if len(announced) == quantity == line["received"] else []


def _receipt(notice: Json | None, arrival: ArrivalIn, location: str, lines: list[Json]) -> Json:
    return {
        "id": new_id("rcpt"),
        "notice_id": notice["id"] if notice else None,
        "reference": notice["reference"] if notice else None,
        "rma_number": notice["rma_number"] if notice else arrival.rma_number,
        "parcel_id": arrival.parcel_id or new_id("parcel"),
        "scan_id": arrival.scan_id or new_id("scan"),
        "location": location,
        "received_at": arrival.received_at or stamp(),
        "lines": lines,
    }


def _inspected(notice: Json, line: InspectedLine) -> Json:
    found = next((item for item in notice["lines"] if item["line_ref"] == line.line_ref), None)
    total = sum(part.quantity for part in line.slices)
    if found is None or total > found["received"] - found["inspected"]:
        raise BadRequest(f"Line {line.line_ref} has fewer than {total} units that wait for inspection")
    found["inspected"] += total
    slices = [part.model_dump() for part in line.slices]
    return {"line_ref": line.line_ref, "sku": found["sku"], "slices": slices}


def _everything(notice: Json) -> list[InspectedLine]:
    waiting = [(line["line_ref"], line["received"] - line["inspected"]) for line in notice["lines"]]
    return [InspectedLine(line_ref=ref, slices=[Slice(quantity=count)]) for ref, count in waiting if count > 0]


def _graded(seed: str, quantity: int, mix: dict[str, float]) -> list[Json]:
    """Slices of `quantity` units by the grade mix; the same seed gives the same slices."""
    dice = random.Random(seed)  # noqa: S311 - not for secrecy
    drawn = dice.choices(list(mix), weights=list(mix.values()), k=quantity)
    slices = []
    for grade in dict.fromkeys(drawn):
        condition, disposition, reason = GRADES[grade]
        made = Slice(
            quantity=drawn.count(grade), condition=condition, grade=grade, disposition=disposition, reason=reason
        )
        slices.append(made.model_dump())
    return slices


def _data(id_name: str, doc: Json) -> Json:
    return {id_name: doc["id"], **{name: value for name, value in doc.items() if name != "id"}}
