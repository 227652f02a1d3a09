"""Titles of cases are plain words: who did what with which money of which return, and why; and what to do next."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors import inbox_cases
from connectors.models import InboxMessage
from connectors.wording import topic
from retailops.cases.handlers import open_long_doubts
from retailops.cases.models import Case
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.kernel_events import ConnectionPaused, DeliveryDead
from retailops.events.models import Delivery
from retailops.events.publish import publish
from retailops.events.replay import facts_of, subject_of
from retailops.lib.clock import now
from returns.models import Return
from tests.workbench import world

pytestmark = pytest.mark.django_db
Died = Callable[..., Case]


@pytest.fixture
def rma() -> Return:
    return world.requested()


@pytest.fixture
def died(rma: Return) -> Died:
    """Return what makes a delivery to Stripe die as the engine tells it, and returns its case."""
    connection = world.stripe()

    def die(**fields: Any) -> Case:
        delivery = world.stopped(rma, connection, **fields)
        publish(DeliveryDead(**facts_of(delivery)), subject=subject_of(delivery), actor=world.SYSTEM)
        return Case.objects.get(delivery_id=delivery.id)

    return die


def test_a_refused_refund_says_how_much_for_which_return_and_why(rma: Return, died: Died) -> None:
    case = died(failure_code="resource_missing", failure_message="No such payment_intent: 'pi_1'")
    assert case.title == f"Stripe refused the refund of 45.99 GBP for {rma.number}: the payment is not known there"
    assert case.group.title == "Stripe refuses refunds: the payment is not known there"
    assert case.next_action.startswith("The customer is not paid.")
    assert case.detail == "No such payment_intent: 'pi_1'"


def test_what_nobody_has_words_for_is_told_as_it_was_said(rma: Return, died: Died) -> None:
    case = died(failure_code="odd_thing", failure_message="The moon is full.")
    assert case.title == f"Stripe refused the refund of 45.99 GBP for {rma.number}: it says “The moon is full”"
    assert case.group.title == "Stripe refuses refunds: odd thing"
    assert case.next_action == "Read why, put it right there or here, then send it again."


@pytest.mark.parametrize(
    ("failure", "code", "ending"),
    [
        (OutcomeClass.CONTRACT, "unmapped", " could not take the refund of 45.99 GBP for {}: a value of ours has no"
         " counterpart there"),
        (OutcomeClass.TRANSIENT, "network.ReadTimeout", " could not be reached in time for the refund of 45.99 GBP for"
         " {}: it took too long"),
        (OutcomeClass.TRANSIENT, "network.ConnectError", " could not be reached in time for the refund of 45.99 GBP for"
         " {}: no connection"),
    ],
)  # fmt: skip
def test_each_class_of_failure_has_its_words(
    rma: Return, died: Died, failure: OutcomeClass, code: str, ending: str
) -> None:
    case = died(failure_class=failure, failure_code=code, failure_message="x")
    assert case.title == "Stripe" + ending.format(rma.number)


def test_an_operation_without_words_and_money_is_named(rma: Return, died: Died) -> None:
    case = died(operation="parcel.weigh", amount=None, currency="", failure_code="", failure_message="")
    assert case.title == f"Stripe refused the message “parcel weigh” for {rma.number}"


def test_a_long_doubt_says_what_nobody_knows(rma: Return) -> None:
    long_ago = now() - timedelta(hours=2)
    world.stopped(rma, world.stripe(), status=DeliveryStatus.IN_DOUBT, in_doubt_since=long_ago, finished_at=None)
    assert open_long_doubts() == 1
    case = Case.objects.get(kind="delivery.in_doubt")
    assert case.title == f"Stripe does not tell whether the refund of 45.99 GBP for {rma.number} was paid"
    assert case.group.title == "Stripe does not tell what became of refunds"


def test_refused_credentials_name_the_system_as_people_do() -> None:
    destination = world.stripe().destination
    paused = ConnectionPaused(str(destination.id), "stripe", "stripe", "credentials refused: 401", cause="auth")
    delivery = Delivery(destination=destination, lane_key="x", event=world.rma_event(world.requested()))
    subject = subject_of(delivery)
    publish(paused, subject=replace(subject, type="destination", id=destination.id), actor=world.SYSTEM)
    case = Case.objects.get(kind="connection.refused")
    assert case.title == "Stripe refuses our sign-in: nothing is sent to it until that is mended"


def test_a_message_that_was_not_taken_is_named_by_what_it_tells() -> None:
    message = InboxMessage.objects.create(
        connection=world.stripe(), kind="webhook", message_id="evt_1", topic="refund.failed", error="No such refund.",
        body=b"{}", body_hash="0",
    )  # fmt: skip
    inbox_cases.refused_message(message)
    assert Case.objects.get().title == "“Refund failed there” from Stripe was refused"


def test_topics_without_words_are_shown_as_words() -> None:
    assert topic("carts/created_late") == "Carts created late"
    assert topic("") == "Message"
