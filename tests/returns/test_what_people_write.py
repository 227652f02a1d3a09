"""What people write stands beside an event and not in it: read by those who may, never sent, erased with the person."""

import json

import pytest
from django.db import DatabaseError, transaction

from retailops.accounts.permissions import Permission as P
from retailops.events.cloudevents import as_document
from retailops.events.models import Event, Remark
from retailops.events.publish import words_of
from returns.models import FraudReview, Return
from returns.services import decisions, quantities, strays
from returns.services.correcting import reverse_receipt
from returns.services.erasing import erase_customer
from returns.services.reviewing import Word, clear_review
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    make_inspection,
    make_order,
    make_receipt,
    make_return,
    slice_data,
)
from tests.workbench import world

pytestmark = pytest.mark.django_db
WRITTEN = "Zebulon Quick called from 01632 960001"


def told(rma: Return) -> list[Event]:
    """Return the events of the story but those of its cases, whose endings are words."""
    rows = Event.objects.filter(correlation_id=rma.correlation_id).exclude(type__startswith="case")
    return list(rows.order_by("position"))


def written(rma: Return) -> list[str]:
    """Return the types of the events beside which it stands, and prove that no event has it."""
    assert "Zebulon" not in json.dumps([as_document(event) for event in told(rma)])
    return [event.type for event in told(rma) if Remark.objects.filter(event=event, text=WRITTEN).exists()]


def test_decisions_and_goods() -> None:
    rma = make_return(quantities={1: 3})
    make_receipt(rma, {1: 1}, scan_id="S-1")
    reverse_receipt(actor=SYSTEM, return_id=rma.id, scan_id="S-1", reason=WRITTEN)
    quantities.cancel_remaining(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason=WRITTEN)
    quantities.declare_missing(actor=SYSTEM, return_id=rma.id, line_no=1, quantity=1, reason=WRITTEN)
    decisions.cancel_return(actor=SYSTEM, return_id=rma.id, reason=WRITTEN, code="customer_withdrew")
    assert written(rma) == [
        "return_line.receipt_reversed", "return_line.remaining_canceled", "return_line.short", "return.canceled",
    ]  # fmt: skip
    last = Event.objects.get(type="return.canceled")
    assert (last.reason_code, words_of(last.id)) == ("customer_withdrew", WRITTEN)


def test_what_nobody_expected() -> None:
    rma = make_return(quantities={1: 1})
    make_receipt(rma, {1: 2})
    [stray] = strays.strays_of(rma)
    strays.send_back(actor=SYSTEM, return_id=rma.id, receipt_line_id=stray.row.pk, quantity=1, reason=WRITTEN)
    assert written(rma) == ["return_line.sent_back"]


def test_a_request_keeps_a_code_as_a_code_and_a_note_as_a_note() -> None:
    for reason, code in ((WRITTEN, ""), ("too_small", "too_small")):
        rma = make_return(make_order(), {1: 1}, reason=reason)
        asked = Event.objects.get(subject_id=rma.id, type="return.requested")
        assert (asked.reason_code, words_of(asked.id)) == (code, reason)
        assert written(rma) == (["return.requested"] if not code else [])


def test_a_verdict_on_fraud() -> None:
    ensure_policy(fraud={"value_above": {"*": 0}})
    rma = make_return(make_order(), {1: 1})
    review = FraudReview.objects.get(rma=rma)
    clear_review(actor=actor_with(P.FRAUD_VIEW, P.FRAUD_DECIDE), review_id=review.id, word=Word(WRITTEN))
    assert written(rma) == ["fraud_review.cleared"]


def test_it_is_shown_in_the_trace_and_the_log_and_erased_with_the_person() -> None:
    order = make_order(customer=world.buyer("k") | {"system": "shopify-uk", "name": "Zebulon Quick"})
    rma = make_return(order, {1: 1})
    decisions.cancel_return(actor=SYSTEM, return_id=rma.id, reason=WRITTEN)
    browser = world.signed_in(world.person("administrator"))
    for address in (f"/trace/{rma.correlation_id}/", f"/audit/?about={rma.number}"):
        assert WRITTEN in browser.get(address).content.decode()
    remark = Remark.objects.get(event__type="return.canceled")
    with pytest.raises(DatabaseError), transaction.atomic():
        Remark.objects.filter(pk=remark.pk).update(text="nothing")
    with pytest.raises(DatabaseError), transaction.atomic():
        Remark.objects.filter(pk=remark.pk).delete()
    assert order.customer_id is not None
    erase_customer(actor=SYSTEM, customer_id=order.customer_id, reference="GDPR-1")
    remark.refresh_from_db()
    assert "Zebulon" not in remark.text
    assert "[erased]" in remark.text


def test_nothing_written_is_nothing_kept() -> None:
    rma = make_return(quantities={1: 1})
    make_receipt(rma)
    make_inspection(rma, [slice_data(quantity=1)])
    events = Event.objects.filter(correlation_id=rma.correlation_id).exclude(subject_type="case")
    assert {remark.event.type for remark in Remark.objects.filter(event__in=events)} <= {"return.requested"}
