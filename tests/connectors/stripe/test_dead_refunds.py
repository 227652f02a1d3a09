"""Refunds that ended at Stripe without a word that reached us: looked up, ended with their reason, proposed anew."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from connectors.inbox import process_due
from connectors.late_word import ask_for_outcomes
from connectors.models import InboxMessage
from retailops.cases.models import Case
from retailops.events.lookup import look_up_due
from retailops.events.models import Delivery
from retailops.events.pump import pump_once
from retailops.events.sending import drain
from retailops.lib.clock import now
from returns.enums import RefundStatus
from returns.models import Refund, Return
from returns.services.canceling import request_cancel
from returns.services.refunds import supersede_refund
from returns.services.superseding import reserved
from tests.connectors.conftest import API_KEY
from tests.connectors.sandbox_server import SandboxServer
from tests.connectors.stripe.conftest import Inspected
from tests.connectors.stripe.test_flow import books_of, open_cases, refund_of
from tests.factories import SYSTEM
from tests.returns.proofs import prove


def canceled_there(sandbox: SandboxServer) -> None:
    """Have staff cancel the refund in Stripe's own dashboard; its webhook goes nowhere."""
    [paid] = books_of(sandbox)
    headers = {"Authorization": f"Bearer {API_KEY}"}
    assert sandbox.client.post(f"/stripe/v1/refunds/{paid['id']}/cancel", headers=headers).status_code == 200


def failed_there(sandbox: SandboxServer) -> None:
    [paid] = books_of(sandbox)
    sandbox.control("POST", f"/stripe/refunds/{paid['id']}/settle", {"outcome": "failed"})


def an_hour_later() -> int:
    """Ask for what was not told in time, and take it; how many outcomes came."""
    Delivery.objects.filter(operation="refund.create").update(finished_at=now() - timedelta(hours=2))
    came = ask_for_outcomes()
    process_due()
    return came


def assert_over(rma: Return, status: RefundStatus, code: str) -> Refund:
    """The refund ended with its reason, holds no money, and its case says what to do."""
    refund = refund_of(rma)
    assert (refund.status, refund.failure_code) == (status, code)
    assert reserved(refund.payment) == 0
    assert open_cases() == ["refund_failed"]
    assert Case.objects.get(kind="refund_failed").next_action.startswith(
        "Its money is free again: try the refund again"
    )
    prove()
    return refund


def test_a_refund_whose_answer_was_lost_and_that_was_canceled_there_has_failed(
    sandbox: SandboxServer, inspected: Inspected
) -> None:
    sandbox.faults("stripe", {"kind": "lost_answer", "times": 1, "operations": ["refunds.create"]})
    rma = inspected(sandbox_refund="requires_action")
    drain(Delivery.objects.get().destination_id)
    assert refund_of(rma).status == RefundStatus.UNKNOWN
    canceled_there(sandbox)
    assert look_up_due() == 1
    process_due()
    old = assert_over(rma, RefundStatus.FAILED, "merchant_request")
    assert old.failure_message == "It was canceled there: merchant request"
    new = supersede_refund(actor=SYSTEM, refund_id=old.id, reason="it was canceled there")
    assert (new.status, new.amount, reserved(new.payment)) == (RefundStatus.SUBMITTING, old.amount, old.amount)
    assert open_cases() == []


@pytest.mark.parametrize(
    ("outcome", "ends", "status", "code"),
    [
        ("requires_action", canceled_there, RefundStatus.CANCELED, "merchant_request"),
        ("pending", failed_there, RefundStatus.FAILED, "insufficient_funds"),
    ],
    ids=["canceled", "failed"],
)
def test_what_ended_there_while_it_waited_is_asked_for(
    sandbox: SandboxServer,
    inspected: Inspected,
    outcome: str,
    ends: Callable[[SandboxServer], None],
    status: RefundStatus,
    code: str,
) -> None:
    rma = inspected(sandbox_refund=outcome)
    pump_once()
    assert an_hour_later() == 0  # it still waits there
    assert refund_of(rma).status == outcome
    ends(sandbox)
    assert ask_for_outcomes() == 1
    assert InboxMessage.objects.filter(kind="poll").count() == 1
    process_due()
    assert_over(rma, status, code)
    assert an_hour_later() == 0


def test_a_success_that_was_not_told_is_asked_for_too(sandbox: SandboxServer, inspected: Inspected) -> None:
    rma = inspected(sandbox_refund="pending")
    pump_once()
    [paid] = books_of(sandbox)
    sandbox.control("POST", f"/stripe/refunds/{paid['id']}/settle", {"outcome": "succeeded"})
    assert an_hour_later() == 1
    assert refund_of(rma).status == RefundStatus.SUCCEEDED
    assert open_cases() == []


def test_canceling_what_is_over_there_tells_how_it_ended(sandbox: SandboxServer, inspected: Inspected) -> None:
    rma = inspected(sandbox_refund="requires_action")
    pump_once()
    failed_there(sandbox)
    request_cancel(actor=SYSTEM, refund_id=refund_of(rma).id, reason="the customer does not answer")
    pump_once()
    assert Delivery.objects.get(operation="refund.cancel").status == "delivered"
    assert_over(rma, RefundStatus.FAILED, "insufficient_funds")


def test_canceling_what_was_paid_meanwhile_is_refused_with_a_case(sandbox: SandboxServer, inspected: Inspected) -> None:
    rma = inspected(sandbox_refund="requires_action")
    pump_once()
    [paid] = books_of(sandbox)
    sandbox.control("POST", f"/stripe/refunds/{paid['id']}/settle", {"outcome": "succeeded"})
    request_cancel(actor=SYSTEM, refund_id=refund_of(rma).id, reason="the customer does not answer")
    pump_once()
    assert Delivery.objects.get(operation="refund.cancel").status == "dead"
    assert an_hour_later() == 1
    assert refund_of(rma).status == RefundStatus.SUCCEEDED
