"""What Stripe captured of payments with an open return: read again where a rule gives it that field."""

from typing import Any

import pytest

from connectors.inbox import process_due
from connectors.models import Connection, InboxMessage
from connectors.own_reads import read_again
from reconciliation.models import Discrepancy
from reconciliation.services import take_theirs
from retailops.cases.models import Case
from returns.models import Order, Payment
from returns.services.decisions import cancel_return
from tests.connectors.sandbox_server import SandboxServer
from tests.factories import SYSTEM, make_order, make_return, order_data
from tests.reconciliation.telling import owns

pytestmark = pytest.mark.django_db


def sold(sandbox: SandboxServer, captured: int | None = None, currency: str = "gbp", **references: Any) -> Order:
    """An order with an open return whose payment captured 55.50 here and (default: also) there."""
    data = order_data()
    amount = data["payments"][0]["captured"]
    paid = sandbox.seed_payments({"amount": captured or amount, "currency": currency})[0]
    payment = {"external_id": paid["id"], "gateway": "stripe", "captured": amount}
    if references.pop("by_charge", False):
        payment |= {"external_id": "shop-1", "references": {"charge": paid["charge"]}}
    order = make_order(**(data | {"payments": [payment]}))
    make_return(order)
    return order


def read() -> int:
    """Read again and take what was news."""
    news = read_again()
    process_due()
    return news


def test_nothing_is_read_where_stripe_owns_nothing(stripe: Connection, sandbox: SandboxServer) -> None:
    sold(sandbox, 5000)
    owns("stripe", "payment", "captured", "another-channel")
    assert read() == 0
    assert sandbox.journal("stripe") == []


@pytest.mark.parametrize("by_charge", [False, True])
def test_what_it_captured_otherwise_is_a_discrepancy_and_may_be_taken(
    stripe: Connection, sandbox: SandboxServer, by_charge: bool
) -> None:
    owns("stripe", "payment", "captured")
    sold(sandbox, 5000, by_charge=by_charge)
    assert read() == 1
    found = Discrepancy.objects.get()
    assert (found.field, found.ours, found.theirs, found.owner) == ("captured", "5550", "5000", "stripe")
    assert (found.suggestion, found.amount, found.status) == ("took_theirs", 550, "open")
    assert Case.objects.get(kind="order_drift").status == "open"
    assert Payment.objects.get().captured == 5550
    assert read() == 0
    take_theirs(actor=SYSTEM, discrepancy_id=found.id, reason="Stripe has the money")
    assert Payment.objects.get().captured == 5000
    assert read() == 1  # ours has changed, and both say the same now
    assert Discrepancy.objects.filter(status="open").count() == 0


def test_what_agrees_is_told_once_and_opens_nothing(stripe: Connection, sandbox: SandboxServer) -> None:
    owns("stripe", "payment", "captured", "shopify-uk")
    sold(sandbox)
    assert (read(), read()) == (1, 0)
    assert not Discrepancy.objects.exists()


def test_another_currency_is_refused_with_a_case(stripe: Connection, sandbox: SandboxServer) -> None:
    owns("stripe", "payment", "captured")
    sold(sandbox, currency="usd")
    assert read() == 1
    message = InboxMessage.objects.get(kind="poll")
    assert (message.status, message.error.partition(":")[0]) == ("dead", "currency-mismatch")
    assert not Discrepancy.objects.exists()


def test_what_stripe_does_not_have_and_what_is_over_is_passed_over(stripe: Connection, sandbox: SandboxServer) -> None:
    owns("stripe", "payment", "captured")
    make_return(make_order())  # a payment that only we know of
    done = sold(sandbox, 5000)
    cancel_return(actor=SYSTEM, return_id=done.returns.get().id, reason="kept")
    assert read() == 0
    assert InboxMessage.objects.filter(kind="poll").count() == 0
