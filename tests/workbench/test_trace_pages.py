"""Search by any id, and the trace that it opens."""

from datetime import timedelta

import pytest
from django.test import Client

from connectors.models import InboxMessage
from retailops.events.enums import Trigger
from retailops.events.models import Attempt, Event
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> world.Story:
    return world.Story.told()


@pytest.fixture
def agent() -> Client:
    return world.signed_in(world.person("ops_agent"))


def heard(story: world.Story) -> InboxMessage:
    """Return a webhook that belongs to the story; it holds personal data."""
    return InboxMessage.objects.create(
        connection=story.connection, kind="webhook", message_id="evt_12345", topic="refund.updated",
        body=b'{"id": "evt_12345", "email": "ann@example.com"}', body_hash="0" * 64, verified=True, status="done",
        headers={"content-type": "application/json"}, correlation_id=story.rma.correlation_id,
    )  # fmt: skip


def test_any_id_opens_the_trace(agent: Client, story: world.Story) -> None:
    message = heard(story)
    event = Event.objects.filter(correlation_id=story.rma.correlation_id).first()
    assert event
    ids = [
        story.rma.number, story.rma.number.lower(), story.rma.tracking, world.order_of(story.rma).number, story.rma.id,
        story.rma.correlation_id, story.delivery.id, story.delivery.effect_key, story.case.id, event.id,
        message.message_id, world.order_of(story.rma).payments.get().external_id,
    ]  # fmt: skip
    for id in ids:
        answer = agent.get("/trace/", {"q": f" {id} "})
        assert answer.status_code == 302, id
        assert answer["Location"] == f"/trace/{story.rma.correlation_id}/", id


def test_nothing_found_says_where_it_looked(agent: Client) -> None:
    page = agent.get("/trace/", {"q": "<script>x"}).content.decode()
    assert "Nothing bears this id" in page
    assert "<script>x" not in page


@pytest.mark.parametrize(
    ("outcome", "found"),
    [("delivered", "It is there"), ("transient", "It is not there"), ("in_doubt", "No answer")],
)
def test_a_look_up_is_told_apart_from_what_was_sent(
    agent: Client, story: world.Story, outcome: str, found: str
) -> None:
    sent = story.delivery.attempts.get()
    asked = Attempt.objects.create(
        delivery=story.delivery, attempt_no=1, fence=2, trigger=Trigger.LOOK_UP, outcome=outcome, duration_ms=4,
        started_at=sent.started_at + timedelta(seconds=3),
    )  # fmt: skip
    steps = agent.get(f"/trace/{story.rma.correlation_id}/").content.decode().split("<li id=")
    step = next(each for each in steps if each.startswith(f'"a-{asked.id}"'))
    assert "Asked: </span>Look up: " in step
    assert f"{found}</span>" in step
    page = agent.get(f"/deliveries/{story.delivery.id}/").content.decode()
    assert page.count('<span class="strong">Try 1</span>') == 1
    assert page.count('<span class="strong">Look-up</span>') == 1


def test_the_trace_holds_every_event_attempt_message_and_case(agent: Client, story: world.Story) -> None:
    message = heard(story)
    page = agent.get(f"/trace/{story.rma.correlation_id}/").content.decode()
    for event in Event.objects.filter(correlation_id=story.rma.correlation_id):
        assert f'id="e-{event.id}"' in page
    for anchor in (f"a-{story.delivery.attempts.get().id}", f"m-{message.id}", f"c-{story.case.id}"):
        assert f'id="{anchor}"' in page
        assert f'href="#{anchor}"' in page
    assert "ann@example.com" not in page


def test_events_alike_of_one_transaction_are_one_step(agent: Client) -> None:
    from retailops.workbench.trace.entries import entries, gather

    lines = [{"external_id": "l1", "quantity": 1}, {"external_id": "l2", "quantity": 1}]
    rma = world.arrive(world.requested(lines=lines))
    steps = entries(gather(world.SYSTEM, rma.correlation_id))
    (arrived,) = [step for step in steps if step.event and step.event.type == "return_line.received"]
    assert [event.data["sku"] for event in arrived.events] == ["JUMPER-M", "MUG"]
    assert (
        'Goods received <span class="faint">× 2</span>' in agent.get(f"/trace/{rma.correlation_id}/").content.decode()
    )


def test_recent_transactions_are_offered_without_a_query(agent: Client, story: world.Story) -> None:
    assert f"/trace/{story.rma.correlation_id}/" in agent.get("/trace/").content.decode()
