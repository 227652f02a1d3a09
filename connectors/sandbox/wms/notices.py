"""Inbound notices: announce, look up, change what is expected, cancel."""

from connectors.sandbox.exchange import Call, Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.wms.messages import SYSTEM, ExpectIn, NoticeIn, WmsError, new_id, parsed, problem, stamp


def create(world: World, call: Call) -> Reply:
    """`POST /v1/inbound-notices`: 201; a reference that is taken is 409 `reference_taken` with the notice's id."""
    notice = parsed(NoticeIn, call.json())
    for present in world.store.find(SYSTEM, "notice", ref=notice.reference):
        raise WmsError(_taken(present["id"]))
    refs = [line.line_ref for line in notice.lines]
    if len(set(refs)) != len(refs):
        raise WmsError(problem(422, "invalid_body", "line_ref must be unique within a notice", pointer="/lines"))
    at = stamp()
    lines = [line.model_dump() | {"received": 0, "inspected": 0} for line in notice.lines]
    made = notice.model_dump() | {"id": new_id("asn"), "status": "expected", "lines": lines}
    made |= {"created_at": at, "updated_at": at}
    world.store.save(SYSTEM, "notice", made, ref=notice.reference, alt=notice.rma_number)
    return Reply(201, made, {"Location": f"/wms/v1/inbound-notices/{made['id']}"})


def listing(world: World, call: Call) -> Reply:
    """`GET /v1/inbound-notices?reference=&rma_number=`."""
    found = world.store.find(
        SYSTEM, "notice", ref=call.param("reference") or None, alt=call.param("rma_number") or None
    )
    return Reply(200, {"items": found})


def retrieve(world: World, call: Call, notice: str) -> Reply:
    return Reply(200, _one(world, notice))


def cancel(world: World, call: Call, notice: str) -> Reply:
    """`POST …/cancel`: only while nothing was received; safe to repeat."""
    found = _one(world, notice)
    if found["status"] == "canceled":
        return Reply(200, found)
    if found["status"] != "expected":
        raise WmsError(problem(409, "already_received", "Goods of this notice were received."))
    return Reply(200, changed(world, found, status="canceled"))


def expect(world: World, call: Call, notice: str) -> Reply:
    """`POST …/expect`: how many units of each line are to come in all, those that came included; safe to repeat.

    A notice of which nothing is to come any more is canceled, or received where something came.
    """
    asked = parsed(ExpectIn, call.json())
    found = _one(world, notice)
    by_ref = {line["line_ref"]: line for line in found["lines"]}
    if any(line.line_ref not in by_ref for line in asked.lines):
        raise WmsError(problem(422, "invalid_body", "The notice has no such line.", pointer="/lines"))
    for line in asked.lines:
        by_ref[line.line_ref]["quantity"] = line.quantity
    if found["status"] == "canceled":
        return Reply(200, changed(world, found))
    return Reply(200, changed(world, found, status=_standing(found["lines"])))


def _standing(lines: list[Json]) -> str:
    came = any(line["received"] for line in lines)
    if all(line["received"] >= line["quantity"] for line in lines):
        return "received" if came else "canceled"
    return "receiving" if came else "expected"


def changed(world: World, notice: Json, **fields: object) -> Json:
    notice |= {**fields, "updated_at": stamp()}
    world.store.update(SYSTEM, "notice", notice)
    return notice


def _one(world: World, notice_id: str) -> Json:
    found = world.store.get(SYSTEM, "notice", notice_id)
    if found is None:
        raise WmsError(problem(404, "not_found", f"No inbound notice {notice_id}."))
    return found


def _taken(notice_id: str) -> Reply:
    detail = "An inbound notice with this reference is there already."
    return problem(409, "reference_taken", detail, existing_id=notice_id)
