"""Stripe ↔ canonical. Pure: no I/O, no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from connectors.failures import VendorFailure
from retailops.events.enums import OutcomeClass
from retailops.lib.ids import parse_uuid
from retailops.lib.money import THREE_DECIMAL

Json = Mapping[str, Any]
# The metadata by which a refund is found again, whatever became of its idempotency key.
KEY_FIELD = "refund_key"
# https://docs.stripe.com/api: ids say what they name.
PREFIXES = {"pi_": "payment_intent", "ch_": "charge", "py_": "charge"}
# Zero-decimal currencies that Stripe goes on taking with two decimals (docs: "Special cases", currencies).
STATED_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})


@dataclass(frozen=True)
class RefundKey:
    """Our effect key, read back: `refund:<refund id>:<leg>`."""

    refund_id: UUID
    leg: int


def refund_params(message: Json, effect_key: str, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the parameters of `POST /v1/refunds` for the data of `refund.submitted`; `names` as for `payment_of`.

    Raises VendorFailure (contract) when the payment names no Stripe object or the amount cannot be said to Stripe.
    """
    return {
        **payment_of(message, names),
        "amount": amount_to_stripe(int(message["amount"]), str(message["currency"])),
        "reason": "requested_by_customer",
        "metadata": {
            KEY_FIELD: effect_key,
            "refund_id": str(message["refund_id"]),
            "return_number": str(message.get("number", "")),
        },
    }


def payment_of(message: Json, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the parameter that names the payment: its charge where we know it, else its payment intent.

    `names` are other names of the two, as channels tell them. Without either, the id under which the payment was
    captured counts where its prefix says what it is.
    """
    references = message.get("references") or {}
    for name in ("charge", "payment_intent"):
        for told in (name, *(other for other, means in (names or {}).items() if means == name)):
            if references.get(told):
                return {name: str(references[told])}
    captured_as = str(references.get("external_id", ""))
    for prefix, name in PREFIXES.items():
        if captured_as.startswith(prefix):
            return {name: captured_as}
    raise VendorFailure(
        OutcomeClass.CONTRACT, "payment_reference_missing", "The payment carries neither a charge nor a payment intent."
    )


def step_of(currency: str) -> int:
    """Return the step in which Stripe pays the currency, in our minor units: the last of three digits must be 0."""
    return 10 if currency.upper() in THREE_DECIMAL else 1


def amount_to_stripe(amount: int, currency: str) -> int:
    """Return our minor units as Stripe counts them.

    Raises VendorFailure (contract) for an amount that is not in its steps: refunds are rounded where they are decided.
    """
    if currency.upper() in STATED_IN_HUNDREDTHS:
        return amount * 100
    if amount % step_of(currency):
        raise VendorFailure(
            OutcomeClass.CONTRACT,
            "amount_too_fine",
            f"Stripe takes {currency} in steps of {step_of(currency)} minor units, not {amount}.",
        )
    return amount


def amount_from_stripe(amount: int, currency: str) -> int:
    """Return Stripe's amount in our minor units."""
    return amount // 100 if currency.upper() in STATED_IN_HUNDREDTHS else amount


def refund_facts(refund: Json) -> dict[str, Any]:
    """Return what the domain must learn of a Stripe refund object."""
    currency = str(refund["currency"]).upper()
    return {
        "reference": refund["id"],
        "status": refund["status"],
        "amount": amount_from_stripe(int(refund["amount"]), currency),
        "currency": currency,
        "reason": refund.get("failure_reason") or "",
        "key": (refund.get("metadata") or {}).get(KEY_FIELD, ""),
        "charge": refund.get("charge") or "",
    }


def captured_of(payment: Json) -> tuple[int, str]:
    """Return what a charge or payment intent captured, in our minor units, and its currency."""
    currency = str(payment["currency"]).upper()
    taken = payment["amount_captured"] if payment["object"] == "charge" else payment["amount_received"]
    return amount_from_stripe(int(taken), currency), currency


def dispute_facts(event: Json) -> dict[str, Any]:
    """Return what the domain must learn of a dispute event: the dispute as it stood when the event was made."""
    dispute = event["data"]["object"]
    currency = str(dispute["currency"]).upper()
    named = {name: str(dispute.get(name) or "") for name in ("charge", "payment_intent")}
    return {
        "external_id": dispute["id"],
        "status": dispute["status"],
        "amount": amount_from_stripe(int(dispute["amount"]), currency),
        "currency": currency,
        "reason": dispute.get("reason") or "",
        "told_at": int(event["created"]),
        "answer_by": (dispute.get("evidence_details") or {}).get("due_by"),
        "references": {name: value for name, value in named.items() if value},
    }


def parse_key(text: str) -> RefundKey | None:
    """Read an effect key of ours; None for anything else."""
    kind, _, rest = text.partition(":")
    id_text, _, leg = rest.partition(":")
    refund_id = parse_uuid(id_text)
    if kind != "refund" or refund_id is None or not leg.isdigit():
        return None
    return RefundKey(refund_id, int(leg))


def transport_key(effect_key: str, burnt: int) -> str:
    """Return the `Idempotency-Key`: the effect key, until Stripe stored a 500 under it.

    Stripe answers a stored 500 for ever, so once a look-up has shown that the refund is absent the next attempt needs a
    fresh key: `~1`, `~2`, … by the number of 500s that were answered. After a mere timeout the key stays the same.
    """
    return f"{effect_key}~{burnt}" if burnt else effect_key


def lane_of(event: Json) -> str:
    """Return the charge that a Stripe event is about, within which order matters."""
    thing = event.get("data", {}).get("object", {})
    return str(thing.get("id") if thing.get("object") == "charge" else thing.get("charge") or "")
