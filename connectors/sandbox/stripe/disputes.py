"""Disputes: a bank takes the money of a charge back, and the dispute is won or lost."""

import time
from typing import Any

from connectors.sandbox.exchange import BadRequest, Call, Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.stripe import objects, parameters
from connectors.sandbox.stripe.errors import missing
from connectors.sandbox.stripe.events import SYSTEM, publish

ANSWER_DAYS = 14
RUNNING = {"needs_response", "under_review"}


def retrieve(world: World, call: Call, dispute: str) -> Reply:
    parameters.read(call, {"expand"})
    found = world.store.get(SYSTEM, "dispute", dispute)
    if found is None:
        raise missing("dispute", dispute, "dispute")
    return Reply(200, found)


def open_dispute(world: World, body: Any) -> Json:
    """Take the money back: `{charge | payment_intent, amount?, reason?}`. Told as created and funds withdrawn."""
    if not isinstance(body, dict):
        raise BadRequest("An object is expected")
    charge = _charge(world, body)
    amount = body.get("amount", charge["amount_captured"])
    if not isinstance(amount, int) or not 0 < amount <= charge["amount_captured"]:
        raise BadRequest("amount must be 1 to what was captured")
    dispute = objects.dispute(charge, amount, str(body.get("reason", "fraudulent")), ANSWER_DAYS * 86_400)
    charge["disputed"] = True
    world.store.update(SYSTEM, "charge", charge)
    world.store.save(SYSTEM, "dispute", dispute, ref=charge["id"], alt=charge["payment_intent"] or "")
    publish(world, "charge.dispute.created", dispute)
    publish(world, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(world: World, dispute_id: str, outcome: str) -> Json:
    """The bank's word: `won` gives the money back, `lost` leaves it with the customer."""
    found = world.store.get(SYSTEM, "dispute", dispute_id)
    if found is None or outcome not in {"won", "lost"} or found["status"] not in RUNNING:
        raise BadRequest(f"No running dispute {dispute_id} that can become {outcome!r}")
    previous = {"status": found["status"]}
    found |= {"status": outcome, "is_charge_refundable": outcome == "won"}
    if outcome == "won":
        found["balance_transactions"].append(_movement(found, found["amount"]))
    world.store.update(SYSTEM, "dispute", found)
    publish(world, "charge.dispute.closed", found, None, previous)
    if outcome == "won":
        publish(world, "charge.dispute.funds_reinstated", found)
    return found


def keeps_from_refunding(world: World, charge: Json) -> bool:
    """Tell whether a dispute of the charge runs or was lost."""
    known = world.store.find(SYSTEM, "dispute", ref=charge["id"])
    return bool(charge["disputed"]) and not (known and all(each["status"] == "won" for each in known))


def _charge(world: World, body: Json) -> Json:
    found = [world.store.get(SYSTEM, "charge", str(body["charge"]))] if body.get("charge") else []
    found += world.store.find(SYSTEM, "charge", ref=str(body.get("payment_intent", "")))
    charge = next((each for each in found if each is not None), None)
    if charge is None:
        raise BadRequest("Name a charge or payment_intent that is there")
    return charge


def _movement(dispute: Json, amount: int) -> Json:
    return objects.dispute_movement(dispute, amount, int(time.time()))
