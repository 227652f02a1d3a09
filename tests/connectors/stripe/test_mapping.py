"""Stripe ↔ canonical: exact amounts, the keys, the vendor's own examples; breaking any field name is noticed."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.failures import VendorFailure
from connectors.stripe import mapping
from tests.connectors.mutations import field_names, noticed
from tests.contracts.conformance import stripe_request_errors, stripe_response_errors

KEY = "refund:0198c0de-0000-7000-8000-000000000001:1"

DISPUTE: dict[str, Any] = {
    "id": "dp_1", "object": "dispute", "amount": 700, "currency": "isk", "charge": "ch_1", "payment_intent": "pi_1",
    "reason": "fraudulent", "status": "needs_response", "evidence_details": {"due_by": 1_700_000_900},
}  # fmt: skip


def fact(**changes: Any) -> dict[str, Any]:
    return {
        "refund_id": "0198c0de-0000-7000-8000-000000000001",
        "number": "RMA-2026-000007",
        "amount": 2599,
        "currency": "GBP",
        "references": {"payment_intent": "pi_1", "charge": "ch_1"},
    } | changes


def refund(**changes: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 2599,
        "currency": "gbp",
        "status": "failed",
        "failure_reason": "insufficient_funds",
        "charge": "ch_1",
        "metadata": {"refund_key": KEY},
    } | changes


def test_a_refund_names_its_charge_its_amount_and_our_keys() -> None:
    assert mapping.refund_params(fact(), KEY) == {
        "charge": "ch_1",
        "amount": 2599,
        "reason": "requested_by_customer",
        "metadata": {
            "refund_key": KEY,
            "refund_id": "0198c0de-0000-7000-8000-000000000001",
            "return_number": "RMA-2026-000007",
        },
    }


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        ({"charge": "ch_1", "payment_intent": "pi_1"}, {"charge": "ch_1"}),
        ({"payment_intent": "pi_1"}, {"payment_intent": "pi_1"}),
        ({"charge": "", "payment_intent": "pi_1"}, {"payment_intent": "pi_1"}),
        ({"external_id": "pi_9"}, {"payment_intent": "pi_9"}),
        ({"external_id": "ch_9"}, {"charge": "ch_9"}),
        ({"external_id": "py_9"}, {"charge": "py_9"}),
        ({"external_id": "pi_9", "charge": "ch_1"}, {"charge": "ch_1"}),
    ],
)
def test_the_payment_is_named_as_narrowly_as_it_is_known(references: dict[str, str], expected: dict[str, str]) -> None:
    assert mapping.payment_of({"references": references}) == expected


@pytest.mark.parametrize("references", [{}, {"external_id": "order-77"}, {"charge": ""}, None])
def test_a_payment_that_names_nothing_at_stripe_is_refused(references: dict[str, str] | None) -> None:
    with pytest.raises(VendorFailure, match="payment_reference_missing"):
        mapping.payment_of({"references": references})


@pytest.mark.parametrize(
    ("amount", "currency", "at_stripe"),
    [(2599, "GBP", 2599), (2599, "JPY", 2599), (25990, "KWD", 25990), (7, "ISK", 700), (7, "UGX", 700)],
)
def test_amounts_are_said_as_stripe_counts_them(amount: int, currency: str, at_stripe: int) -> None:
    assert mapping.amount_to_stripe(amount, currency) == at_stripe
    assert mapping.amount_from_stripe(at_stripe, currency) == amount


def test_an_amount_that_stripe_cannot_settle_is_refused() -> None:
    with pytest.raises(VendorFailure, match="amount_too_fine"):
        mapping.amount_to_stripe(25995, "KWD")


def test_a_refund_object_is_read() -> None:
    assert mapping.refund_facts(refund()) == {
        "reference": "re_1",
        "status": "failed",
        "amount": 2599,
        "currency": "GBP",
        "reason": "insufficient_funds",
        "key": KEY,
        "charge": "ch_1",
    }


def test_keys_are_read_back() -> None:
    assert mapping.parse_key(KEY) == mapping.RefundKey(UUID("0198c0de-0000-7000-8000-000000000001"), 1)
    assert len(KEY) <= 45
    for foreign in ("", "refund", "refund:x:1", "memo:0198c0de-0000-7000-8000-000000000001:1", KEY + "x"):
        assert mapping.parse_key(foreign) is None


def test_the_transport_key_changes_only_when_stripe_stored_a_500_under_it() -> None:
    assert mapping.transport_key(KEY, 0) == KEY
    assert mapping.transport_key(KEY, 1) == f"{KEY}~1"
    assert mapping.transport_key(KEY, 2) == f"{KEY}~2"


def test_events_of_one_charge_share_a_lane() -> None:
    charge = {"data": {"object": {"object": "charge", "id": "ch_1"}}}
    assert mapping.lane_of(charge) == mapping.lane_of({"data": {"object": refund()}}) == "ch_1"
    assert mapping.lane_of({}) == ""


@pytest.mark.contract
def test_what_is_sent_conforms_to_the_published_contract(shared_dir: Path) -> None:
    params = mapping.refund_params(fact(), KEY)
    form = {name: str(value) for name, value in params.items() if name != "metadata"}
    form |= {f"metadata[{name}]": value for name, value in params["metadata"].items()}
    assert stripe_request_errors("POST", "/v1/refunds", form, shared=shared_dir) == []


@pytest.mark.contract
def test_the_vendors_own_example_is_understood(shared_dir: Path) -> None:
    fixtures = json.loads((shared_dir / "contracts/stripe/fixtures3.2026-08.subset.json").read_text())
    example = fixtures["resources"]["refund"]
    facts = mapping.refund_facts(example)
    assert (facts["reference"], facts["status"]) == (example["id"], example["status"])
    assert (facts["amount"], facts["currency"], facts["key"]) == (example["amount"], "USD", "")
    assert stripe_response_errors("POST", "/v1/refunds", 200, refund() | example, shared=shared_dir) == []


def golden(module: Any) -> Any:
    """Everything that the mapping says of these examples."""
    return [
        module.refund_params(fact(), KEY),
        module.refund_params(fact(references={"payment_intent": "pi_1"}), KEY),
        module.payment_of({"references": {"pi": "pi_8"}}, {"pi": "payment_intent"}),
        module.payment_of({"references": {"external_id": "pi_9"}}),
        module.payment_of({"references": {"external_id": "ch_9"}}),
        module.payment_of({"references": {"external_id": "py_9"}}),
        module.refund_facts(refund()),
        module.captured_of({"object": "charge", "currency": "isk", "amount_captured": 500}),
        module.captured_of({"object": "payment_intent", "currency": "gbp", "amount_received": 5}),
        module.dispute_facts({"created": 1_700_000_000, "data": {"object": DISPUTE}}),
        module.lane_of({"data": {"object": {"object": "charge", "id": "ch_1"}}}),
        module.lane_of({"data": {"object": refund()}}),
    ]


def test_what_was_captured_is_read_of_a_charge_and_of_an_intent() -> None:
    assert mapping.captured_of({"object": "charge", "currency": "isk", "amount_captured": 500}) == (5, "ISK")
    assert mapping.captured_of({"object": "payment_intent", "currency": "gbp", "amount_received": 5}) == (5, "GBP")


@pytest.mark.parametrize("place", field_names(mapping), ids=lambda place: f"{place[0]}-{place[1]}")
def test_breaking_any_field_name_is_noticed(place: tuple[str, int, int]) -> None:
    assert noticed(golden, mapping, place)


def test_a_channel_may_call_the_payment_otherwise() -> None:
    names = {"pi": "payment_intent", "stripe_charge": "charge"}
    told = {"external_id": "order-77", "pi": "pi_8"}
    assert mapping.payment_of({"references": told}, names) == {"payment_intent": "pi_8"}
    assert mapping.payment_of({"references": told | {"stripe_charge": "ch_8"}}, names) == {"charge": "ch_8"}
    assert mapping.payment_of({"references": told | {"payment_intent": "pi_1"}}, names) == {"payment_intent": "pi_1"}
    with pytest.raises(VendorFailure, match="payment_reference_missing"):
        mapping.payment_of({"references": told}, {"other": "charge"})
