"""Refunds: create, update, cancel, settle, with the bookkeeping of their charge."""

from connectors.sandbox.exchange import BadRequest, Call, Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.stripe import objects, parameters
from connectors.sandbox.stripe.disputes import keeps_from_refunding
from connectors.sandbox.stripe.errors import invalid, missing, refused
from connectors.sandbox.stripe.events import SYSTEM, publish

CREATE = {
    "amount", "charge", "currency", "customer", "expand", "instructions_email", "metadata", "origin",
    "payment_intent", "reason", "refund_application_fee", "reverse_transfer",
}  # fmt: skip
REASONS = {"duplicate", "fraudulent", "requested_by_customer"}
OPEN = {"pending", "requires_action"}
# Metadata `sandbox_refund` on the refund or its payment decides how a refund fares.
OUTCOMES = {
    "pending": ("pending", None),
    "pending_then_succeeded": ("pending", "succeeded"),
    "pending_then_failed": ("pending", "failed"),
    "requires_action": ("requires_action", None),
    "failed": ("failed", None),
    "succeeded_then_failed": ("succeeded", "failed"),
}
SETTLE_DELAY_S = 0.2


def create(world: World, call: Call) -> Reply:
    """`POST /v1/refunds`: refund a charge in full or in part, never more than was captured."""
    params = parameters.read(call, CREATE)
    charge = _charge_of(world, params)
    amount = _amount(world, params, charge)
    reason = parameters.choice(params, "reason", REASONS)
    metadata = parameters.metadata(params)
    status, later = _outcome(world, charge, metadata)
    refund = objects.refund(charge, amount, status, reason, metadata)
    if status == "failed":
        refund["failure_reason"] = "declined"
    else:
        _book(world, charge, amount)
    world.store.save(SYSTEM, "refund", refund, ref=charge["id"], alt=charge["payment_intent"] or "")
    _announce(world, refund, charge, call)
    if later:
        world.jobs.schedule(SYSTEM, "settle", {"refund": refund["id"], "outcome": later}, SETTLE_DELAY_S)
    return Reply(200, refund)


def retrieve(world: World, call: Call, refund: str) -> Reply:
    parameters.read(call, {"expand"})
    return Reply(200, _refund(world, refund))


def update(world: World, call: Call, refund: str) -> Reply:
    params = parameters.read(call, {"expand", "metadata"})
    found = _refund(world, refund)
    previous = found["metadata"]
    found["metadata"] = parameters.metadata(params, previous)
    world.store.update(SYSTEM, "refund", found)
    publish(world, "refund.updated", found, call, {"metadata": previous})
    return Reply(200, found)


def cancel(world: World, call: Call, refund: str) -> Reply:
    """Only a refund that waits for the customer's action can be canceled."""
    parameters.read(call, {"expand"})
    found = _refund(world, refund)
    if found["status"] != "requires_action":
        raise refused("Only refunds in the requires_action state can be canceled.")
    found.pop("next_action", None)
    _close(world, found, "canceled", "merchant_request", call)
    return Reply(200, found)


def settle(world: World, refund_id: str, outcome: str, failure_reason: str = "insufficient_funds") -> Json:
    """The bank's word on a refund: `succeeded` or `failed` (also after a success). Raises BadRequest."""
    found = world.store.get(SYSTEM, "refund", refund_id)
    if found is None:
        raise BadRequest(f"No refund {refund_id}")
    if outcome not in {"succeeded", "failed"} or found["status"] not in OPEN | {"succeeded"}:
        raise BadRequest(f"A refund that is {found['status']} cannot become {outcome}")
    if outcome == found["status"]:
        return found
    found.pop("next_action", None)
    if outcome == "failed":
        _close(world, found, "failed", failure_reason, None)
    else:
        _succeed(world, found)
    return found


def _succeed(world: World, refund: Json) -> None:
    previous = refund["status"]
    refund |= {"status": "succeeded", "balance_transaction": objects.new_id("txn")}
    world.store.update(SYSTEM, "refund", refund)
    publish(world, "refund.updated", refund, None, {"status": previous})


def _close(world: World, refund: Json, status: str, reason: str, call: Call | None) -> None:
    """The money stays with the merchant: give the amount back to the charge."""
    previous = refund["status"]
    refund |= {"status": status, "failure_reason": reason}
    if previous == "succeeded":
        refund["failure_balance_transaction"] = objects.new_id("txn")
    world.store.update(SYSTEM, "refund", refund)
    charge = world.store.get(SYSTEM, "charge", refund["charge"])
    if charge is not None:
        _book(world, charge, -refund["amount"])
    publish(world, "refund.updated", refund, call, {"status": previous})
    if status == "failed":
        publish(world, "refund.failed", refund, call)


def _announce(world: World, refund: Json, charge: Json, call: Call) -> None:
    publish(world, "refund.created", refund, call)
    if refund["status"] == "failed":
        publish(world, "refund.failed", refund, call)
        return
    publish(world, "charge.refunded", charge, call)


def _book(world: World, charge: Json, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    world.store.update(SYSTEM, "charge", charge)


def _refund(world: World, refund_id: str) -> Json:
    found = world.store.get(SYSTEM, "refund", refund_id)
    if found is None:
        raise missing("refund", refund_id, "id")
    return found


def _charge_of(world: World, params: Json) -> Json:
    charge_id, intent_id = params.get("charge"), params.get("payment_intent")
    if not charge_id and not intent_id:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    if charge_id:
        charge = world.store.get(SYSTEM, "charge", charge_id)
        if charge is None:
            raise missing("charge", charge_id, "charge")
        return charge
    found = world.store.find(SYSTEM, "charge", ref=intent_id)
    if not found:
        raise missing("payment_intent", str(intent_id), "payment_intent")
    return found[0]


def _amount(world: World, params: Json, charge: Json) -> int:
    left = charge["amount_captured"] - charge["amount_refunded"]
    if keeps_from_refunding(world, charge):
        raise refused(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left <= 0:
        raise refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = parameters.whole(params, "amount")
    if amount is None:
        return int(left)
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount > left:
        raise refused(
            f"Refund amount ({_shown(amount, charge)}) is greater than unrefunded amount on charge "
            f"({_shown(left, charge)})",
            param="amount",
        )
    return amount


def _shown(amount: int, charge: Json) -> str:
    return f"{amount} {charge['currency']} in minor units"


def _outcome(world: World, charge: Json, metadata: Json) -> tuple[str, str | None]:
    wanted = metadata.get("sandbox_refund") or charge["metadata"].get("sandbox_refund")
    if wanted in OUTCOMES:
        return OUTCOMES[wanted]
    if world.faults.take(SYSTEM, "pending", "refunds.create"):
        return "pending", None
    return "succeeded", None
