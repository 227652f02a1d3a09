"""Control of the Stripe fake: seed payments, settle refunds, age keys, read the books."""

from typing import Any

from connectors.sandbox.exchange import BadRequest, Json
from connectors.sandbox.pipeline import World
from connectors.sandbox.stripe import objects
from connectors.sandbox.stripe.events import SYSTEM

SEED_LIMIT = 5_000


def seed(world: World, body: Any) -> Json:
    """Succeeded payment intents with their captured charges. An id that is there already is left as it is."""
    items = body.get("payment_intents", []) if isinstance(body, dict) else body
    if not isinstance(items, list) or len(items) > SEED_LIMIT:
        raise BadRequest(f"A list of at most {SEED_LIMIT} payment intents is expected")
    return {"payment_intents": [_seed_one(world, item) for item in items]}


def books(world: World) -> Json:
    """Per charge what was captured and refunded (failed and canceled refunds do not count), and each refund."""
    made: dict[str, list[Json]] = {}
    for refund in world.store.find(SYSTEM, "refund"):
        made.setdefault(refund["charge"], []).append(refund)
    charges = [_account(charge, made.get(charge["id"], [])) for charge in world.store.find(SYSTEM, "charge")]
    return {
        "charges": charges,
        "captured": sum(charge["captured"] for charge in charges),
        "refunded": sum(charge["refunded"] for charge in charges),
        "refund_count": sum(len(charge["refunds"]) for charge in charges),
    }


def _account(charge: Json, refunds: list[Json]) -> Json:
    fields = ("id", "amount", "currency", "status", "reason", "metadata", "created")
    return {
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "currency": charge["currency"],
        "captured": charge["amount_captured"],
        "refunded": sum(item["amount"] for item in refunds if item["status"] not in {"failed", "canceled"}),
        "metadata": charge["metadata"],
        "refunds": [{name: refund[name] for name in fields} for refund in refunds],
    }


def _seed_one(world: World, item: Json) -> Json:
    amount, currency = item.get("amount"), item.get("currency")
    if not isinstance(amount, int) or amount < 1 or not isinstance(currency, str):
        raise BadRequest("amount (minor units, at least 1) and currency are needed")
    intent_id = item.get("id") or objects.new_id("pi")
    intent = world.store.get(SYSTEM, "payment_intent", intent_id)
    if intent is None:
        metadata = {key: str(value) for key, value in item.get("metadata", {}).items()}
        charge_id = item.get("charge") or objects.new_id("ch")
        intent = objects.payment_intent(intent_id, charge_id, amount, currency.lower(), metadata)
        charge = objects.charge(intent, disputed=bool(item.get("disputed")))
        world.store.save(SYSTEM, "payment_intent", intent)
        world.store.save(SYSTEM, "charge", charge, ref=intent_id)
    return {name: intent[name] for name in ("id", "amount", "currency")} | {"charge": intent["latest_charge"]}
