"""Audits of tills, drafts and drop-off codes: silent on what commands make, and each finds its breach."""

import pytest

from returns.inputs import read
from returns.inputs.drafts import DraftIn
from returns.services.drafts import save_draft
from tests.factories import SYSTEM, ensure_policy, make_location, make_order, make_return, unique
from tests.returns.proofs import breaches, prove
from tests.returns.sabotage import sabotage
from tests.returns.test_store_batches import item, payout, taken

pytestmark = pytest.mark.django_db

STORE_SABOTAGE: dict[str, list[str]] = {
    "payouts of tills are reserved or a case": [
        "UPDATE returns_tillrefund SET reserved = reserved + 1 WHERE proposal IS NOT NULL",
        "UPDATE returns_tillrefund SET excess = 1, reference = reference || 'x'",
    ],
    "what an offline till told is there whole": [
        "UPDATE returns_storebatchitem SET rma_id = NULL",
        "UPDATE returns_storebatchitem SET status = 'conflict', external_id = external_id || 'x'",
        "UPDATE returns_storebatchitem SET status = 'refused'",
    ],
    "drafts take no units; codes are of drop-offs": [
        "UPDATE returns_return SET kind = 'mail_in' WHERE kind = 'drop_off'",
        "UPDATE returns_returnline l SET units = '[[0, 1]]' FROM returns_return r WHERE r.id = l.rma_id "
        "AND r.status = 'draft'",
    ],
}


def world() -> None:
    """Hand in a return that fits and one of an unknown order; make a draft and a return with a drop-off code."""
    ensure_policy()
    store = make_location(unique("ST-"), kind="store").code
    taken(store, item(make_order(), payout(1000)), item(None))
    lines = [{"line_no": 1, "quantity": 1}]
    save_draft(actor=SYSTEM, draft=read(DraftIn, {"order": {"order_id": make_order().id}, "lines": lines}))
    make_return(make_order(), {1: 1}, kind="drop_off")


def test_on_what_commands_make_they_are_silent() -> None:
    world()
    prove()


@pytest.mark.parametrize(
    ("audit", "broken"),
    [(name, broken) for name, every in STORE_SABOTAGE.items() for broken in every],
    ids=[f"{name}-{number}" for name, every in STORE_SABOTAGE.items() for number, _ in enumerate(every)],
)
def test_each_finds_its_breach(audit: str, broken: str) -> None:
    world()
    sabotage(broken, ["returns_tillrefund", "returns_storebatchitem", "returns_returnline", "returns_return"])
    assert breaches(audit) != []
