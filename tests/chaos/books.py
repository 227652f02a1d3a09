"""What must be true afterwards: by the books of each system, by ours, and by the audit."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from tests.chaos.town import SENDERS, Row, Town
from tests.chaos.traffic import SHOP, Asking, Sale

REST_SECONDS = 180.0
VOID = {"failed", "canceled"}
RETURNS = """
    select o.external_id as sale, r.id::text as id, r.number, r.status, r.open_cases
    from returns_return r join returns_order o on o.id = r.order_id where o.external_id = any(%(sales)s)
"""
REFUNDS = """
    select rma_id::text as rma, 'refund:' || id || ':' || leg as key, amount, currency, status, external_reference
    from returns_refund where rma_id::text = any(%(returns)s)
"""
MEMOS = """
    select rma_id::text as rma, 'memo-' || id as key, status, external_reference
    from returns_creditmemo where rma_id::text = any(%(returns)s)
"""


def all_is_well(town: Town, load: Asking) -> None:
    """Wait until the town is at rest; then: each return is there once and closed, nothing happened twice or not at all.

    A return with a case would be a legal end; none of the faults of this folder needs a person, so none may have one.
    """
    town.until(town.at_rest, "every return is closed or has a case", REST_SECONDS)
    load.ask_again()
    returns = {row["sale"]: row for row in _returns(town, list(load.answers))}
    for sale, acknowledged in load.answers.items():
        assert set(acknowledged) == {returns[sale.external_id]["id"]}
    assert Counter((row["status"], row["open_cases"]) for row in returns.values()) == {("closed", 0): len(load.answers)}
    paid_once(town, list(load.answers), returns)
    booked_and_placed_once(town, list(load.answers), returns)
    webhooks_are_done(town)
    proofs_pass(town)


def _returns(town: Town, sales: Sequence[Sale]) -> list[Row]:
    """The returns of the sales: one of each."""
    found = town.sql(RETURNS, sales=[sale.external_id for sale in sales])
    assert Counter(row["sale"] for row in found) == {sale.external_id: 1 for sale in sales}
    return found


def paid_once(town: Town, sales: Sequence[Sale], returns: dict[str, Row]) -> None:
    """Stripe paid each sale back once, in full, under our effect key; we say the same of the same refund."""
    ours = town.sql(REFUNDS, returns=[row["id"] for row in returns.values()])
    charges = {charge["payment_intent"]: charge for charge in town.sandbox.books("stripe")["charges"]}
    theirs = [refund for sale in sales for refund in charges[sale.intent]["refunds"] if refund["status"] not in VOID]
    assert Counter(charges[sale.intent]["refunded"] == sale.amount for sale in sales) == {True: len(sales)}
    assert len(theirs) == len(ours) == len(sales)
    assert {_as_theirs(refund) for refund in theirs} == {_as_ours(refund) for refund in ours}
    assert sum(one["amount"] for one in theirs) == sum(one["amount"] for one in ours) == sum(s.amount for s in sales)
    by_return = {refund["rma"]: refund["amount"] for refund in ours}
    assert by_return == {returns[sale.external_id]["id"]: sale.amount for sale in sales}


def _as_theirs(refund: dict[str, Any]) -> tuple[Any, ...]:
    return (
        refund["metadata"]["refund_key"],
        refund["amount"],
        refund["currency"].upper(),
        refund["status"],
        refund["id"],
    )


def _as_ours(refund: Row) -> tuple[Any, ...]:
    return refund["key"], refund["amount"], refund["currency"], refund["status"], refund["external_reference"]


def booked_and_placed_once(town: Town, sales: Sequence[Sale], returns: dict[str, Row]) -> None:
    """One memo at the ERP, one notice and one placement of all units at the warehouse, one note in the shop each."""
    memos = town.sql(MEMOS, returns=[row["id"] for row in returns.values()])
    assert Counter(memo["status"] for memo in memos) == {"posted": len(sales)}
    booked = Counter(memo["externalId"] for memo in town.sandbox.books("netsuite")["memos"])
    assert [booked[memo["key"]] for memo in memos] == [1] * len(sales)
    warehouse = town.sandbox.books("wms")
    told = Counter(notice["rma_number"] for notice in warehouse["notices"])
    placed: dict[str, list[int]] = defaultdict(list)
    for placement in warehouse["placements"]:
        placed[placement["rma_number"]].append(placement["quantity"])
    numbers = {sale: returns[sale.external_id]["number"] for sale in sales}
    assert {told[number] for number in numbers.values()} == {1}
    assert {numbers[sale]: [sale.quantity] for sale in sales} == {number: placed[number] for number in numbers.values()}
    noted = Counter(str(refund["note"]).split()[0] for refund in town.sandbox.books("shopify")["refunds"])
    assert {noted[numbers[sale]] for sale in sales if sale.channel == SHOP} <= {1}


def webhooks_are_done(town: Town) -> None:
    """Every webhook that was sent was accepted, is stored once, and has been processed; there are no others."""
    hooks = [hook for system in SENDERS for hook in town.sandbox.webhooks(system)]
    assert Counter(hook["status"] for hook in hooks) == {"delivered": len(hooks)}
    stored = town.sql("select message_id, status from connectors_inboxmessage where kind = 'webhook'")
    assert Counter(row["message_id"] for row in stored) == dict.fromkeys({hook["message_id"] for hook in hooks}, 1)
    assert Counter(row["status"] for row in stored) == {"done": len(stored)}


def proofs_pass(town: Town) -> None:
    """`compare_books` and `audit` find nothing to object to, in the whole town."""
    proofs = town.prove("compare_books", "audit")
    breaches = [line for _, said in proofs.values() for line in said.splitlines() if " ok " not in line]
    assert {name: code for name, (code, _) in proofs.items()} == {"compare_books": 0, "audit": 0}, "\n".join(breaches)
