"""What refunds, memos and chargebacks make us expect, and only once."""

import pytest

from reconciliation.models import Item, OpenItem
from reconciliation.services.expecting import expect_past
from retailops.events.models import Event
from returns.models import CreditMemo, Refund
from returns.services.credit_memos import record_credit_memo
from returns.services.refund_outcomes import fail_refund, record_refund_pending, reverse_refund, settle_refund
from tests.factories import SYSTEM
from tests.reconciliation.expected import expected, keys, sent

pytestmark = pytest.mark.django_db


def test_a_refund_that_is_sent_is_expected_once_and_learns_the_providers_id() -> None:
    refund = sent()
    [item] = Item.objects.filter(lane="payment")
    assert (item.side, item.type, item.amount, item.currency) == ("E", "refund", -1000, "GBP")
    assert (item.natural_key, item.refund_id, item.gateway) == (refund.effect_key, refund.id, "stripe")
    assert (item.region, item.brand, item.channel) == ("uk", "acme", "shopify-uk")
    assert item.correlation_id == refund.rma.correlation_id
    assert (item.due_on - item.value_date).days == 7  # type: ignore[operator]  # it has a due date
    assert OpenItem.objects.get(item=item).remaining == -1000
    order = refund.rma.order
    assert order is not None
    assert {
        ("refund", refund.effect_key.upper()),
        ("order", order.number.upper()),
        ("payment", refund.payment.external_id.upper()),
    } <= keys(item)
    record_refund_pending(actor=SYSTEM, refund_id=refund.id, external_reference="re_77")
    settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_77")
    assert expected() == [("refund", -1000, "GBP")]
    assert ("provider_refund", "RE_77") in keys(item)


def test_what_the_gateway_refuses_is_called_off_at_once_and_what_comes_back_later_is_waited_for() -> None:
    refused, back = sent(), sent()
    fail_refund(actor=SYSTEM, refund_id=refused.id, code="declined")
    settle_refund(actor=SYSTEM, refund_id=back.id, external_reference="re_1")
    reverse_refund(actor=SYSTEM, refund_id=back.id, external_reference="re_1")
    rows = Item.objects.filter(type="refund_failure").order_by("id")
    assert [(row.amount, (row.due_on - row.value_date).days) for row in rows] == [(1000, 0), (1000, 7)]  # type: ignore[operator]  # both are due
    assert [row.natural_key for row in rows] == [f"{refused.effect_key}:back", f"{back.effect_key}:back"]


def test_a_memo_is_expected_in_the_books_and_known_by_its_number() -> None:
    refund = sent()
    settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    memo = CreditMemo.objects.get(refund=refund)
    assert expected("erp_memo") == [("credit_memo", -1000, "GBP")]
    record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference="CM-0007")
    assert expected("erp_memo") == [("credit_memo", -1000, "GBP")]
    assert {("memo", "CM-0007"), ("refund", str(refund.id).upper())} <= keys(Item.objects.get(lane="erp_memo"))


def test_the_past_is_expected_as_it_would_have_been_and_again_changes_nothing() -> None:
    paid, failed = sent(), sent()
    settle_refund(actor=SYSTEM, refund_id=paid.id, external_reference="re_1")
    fail_refund(actor=SYSTEM, refund_id=failed.id, code="declined")
    live = _facts()
    _forget()
    assert expect_past(batch=1) == len(live)
    assert _facts() == live
    events = Event.objects.count()
    assert expect_past(batch=1) == 0
    assert Event.objects.count() == events
    assert Refund.objects.count() == 2


def _facts() -> set[tuple[str, str, int, frozenset[tuple[str, str]]]]:
    return {(row.natural_key, row.type, row.amount, frozenset(keys(row))) for row in Item.objects.all()}


def _forget() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in ("openitem", "itemkey", "item"):
            cursor.execute(f"DELETE FROM reconciliation_{table}")  # noqa: S608  # names from above
        cursor.execute("SET LOCAL session_replication_role = origin")
