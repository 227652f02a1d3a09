"""Each audit finds what breaks its invariant; on what commands make, all are silent."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from inventory import audits as stock_audits
from inventory.enums import Disposition
from inventory.inputs import SnapshotIn, StateMapIn
from inventory.services import MoveIn, move_stock, put_state_map, take_snapshot
from inventory.services.comparing import compare_snapshot
from retailops.events.models import Delivery, Destination, Event
from retailops.lib import audit as registry
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns import audits as return_audits
from returns.inputs.stored_value import GiftIn
from returns.models import Refund, Return, Term, VocabularyMapping
from returns.services import refund_outcomes
from returns.services.giving_value import give_stored_value
from returns.services.voiding import void_entry
from tests.factories import (
    SYSTEM,
    ensure_policy,
    make_inspected_return,
    make_inspection,
    make_location,
    make_order,
    make_policy,
    make_receipt,
    make_return,
    unique,
)
from tests.returns.exchanging import exchangeable, propose, shipped
from tests.returns.proofs import breaches, prove
from tests.returns.sabotage import sabotage
from tests.returns.test_claim_audits import CLAIM_SABOTAGE
from tests.returns.test_store_audits import STORE_SABOTAGE

pytestmark = pytest.mark.django_db

# What a broken program might have written, and the audit that must find it. Guards of the database are off meanwhile.
SABOTAGE: dict[str, str] = {
    "live refunds and chargebacks within captured": "UPDATE returns_payment SET charged_back = captured",
    "each shipped unit is in one live return": "UPDATE returns_returnline SET units = '[[0, 9]]'",
    "arrivals within what was authorized": "UPDATE returns_returnline SET received = received + 1",
    "verdicts sum to accepted and rejected": "UPDATE returns_returnline SET accepted = accepted - 1",
    "disposed within received, sellable within accepted": "UPDATE returns_dispositionslice SET quantity = 50",
    "stock moves only between legal dispositions": "UPDATE inventory_stockmove SET target = 'scrap'",
    "nothing sellable before an accepting verdict": "UPDATE returns_dispositionslice SET accepted = false",
    "what is posted is what was decided": "UPDATE returns_dispositionslice SET quantity = quantity + 1",
    "stock pending inspection is what the returns hold": "UPDATE inventory_stockmove SET quantity = quantity + 3",
    "line refunds within the worth of their units": "UPDATE returns_refundcomponent SET amount = amount + 1",
    "money beyond policy has a used approval": """
        UPDATE returns_refund SET facts = '{"permitted": 1, "broken": {"manual_amount": {}}}'""",
    "each unit is refunded once": "UPDATE returns_refundline SET units = '[[0, 3]]'",
    "components sum to their refund": "UPDATE returns_refund SET amount = amount - 1",
    "shipping refunded within what was charged": "UPDATE returns_refundcomponent SET kind = 'shipping'",
    "refund in its payment's currency, of its own order": "UPDATE returns_refund SET currency = 'EUR'",
    "one outside effect for each refund": "UPDATE returns_refund SET external_reference = 're_same'",
    "approver is not requester; decisions keep policy and facts": """
        UPDATE returns_refund SET approved_by = requested_by""",
    "refunded units are those of settled refunds": "UPDATE returns_returnline SET refunded = 1 - refunded",
    "refunds stand where their last event says": "UPDATE returns_refund SET status = 'failed'",
    "returns stand where their last event says": "UPDATE returns_return SET status = 'canceled'",
    "no refund stands behind what its gateway said": "UPDATE returns_refund SET status = 'submitting'",
    "what is owed to other systems is on its way or a case": "UPDATE cases_case SET kind = 'other'",
    "every parcel has a receipt and an owner": "UPDATE returns_receiptline SET match = 'over'",
    "every case ends with actor, reason and evidence": """
        UPDATE cases_case SET status = 'resolved', resolved_by = 'x', resolution_reason = 'y', resolved_at = now()""",
    "memos posted before closing, each of its refund's amount": "UPDATE returns_creditmemo SET amount = amount + 1",
    "closed returns are complete": "UPDATE returns_return SET status = 'closed'",
    "nothing canceled after goods or money": "UPDATE returns_return SET status = 'canceled'",
    "facets equal what they are derived from": "UPDATE returns_return SET logistics = 'none'",
    "stored value balances equal the sum of their entries": "UPDATE returns_storedaccount SET balance = balance + 1",
    "stored value is credited once for each refund": "UPDATE returns_refund SET destination = 'tender'",
    "an entry of stored value is undone once, by its opposite": """
        UPDATE returns_storedentry SET amount = amount + 1 WHERE reverses_id IS NOT NULL""",
    "marketplace refunds are as the marketplace told": "UPDATE returns_payment SET tender = 'marketplace'",
    "one version of a policy decides at any instant": """
        UPDATE returns_returnpolicy SET name = 'standard', version = id_version, effective_to = NULL, rollout = '[]'
          FROM (SELECT id AS id_id, row_number() OVER (ORDER BY id) AS id_version FROM returns_returnpolicy) n
         WHERE id = id_id""",
    "policies in force have two persons' word": "UPDATE returns_returnpolicy SET activated_by = 'user:1'",
    "every decision names its policy and what it saw": "UPDATE returns_return SET policy_facts = '{}'",
    "every code without a meaning has an open case": "UPDATE returns_vocabularymapping SET term_id = NULL",
    "all stock of a sku sums to zero": "UPDATE inventory_stockbalance SET quantity = quantity + 1",
    "serials stand where their last move brought them, within the balance": """
        UPDATE inventory_serialunit SET disposition = 'scrap'""",
    "comparisons with other systems' counts can be made again": """
        UPDATE inventory_stockmove SET quantity = quantity + 1""",
    "numbers read on arrival are of units that arrived": "DELETE FROM inventory_serialstep",
    "charged back is what the chargebacks take": "UPDATE returns_payment SET charged_back = 7",
    "no refund goes beside a dispute in silence": """
        INSERT INTO returns_chargeback
               (id, payment_id, external_id, status, amount, currency, reason, told_at, opened_at)
        SELECT gen_random_uuid(), id, 'dp_1', 'opened', 7, currency, '', now(), now() FROM returns_payment""",
    "money beyond policy is what was approved": """
        UPDATE returns_refund SET facts = '{"permitted": 1, "broken": {"manual_amount": {}}}'""",
    "stock balances equal the sum of their moves": "UPDATE inventory_stockbalance SET quantity = quantity + 1",
    "reserved stock is what reservations hold, within the sellable": """
        UPDATE inventory_stockbalance SET reserved = reserved + 1 WHERE disposition = 'sellable'""",
    "expired goods on the shelf have a case": "UPDATE inventory_lot SET expires_on = '2020-01-31'; "
    "UPDATE inventory_stockbalance SET updated_at = now() - interval '2 hours'",
    "consumed reservations went out of the house": "UPDATE inventory_reservation SET status = 'consumed'",
    "each unit is refunded or exchanged, once": "UPDATE returns_exchangeline SET units = '[[0, 3]]'",
    "exchanged units are those of shipped exchanges": "UPDATE returns_returnline SET exchanged = 1 - exchanged",
    "both gross sides of an exchange are their components": "UPDATE returns_exchange SET sale = sale + 1",
    "credits of exchanges within the worth of their units": """
        UPDATE returns_exchangecomponent SET amount = amount + 1 WHERE side = 'credit'""",
    "balances of exchanges paid once, refunded once": "UPDATE returns_exchange SET sale = credit + 7",
    "one memo for the gross credit of an exchange": """
        UPDATE returns_creditmemo SET amount = amount + 1 WHERE exchange_id IS NOT NULL""",
    "goods of exchanges are held until they go": "UPDATE inventory_reservation SET status = 'released'",
    "no return ends with a live exchange": "UPDATE returns_return SET status = 'canceled'",
    "exchanges stand where their last event says": "UPDATE returns_exchange SET status = 'awaiting_payment'",
    "released exchanges are on their way or a case": """
        UPDATE returns_exchange SET status = 'released' WHERE status = 'reserved'""",
    "a merged customer's orders, returns and names are where it went": "UPDATE returns_return SET customer_id = NULL",
    "merges are as their log says": "UPDATE returns_customer SET merged_into_id = id",
    "customers hold what is recorded to have won": "UPDATE returns_customer SET name = 'Somebody else'",
    "erased customers are erased": "UPDATE returns_customer SET erased_at = now()",
    "what came and went is what the returns say": "UPDATE returns_returnflow SET went = went + 1",
}


TABLES = (
    "returns_returnline", "returns_dispositionslice", "inventory_stockbalance", "returns_exchange", "returns_customer",
    "returns_refund",
)  # fmt: skip


def world() -> None:
    """Make returns in several states: refunded, being refunded, arrived."""
    ensure_policy(resolutions=["refund", "store_credit"], stored_value={"gift_limit": {"*": None}})
    order = make_order()
    first = make_inspected_return(order, {1: 1})
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=first.refunds.get().id, external_reference="re_1")
    make_inspected_return(order, {1: 1})
    account = give_stored_value(
        actor=SYSTEM, gift=GiftIn(order_id=order.id, amount=500, reason="late", key="k")
    ).account
    credited = make_inspected_return(lines=[{"line_no": 1, "quantity": 1, "resolution": "store_credit"}])
    assert credited.refunds.get().status == "succeeded"
    void_entry(actor=SYSTEM, entry_id=account.entries.get().id, reason="mistake")
    went = propose(exchangeable(exchange_timing="on_authorization"), price=400)
    shipped(went)
    make_receipt(went.rma)
    make_inspection(went.rma)
    propose(exchangeable())
    make_policy(rules={})
    term = Term.objects.get(vocabulary__code="customer_reason", code="other")
    VocabularyMapping.objects.create(
        connection="shop", vocabulary=term.vocabulary, external_code="misc", term=term, version=1
    )
    last = make_return(order, {1: 1})
    line = {"line_no": 1, "quantity": 1, "serials": [unique("SN-")]}
    receipt = make_receipt(last, lines=[line])
    _count_elsewhere(receipt.location.code)
    shelf = make_location(region="uk").code
    what = (unique("m-"), "DATED", 1, "external", "sellable", shelf, "adjustment", uuid7(), uuid7())
    dated = MoveIn(*what, lot="L1", lot_expires_on=now().date())
    move_stock(actor=SYSTEM, moves=[dated])


def _count_elsewhere(location: str) -> None:
    """Let another system count the place, and find nothing there."""
    put_state_map(actor=SYSTEM, source="wms", told=StateMapIn(states={"WAIT": Disposition.PENDING_INSPECTION}))
    told = SnapshotIn(source="wms", reference=unique(), location=location, as_of=now(), rows=[])
    compare_snapshot(take_snapshot(actor=SYSTEM, snapshot=told).id)


@pytest.mark.parametrize("audit", SABOTAGE)
def test_each_audit_finds_its_breach(audit: str) -> None:
    world()
    assert breaches(audit) == []
    sabotage(SABOTAGE[audit], TABLES)
    assert breaches(audit) != []


def test_every_audit_of_returns_and_stock_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_audits", {})
    return_audits.register()
    stock_audits.register()
    # In doubt only with a delivery: tried below. Lots and transfers: in tests/inventory.
    elsewhere = {
        "money in doubt stays reserved",
        "lots stand where their steps brought them, within the balance",
        "what is on its way between places is what transfers wait for",
    }
    tried = {*SABOTAGE, *CLAIM_SABOTAGE, *STORE_SABOTAGE, *elsewhere}
    assert {audit.name for audit in registry.audits()} == tried


def test_money_in_doubt_that_is_not_reserved_is_found() -> None:
    rma = make_inspected_return(quantities={1: 1})
    refund = rma.refunds.get()
    event = Event.objects.get(type="refund.submitted", subject_id=refund.id)
    destination = Destination.objects.create(kind="connection", name=unique("gw-"), system="stripe")
    Delivery.objects.create(
        event=event, destination=destination, operation="refund.create", effect_key=refund.effect_key,
        lane_key=str(rma.id), status="in_doubt", next_attempt_at=now(), deadline_at=now(),
    )  # fmt: skip
    assert breaches("money in doubt") == []
    Refund.objects.filter(pk=refund.pk).update(status="failed")
    assert breaches("money in doubt") == [
        f"money in doubt stays reserved: refund {refund.id}: its delivery is in doubt, and the refund is failed"
    ]


def run_audit(*arguments: str) -> str:
    """Run the command and return what it prints."""
    out = StringIO()
    call_command("audit", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_a_line_for_each_and_fails_on_a_breach() -> None:
    world()
    prove()
    printed = run_audit("--only", "refund")
    assert printed.count(" ok ") == printed.count("[") > 5
    rma = Return.objects.order_by("id")[0]
    Return.objects.filter(pk=rma.pk).update(logistics="none")
    out = StringIO()
    with pytest.raises(CommandError) as failed:
        call_command("audit", "--only", "facets", stdout=out)
    assert failed.value.returncode == 1
    assert "1 BREACHES" in out.getvalue()
    assert rma.number in out.getvalue()
    with pytest.raises(CommandError):
        run_audit("--only", "no such audit")


def test_the_command_names_the_audits() -> None:
    ensure_policy()
    assert "1. live refunds and chargebacks within captured" in run_audit("--list")
