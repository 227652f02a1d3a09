"""Audits of claims, fraud reviews and warranty: silent on what commands make, and each finds its breach."""

import pytest

from returns.inputs import read
from returns.inputs.claims import ClaimCreditIn
from returns.services import claim_answers, claim_sending, warranty_remedies
from tests.factories import SYSTEM, ensure_policy, make_inspected_return, make_return
from tests.returns.claiming import drafted
from tests.returns.proofs import breaches, prove
from tests.returns.sabotage import sabotage
from tests.returns.warranty_claims import accept, arrived

pytestmark = pytest.mark.django_db

TABLES = (
    "returns_returnline", "returns_claimline", "returns_supplierclaim", "returns_fraudreview",
    "returns_warrantyassessment", "returns_refund", "returns_exchange", "returns_exchangeline",
)  # fmt: skip
CLAIM_SABOTAGE: dict[str, list[str]] = {
    "each unit is claimed from its supplier once": ["UPDATE returns_claimline SET quantity = quantity + 1"],
    "goods of claims are what stock moved": ["UPDATE returns_claimline SET sent = sent + 1"],
    "claims are worth their lines, and every difference is explained": [
        "UPDATE returns_claimline SET unit_cost = unit_cost + 1",
        "UPDATE returns_supplierclaim SET credited = credited + 1",
        "UPDATE returns_supplierclaim SET status = 'closed' WHERE sent_at IS NOT NULL",
    ],
    "claims stand where their last event says": ["UPDATE returns_supplierclaim SET status = 'closed'"],
    "refused claims had an owner": ["UPDATE returns_supplierclaim SET status = 'refused'"],
    "fraud reviews stand where their last event says": ["UPDATE returns_fraudreview SET status = 'cleared'"],
    "what a fraud review holds waits": [
        "UPDATE returns_return SET status = 'authorized' WHERE status = 'in_review'",
        "UPDATE returns_refund SET status = 'submitting'",
        "UPDATE returns_fraudreview SET status = 'cleared', decided_by = requested_by",
        "UPDATE cases_case SET dedupe_key = id::text",
    ],
    "warranty counts what it settled": [
        "UPDATE returns_returnline SET sent_back = sent_back + 1",
        "UPDATE returns_warrantyassessment SET quantity = quantity + 1",
        "UPDATE returns_return SET status = 'closed'",
    ],
    "what replaces units under warranty follows its verdict": [
        "UPDATE returns_warrantyassessment SET progress = 'replaced' WHERE progress = 'replacement_due'",
        "UPDATE returns_exchangeline SET quantity = quantity + 1",
        "UPDATE returns_exchange SET status = 'canceled'",
    ],
    "each unit is refunded, replaced or sent back once": [
        "UPDATE returns_returnline SET sent_back = 9",
        "UPDATE returns_warrantyassessment SET progress = 'repaired'",
    ],
}


def world() -> None:
    """Make a claim on its way, a return and a refund that are held, and units under warranty in several states."""
    claim = drafted(2)
    claim_sending.send_claim(actor=SYSTEM, claim_id=claim.id)
    note = {"reference": "CN", "amount": 100, "currency": "GBP"}
    claim_answers.credit_claim(actor=SYSTEM, claim_id=claim.id, credit=read(ClaimCreditIn, note))
    _, waiting = arrived(3)
    accept(waiting, "repair", quantity=1)
    back = accept(waiting, "repair", quantity=1)
    warranty_remedies.complete_repair(actor=SYSTEM, assessment_id=back.id)
    warranty_remedies.send_back(actor=SYSTEM, assessment_id=back.id)
    accept(waiting, "refund")
    _, torn = arrived(1)
    accept(torn, "replace")
    ensure_policy(fraud={"value_above": {"*": 3000}, "refund_above": {"*": 0}})
    make_inspected_return(quantities={1: 1})
    make_return(quantities={1: 1, 2: 1})


def test_on_what_commands_make_they_are_silent() -> None:
    world()
    prove()


@pytest.mark.parametrize(
    ("audit", "broken"),
    [(name, broken) for name, every in CLAIM_SABOTAGE.items() for broken in every],
    ids=[f"{name}-{number}" for name, every in CLAIM_SABOTAGE.items() for number, _ in enumerate(every)],
)
def test_each_finds_its_breach(audit: str, broken: str) -> None:
    world()
    sabotage(broken, TABLES)
    assert breaches(audit) != []
