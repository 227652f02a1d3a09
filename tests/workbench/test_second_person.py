"""A delivery above the limit for one person: asked, approved or refused by another, and sent at most once."""

from datetime import timedelta

import pytest
from django.test import Client

from retailops.accounts.models import User
from retailops.cases.models import Approval, ApprovalStatus
from retailops.cases.services import approve
from retailops.events import verdicts
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery, Event
from retailops.lib.clock import now
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _the_remote_says_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdicts.Verdict(verdicts.VerdictKind.SAFE_ABSENT, "Looked up: it is not there.")
    monkeypatch.setattr(verdicts, "_by_remote", lambda delivery: found)


@pytest.fixture
def delivery() -> Delivery:
    return world.stopped(world.received(), world.stripe(), amount=1_500_000)


@pytest.fixture
def agent() -> Client:
    return world.signed_in(world.person("ops_agent", name="Mia Moss"))


@pytest.fixture
def second() -> User:
    return world.person("ops_lead", name="Leo Lane")


@pytest.fixture
def lead(second: User) -> Client:
    return world.signed_in(second)


def ask(delivery: Delivery) -> str:
    return f"/deliveries/{delivery.id}/ask/"


def asked(client: Client, delivery: Delivery) -> Approval:
    """Return the approval that the person has asked for."""
    assert client.post(ask(delivery), {"reason": "the dispute was won"}).status_code == 303
    return Approval.objects.get(kind="replay", subject_id=delivery.id)


def decide(approval: Approval, verdict: str) -> str:
    return f"/approvals/{approval.id}/{verdict}/"


def status_of(delivery: Delivery) -> str:
    delivery.refresh_from_db()
    return delivery.status


def test_above_the_limit_one_person_cannot_send_and_is_offered_to_ask(agent: Client, delivery: Delivery) -> None:
    page = agent.get(f"/deliveries/{delivery.id}/verdict/").content.decode()
    assert "Needs a second person" in page
    assert ask(delivery) in page
    assert agent.post(f"/deliveries/{delivery.id}/replay/", {"reason": "again"}).status_code == 422
    assert status_of(delivery) == DeliveryStatus.DEAD


def test_what_one_person_asks_another_approves_and_it_is_sent_once(
    agent: Client, lead: Client, second: User, delivery: Delivery
) -> None:
    approval = asked(agent, delivery)
    assert (approval.amount, approval.reason) == (1_500_000, "the dispute was won")
    assert "It waits in Approvals" in agent.get(f"/deliveries/{delivery.id}/verdict/").content.decode()
    page = lead.get("/approvals/").content.decode()
    assert decide(approval, "approve") in page
    assert "the dispute was won" in page.lower()
    answer = lead.post(decide(approval, "approve"), {"reason": "seen the bank's letter"}, follow=True)
    assert "Approved; sent again." in answer.content.decode()
    assert status_of(delivery) == DeliveryStatus.READY
    approval.refresh_from_db()
    assert (approval.status, approval.decided_by) == (ApprovalStatus.CONSUMED, f"user:{second.id}")
    sent = Event.objects.get(type="delivery.replayed")
    assert sent.actor == approval.requested_by


def test_a_word_is_good_for_one_sending_only(agent: Client, lead: Client, delivery: Delivery) -> None:
    approval = asked(agent, delivery)
    lead.post(decide(approval, "approve"), {"reason": "yes"})
    Delivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.DEAD)
    assert agent.post(f"/deliveries/{delivery.id}/replay/", {"reason": "again"}).status_code == 422
    assert status_of(delivery) == DeliveryStatus.DEAD


def test_a_word_that_was_given_elsewhere_is_used_by_who_asked(agent: Client, second: User, delivery: Delivery) -> None:
    approval = asked(agent, delivery)
    approve(second.actor(), approval.id, "by the API")
    page = agent.get(f"/deliveries/{delivery.id}/replay/").content.decode()
    assert "Leo Lane agreed" in page
    assert agent.post(f"/deliveries/{delivery.id}/replay/", {"reason": "now"}).status_code == 303
    assert status_of(delivery) == DeliveryStatus.READY
    approval.refresh_from_db()
    assert approval.status == ApprovalStatus.CONSUMED


def test_who_approved_does_not_send_it_too(second: User, lead: Client, agent: Client, delivery: Delivery) -> None:
    approval = asked(agent, delivery)
    approve(second.actor(), approval.id, "yes")
    assert lead.post(f"/deliveries/{delivery.id}/replay/", {"reason": "mine"}).status_code == 422
    assert status_of(delivery) == DeliveryStatus.DEAD


def test_who_asked_does_not_decide(lead: Client, delivery: Delivery) -> None:
    approval = asked(lead, delivery)
    assert decide(approval, "approve") not in lead.get("/approvals/").content.decode()
    assert "You asked for this." in lead.get(decide(approval, "approve")).content.decode()
    assert lead.post(decide(approval, "approve"), {"reason": "me"}).status_code == 403
    approval.refresh_from_db()
    assert approval.status == ApprovalStatus.REQUESTED


def test_refused_nothing_is_sent(agent: Client, lead: Client, delivery: Delivery) -> None:
    approval = asked(agent, delivery)
    assert lead.post(decide(approval, "refuse"), {"reason": ""}).status_code == 422
    assert lead.post(decide(approval, "refuse"), {"reason": "not shown"}).status_code == 303
    approval.refresh_from_db()
    assert (approval.status, status_of(delivery)) == (ApprovalStatus.REFUSED, DeliveryStatus.DEAD)


def test_what_is_not_safe_any_more_is_approved_but_not_sent(
    agent: Client, lead: Client, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = asked(agent, delivery)
    unknown = verdicts.Verdict(verdicts.VerdictKind.IN_DOUBT, "The remote cannot tell now.", what_to_do="Wait.")
    monkeypatch.setattr(verdicts, "_by_remote", lambda delivery: unknown)
    answer = lead.post(decide(approval, "approve"), {"reason": "yes"}, follow=True)
    assert "Approved, but it was not sent: The remote cannot tell now." in answer.content.decode()
    approval.refresh_from_db()
    assert (approval.status, status_of(delivery)) == (ApprovalStatus.APPROVED, DeliveryStatus.DEAD)


def test_asking_twice_is_asking_once_and_a_newer_state_asks_anew(agent: Client, delivery: Delivery) -> None:
    first = asked(agent, delivery)
    assert asked(agent, delivery).id == first.id
    Delivery.objects.filter(pk=delivery.pk).update(fence=7)
    assert agent.post(ask(delivery), {"reason": "and again"}).status_code == 303
    first.refresh_from_db()
    assert first.status == ApprovalStatus.VOIDED
    assert Approval.objects.get(status=ApprovalStatus.REQUESTED).reason == "and again"


def test_an_expired_word_counts_for_nothing(agent: Client, second: User, delivery: Delivery) -> None:
    approval = asked(agent, delivery)
    approve(second.actor(), approval.id, "yes")
    Approval.objects.update(expires_at=now() - timedelta(minutes=1))
    assert agent.post(f"/deliveries/{delivery.id}/replay/", {"reason": "late"}).status_code == 422
    assert status_of(delivery) == DeliveryStatus.DEAD


def test_nothing_is_asked_for_what_got_there(agent: Client, delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.DELIVERED)
    assert "Not now." in agent.get(ask(delivery)).content.decode()
    assert agent.post(ask(delivery), {"reason": "x"}).status_code == 422
    assert not Approval.objects.exists()


def test_who_may_not_replay_does_not_ask_and_who_may_not_decide_does_not_decide(
    agent: Client, delivery: Delivery
) -> None:
    approval = asked(agent, delivery)
    manager = world.signed_in(world.person("manager"))
    assert manager.get(ask(delivery)).status_code == 403
    assert manager.post(ask(delivery), {"reason": "x"}).status_code == 403
    assert agent.post(decide(approval, "approve"), {"reason": "x"}).status_code == 403
    stranger = world.signed_in(world.person("ops_lead", regions=["FR"]))
    assert stranger.post(ask(delivery), {"reason": "x"}).status_code == 404
    assert stranger.post(decide(approval, "approve"), {"reason": "x"}).status_code == 404
    approval.refresh_from_db()
    assert approval.status == ApprovalStatus.REQUESTED
