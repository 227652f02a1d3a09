"""Each audit finds what breaks its invariant; on what commands make, all are silent."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from inventory import audits as stock_audits
from retailops.events.models import Delivery, Destination, Event
from retailops.lib import audit as registry
from retailops.lib.clock import now
from returns import audits as return_audits
from returns.models import Refund, Return
from returns.services import refund_outcomes
from tests.factories import SYSTEM, ensure_policy, make_inspected_return, make_order, make_receipt, make_return, unique
from tests.returns.proofs import breaches, prove
from tests.returns.test_claim_audits import CLAIM_SABOTAGE

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
    "stock balances equal the sum of their moves": "UPDATE inventory_stockbalance SET quantity = quantity + 1",
}


def world() -> None:
    """Make returns in several states: refunded, being refunded, arrived."""
    order = make_order()
    first = make_inspected_return(order, {1: 1})
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=first.refunds.get().id, external_reference="re_1")
    make_inspected_return(order, {1: 1})
    make_receipt(make_return(order, {1: 1}))


@pytest.mark.parametrize("audit", SABOTAGE)
def test_each_audit_finds_its_breach(audit: str) -> None:
    world()
    assert breaches(audit) == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers
        for table in ("returns_returnline", "returns_dispositionslice", "inventory_stockbalance"):
            _drop_checks(table)
        cursor.execute(SABOTAGE[audit])
        assert cursor.rowcount > 0
    assert breaches(audit) != []


def _drop_checks(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'", [table])
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def test_every_audit_of_returns_and_stock_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_audits", {})
    return_audits.register()
    stock_audits.register()
    # In doubt only with a delivery: tried below.
    assert {audit.name for audit in registry.audits()} == {*SABOTAGE, *CLAIM_SABOTAGE, "money in doubt stays reserved"}


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
