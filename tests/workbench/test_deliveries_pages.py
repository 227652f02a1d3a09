"""Deliveries: the list with its money, one delivery with its verdict, single replay, discarding."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from retailops.cases.models import Approval
from retailops.events import verdicts
from retailops.events.enums import DeliveryStatus, EffectStatus
from retailops.events.models import Attempt, Delivery, Effect, Event
from retailops.lib.clock import now
from retailops.replays.messages import changes_of
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> world.Story:
    return world.Story.told()


@pytest.fixture
def lead() -> Client:
    return world.signed_in(world.person("ops_lead"))


def rows(page: str) -> list[str]:
    return re.findall(r'class="row-link" href="/deliveries/([0-9a-f-]{36})/"', page)


def test_the_list_shows_stopped_deliveries_with_the_money_that_waits(lead: Client, story: world.Story) -> None:
    page = lead.get("/deliveries/").content.decode()
    assert rows(page) == [str(story.delivery.id)]
    assert "The charge is disputed." in page
    assert "45.99" in page[page.index("at-risk") : page.index("waits on these")]


def test_filters_of_the_list(lead: Client, story: world.Story) -> None:
    here = [str(story.delivery.id)]
    for query, expected in {
        "system=stripe": here,
        "operation=refund.create": here,
        "operation=stock.place": [],
        "queue=business": here,
        "queue=technical": [],
        f"q={story.rma.number}": here,
        f"q={story.delivery.id}": here,
        f"q={story.delivery.effect_key}": here,
        "q=nothing": [],
        "state=in_doubt": [],
    }.items():
        assert rows(lead.get(f"/deliveries/?{query}").content.decode()) == expected, query


def test_a_delivery_says_what_is_wrong_and_shows_the_exchange(lead: Client, story: world.Story) -> None:
    page = lead.get(f"/deliveries/{story.delivery.id}/").content.decode()
    assert "Refund not accepted. Stripe refused it." in page
    assert "curl -X POST https://api.stripe.example/v1/refunds" in page
    assert story.delivery.effect_key in page


def test_replay_needs_a_reason(lead: Client, story: world.Story) -> None:
    answer = lead.post(f"/deliveries/{story.delivery.id}/replay/", {"reason": ""})
    assert answer.status_code == 422
    story.delivery.refresh_from_db()
    assert story.delivery.status == DeliveryStatus.DEAD


def test_what_is_there_already_is_marked_and_nothing_is_sent(lead: Client, story: world.Story) -> None:
    delivery = story.delivery
    effect = Effect.objects.create(
        destination=delivery.destination, kind="refund", business_key=delivery.effect_key,
        status=EffectStatus.CONFIRMED,
        external_reference="re_known", evidence={"seen": True},
    )  # fmt: skip
    delivery.effect = effect
    delivery.save()
    page = lead.get(f"/deliveries/{delivery.id}/replay/").content.decode()
    assert "Mark as done" in page
    sent = Attempt.objects.filter(delivery=delivery, request__isnull=False).count()
    answer = lead.post(f"/deliveries/{delivery.id}/replay/", {"reason": "support says it is there"}, follow=True)
    assert "It was there already: marked as delivered, nothing was sent." in answer.content.decode()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.external_reference) == (DeliveryStatus.DELIVERED, "re_known")
    assert Attempt.objects.filter(delivery=delivery, request__isnull=False).count() == sent
    assert Event.objects.filter(type="delivery.replayed", remark__text="support says it is there").count() == 1


def test_what_is_safe_is_sent_again(lead: Client, story: world.Story, monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdicts.Verdict(verdicts.VerdictKind.SAFE_ABSENT, "Looked up: it is not there.")
    monkeypatch.setattr(verdicts, "_by_remote", lambda delivery: found)
    answer = lead.post(f"/deliveries/{story.delivery.id}/replay/", {"reason": "dispute was won"})
    assert answer.status_code == 303
    story.delivery.refresh_from_db()
    assert story.delivery.status == DeliveryStatus.READY


def repeatable(story: world.Story) -> Delivery:
    """Make the stopped delivery one that the other system takes once."""
    Delivery.objects.filter(pk=story.delivery.pk).update(repeat_safe=True)
    story.delivery.refresh_from_db()
    return story.delivery


def test_one_safe_repeat_asks_nothing_and_is_taken_back(lead: Client, story: world.Story) -> None:
    delivery = repeatable(story)
    card = lead.get(f"/deliveries/{delivery.id}/verdict/", headers={"HX-Request": "true", "HX-Target": "verdict"})
    page = card.content.decode()
    assert f'action="/deliveries/{delivery.id}/send/"' in page
    assert 'hx-swap-oob="true"' in page
    answer = lead.post(f"/deliveries/{delivery.id}/send/", {"fence": delivery.fence}, follow=True).content.decode()
    assert "It goes out in 5 seconds." in answer
    assert 'data-lasts="5"' in answer
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.READY
    [offer] = re.findall(r'name="offer" value="([^"]+)"', answer)
    assert "Undone. It is as it was before." in lead.post("/undo/", {"offer": offer}, follow=True).content.decode()
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DEAD
    assert Event.objects.latest("position").type == "delivery.replay_taken_back"
    again = lead.post("/undo/", {"offer": offer}, follow=True).content.decode()
    assert "nothing was taken back" in again


def test_any_other_verdict_is_asked_about(lead: Client, story: world.Story) -> None:
    page = lead.get(f"/deliveries/{story.delivery.id}/verdict/").content.decode()
    assert f"/deliveries/{story.delivery.id}/send/" not in page
    answer = lead.post(f"/deliveries/{story.delivery.id}/send/", {"fence": story.delivery.fence})
    assert answer.status_code == 409
    assert 'name="reason"' in answer.content.decode()
    for fence in ("", "x", "99"):
        assert lead.post(f"/deliveries/{story.delivery.id}/send/", {"fence": fence}).status_code == 409
    story.delivery.refresh_from_db()
    assert story.delivery.status == DeliveryStatus.DEAD
    assert not Event.objects.filter(type="delivery.replayed").exists()


def test_what_would_be_another_request_is_looked_at_first(lead: Client, story: world.Story) -> None:
    delivery = repeatable(story)
    Attempt.objects.create(
        delivery=delivery, attempt_no=2, fence=2, trigger="auto", outcome="business", mapping_version=7,
        started_at=now(),
    )  # fmt: skip
    answer = lead.post(f"/deliveries/{delivery.id}/send/", {"fence": delivery.fence})
    assert answer.status_code == 409
    assert "The mapping has changed since its last try" in answer.content.decode()
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DEAD


def test_what_cannot_be_known_is_not_sent(lead: Client, story: world.Story, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = verdicts.Verdict(verdicts.VerdictKind.IN_DOUBT, "The remote cannot tell now.", what_to_do="Wait.")
    monkeypatch.setattr(verdicts, "_by_remote", lambda delivery: unknown)
    page = lead.get(f"/deliveries/{story.delivery.id}/replay/").content.decode()
    assert re.search(r"<button type=\"submit\"[^>]*disabled", page)
    answer = lead.post(f"/deliveries/{story.delivery.id}/replay/", {"reason": "try"})
    assert answer.status_code == 422
    assert "The remote cannot tell now." in answer.content.decode()
    story.delivery.refresh_from_db()
    assert story.delivery.status == DeliveryStatus.DEAD


def test_discarding_closes_it_with_the_reason(lead: Client, story: world.Story) -> None:
    answer = lead.post(f"/deliveries/{story.delivery.id}/discard/", {"reason": "customer was paid in cash"})
    assert answer.status_code == 303
    story.delivery.refresh_from_db()
    assert story.delivery.status == DeliveryStatus.DISCARDED
    assert Event.objects.get(type="delivery.discarded").remark.text == "customer was paid in cash"


def test_an_agent_is_not_offered_to_discard(story: world.Story) -> None:
    agent = world.signed_in(world.person("ops_agent"))
    page = agent.get(f"/deliveries/{story.delivery.id}/").content.decode()
    assert "Send again…" in page
    assert "Discard…" not in page
    assert agent.post(f"/deliveries/{story.delivery.id}/discard/", {"reason": "x"}).status_code == 403


def test_sending_again_is_not_the_first_thing_offered_before_its_verdict_is_known(
    lead: Client, story: world.Story
) -> None:
    page = lead.get(f"/deliveries/{story.delivery.id}/").content.decode()
    [button] = re.findall(r'<a class="([^"]+)"[^>]+data-command="Replay this delivery"', page)
    assert button == "btn"


def test_superseding_closes_it_with_the_reason(lead: Client, story: world.Story) -> None:
    address = f"/deliveries/{story.delivery.id}/supersede/"
    assert lead.post(address, {"reason": ""}).status_code == 422
    assert lead.post(address, {"reason": "a newer count went out"}).status_code == 303
    story.delivery.refresh_from_db()
    assert story.delivery.status == DeliveryStatus.SUPERSEDED
    assert lead.post(address, {"reason": "again"}).status_code == 422
    assert Event.objects.get(type="delivery.superseded").remark.text == "a newer count went out"


def corrected(message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the pointer of a text that may be changed, and the message with it changed."""
    for key, value in message.items():
        changed = {**message, key: f"{value}!"}
        if isinstance(value, str) and not changes_of(message, changed)[0].locked:
            return f"/{key}", changed
    raise AssertionError(message)


def test_a_message_is_changed_by_two_persons(lead: Client, story: world.Story, monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdicts.Verdict(verdicts.VerdictKind.SAFE_ABSENT, "Looked up: it is not there.")
    monkeypatch.setattr(verdicts, "_by_remote", lambda delivery: found)
    agent, address = world.signed_in(world.person("ops_agent")), f"/deliveries/{story.delivery.id}/edit/"
    pointer, message = corrected(story.delivery.message)
    given = {"fence": str(story.delivery.fence), "reason": "a typing error"}
    shown = re.search(r"<textarea[^>]*>(.*?)</textarea>", agent.get(address).content.decode(), re.S)
    assert shown is not None
    text = html.unescape(shown[1])
    assert json.loads(text) == story.delivery.message
    assert "Nothing is changed." in agent.post(address, {**given, "message": text}).content.decode()
    locked = agent.post(address, {**given, "message": json.dumps({**message, "number": "RMA-1"})})
    assert locked.status_code == 422
    assert "/number: Cannot be changed by hand." in locked.content.decode()
    assert agent.post(address, {**given, "message": "{"}).status_code == 422
    assert agent.post(address, {**given, "message": json.dumps(message)}).status_code == 303
    asked = Approval.objects.get(kind="message_edit")
    dialog = lead.get(f"/approvals/{asked.id}/approve/").content.decode()
    assert pointer in dialog
    assert "Change the message" in lead.get("/approvals/").content.decode()
    assert agent.post(f"/approvals/{asked.id}/approve/", {"reason": "mine"}).status_code == 403
    answer = lead.post(f"/approvals/{asked.id}/approve/", {"reason": "seen it"}, follow=True)
    assert "Approved; sent again." in answer.content.decode()
    story.delivery.refresh_from_db()
    assert (story.delivery.status, story.delivery.payload) == (DeliveryStatus.READY, message)
    assert "Changed by hand" in lead.get(f"/deliveries/{story.delivery.id}/").content.decode()


def test_what_waits_behind_is_let_pass_by_two_persons(lead: Client, story: world.Story) -> None:
    fields = {"lane_key": story.delivery.lane_key, "status": DeliveryStatus.READY, "operation": "refund.tell"}
    behind = world.stopped(story.rma, story.connection, **fields)
    behind.refresh_from_db()
    agent, address = world.signed_in(world.person("ops_agent")), f"/deliveries/{story.delivery.id}/lane/"
    assert "Let pass…" in agent.get(f"/deliveries/{story.delivery.id}/").content.decode()
    assert "money is in the lane" in agent.get(address).content.decode()
    assert agent.post(address, {"fence": "0", "reason": "no need of it"}).status_code == 303
    asked = Approval.objects.get(kind="resequence")
    answer = lead.post(f"/approvals/{asked.id}/approve/", {"reason": "right"}, follow=True)
    assert "Approved; what waited behind it goes on." in answer.content.decode()
    moved = Delivery.objects.get(pk=story.delivery.pk)
    assert (moved.status, moved.lane_seq > behind.lane_seq) == (DeliveryStatus.DEAD, True)
    assert "Not now." in agent.get(address).content.decode()
