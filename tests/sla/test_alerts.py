"""Troubles are told to channels: once a window, not while muted, to the next channel when nobody acknowledges."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db.models import F

from connectors.alerts.services import create_channel, retire_channel
from connectors.outbound_http import close_clients
from connectors.services import mute_connection, pause_connection, unmute_connection
from connectors.webhooks_out.signing import key_of
from retailops.accounts.permissions import Permission
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseQueue
from retailops.cases.services import open_case, resolve_case
from retailops.events.models import Delivery, Event
from retailops.events.sending import drain
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.sla.alerts.raising import escalate_due, trouble_published
from retailops.sla.alerts.services import RuleIn, acknowledge, alerts_visible_to, end_mute, mute, put_rule, retire_rule
from retailops.sla.models import Alert, AlertChannel, AlertRule
from retailops.sla.sweeping import look_at_clocks
from tests.connectors.sandbox_server import WebhookSink
from tests.factories import SYSTEM, actor_with, everyone_with, unique
from tests.sla.promising import a_return, promise, tell
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_open_clients() -> Any:
    yield
    close_clients()


def channel(kind: str = "email", address: str = "ops@example.com, lead@example.com") -> AlertChannel:
    return create_channel(actor=SYSTEM, name=unique("channel "), kind=kind, address=address).channel


def rule(to: AlertChannel, **fields: Any) -> AlertRule:
    given: dict[str, Any] = {"name": unique("rule "), "kinds": ["case.opened"], "channel": to.id}
    return put_rule(actor=SYSTEM, rule=RuleIn(**(given | fields)))


def trouble(key: str = "", region: str = "uk") -> Case:
    case = CaseIn("test", CaseQueue.BUSINESS, "Refund <lost> & found", key or unique("t:"), a_return(region=region))
    return open_case(SYSTEM, case)


def send(to: AlertChannel) -> list[Delivery]:
    drain(to.destination_id)
    return list(Delivery.objects.filter(destination=to.destination_id).order_by("id"))


def test_a_case_is_mailed_to_everybody_of_the_channel() -> None:
    to = channel()
    rule(to)
    case = trouble()
    [delivery] = send(to)
    assert delivery.status == "delivered"
    [message] = mail.outbox
    assert message.to == ["ops@example.com", "lead@example.com"]
    assert message.subject == "[Normal] Refund <lost> & found"
    assert f"/cases/{case.id}/" in message.body
    alert = Alert.objects.get(rule__channel=to)
    assert (alert.state, alert.occurrences, alert.failure) == ("open", 1, "")
    assert alert.sent_at is not None


def test_a_webhook_is_signed_and_carries_no_address_of_ours(webhook_sink: WebhookSink) -> None:
    made = create_channel(actor=SYSTEM, name=unique("hook "), kind="webhook", address=webhook_sink.url)
    rule(made.channel)
    trouble()
    [delivery] = send(made.channel)
    [received] = webhook_sink.received
    id, timestamp = received.headers["webhook-id"], received.headers["webhook-timestamp"]
    content = f"{id}.{timestamp}.".encode() + received.body
    expected = base64.b64encode(hmac.new(key_of(made.secret), content, hashlib.sha256).digest()).decode()
    assert (received.headers["webhook-signature"], id) == (f"v1,{expected}", delivery.effect_key)
    body = json.loads(received.body)
    assert (body["type"], body["data"]["title"], body["data"]["severity"]) == (
        "alert.raised",
        "Refund <lost> & found",
        "normal",
    )
    assert "destination_id" not in body["data"]
    assert bytes(made.channel.secret or b"") != made.secret.encode()


def test_a_chat_gets_one_escaped_line_with_a_link(webhook_sink: WebhookSink) -> None:
    to = channel("slack", webhook_sink.url)
    rule(to)
    case = trouble()
    send(to)
    [received] = webhook_sink.received
    text = json.loads(received.body)["text"]
    assert text.startswith("[Normal] Refund &lt;lost&gt; &amp; found\n<http")
    assert text.endswith(f"/cases/{case.id}/|Open it>")


def test_what_does_not_arrive_is_tried_again_and_written_on_the_alert(webhook_sink: WebhookSink) -> None:
    to = channel("slack", webhook_sink.url)
    rule(to)
    trouble()
    webhook_sink.answers = [500]
    [delivery] = send(to)
    alert = Alert.objects.get(rule__channel=to)
    assert (delivery.status, alert.sent_at) == ("ready", None)
    assert alert.failure == "The channel answered 500; only 2xx counts."
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=F("created_at"))
    [delivery] = send(to)
    alert.refresh_from_db()
    assert (delivery.status, alert.failure) == ("delivered", "")
    assert alert.sent_at is not None


def test_the_same_trouble_is_sent_once_a_window() -> None:
    policy, to = promise(severity="high"), channel()
    rule(to, kinds=["sla.breached"])
    rma = a_return()
    tell("received", rma, ago=timedelta(minutes=90))
    look_at_clocks()
    event = Event.objects.get(type="sla.breached", subject_id=rma.id)
    trouble_published(event)
    alert = Alert.objects.get(rule__channel=to)
    assert (alert.occurrences, alert.dedupe_key) == (2, f"sla:{policy.name}:{rma.id}")
    assert len(send(to)) == 1
    Alert.objects.update(raised_at=now() - timedelta(hours=2))
    trouble_published(event)
    assert len(send(to)) == 2


def test_a_trouble_that_is_over_alerts_anew_and_is_not_escalated() -> None:
    to, boss = channel(), channel()
    rule(to, escalate_minutes=10, escalate_to=boss.id)
    case = trouble("t:again")
    resolve_case(SYSTEM, case.id, "done", {"note": "x"})
    alert = Alert.objects.get(rule__channel=to)
    assert (alert.state, alert.escalate_at) == ("over", None)
    trouble("t:again")
    assert Alert.objects.filter(rule__channel=to).count() == 2


def test_nobody_acknowledges_in_time_and_the_next_channel_is_told_once() -> None:
    to, boss = channel(), channel(address="boss@example.com")
    rule(to, escalate_minutes=10, escalate_to=boss.id)
    trouble()
    assert escalate_due() == 0
    Alert.objects.update(escalate_at=now() - timedelta(seconds=1))
    assert (escalate_due(), escalate_due()) == (1, 0)
    send(boss)
    assert mail.outbox[-1].to == ["boss@example.com"]
    assert mail.outbox[-1].subject == "[Normal] nobody has acknowledged this: Refund <lost> & found"
    assert Alert.objects.get(rule__channel=to).escalated_at is not None


def test_an_acknowledged_alert_is_not_escalated() -> None:
    to, boss = channel(), channel()
    rule(to, escalate_minutes=10, escalate_to=boss.id)
    trouble()
    alert = Alert.objects.get(rule__channel=to)
    rights, elsewhere, nobody = everyone_with(Permission.CASES_WORK, Permission.CASES_VIEW)
    for actor in (elsewhere, nobody):
        with pytest.raises(NotFound):
            acknowledge(actor=actor, alert_id=alert.id)
        assert list(alerts_visible_to(actor)) == []
    acknowledge(actor=rights, alert_id=alert.id)
    with pytest.raises(Conflict, match="acknowledged"):
        acknowledge(actor=rights, alert_id=alert.id)
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by, alert.escalate_at) == ("acknowledged", rights.key, None)


@pytest.mark.parametrize("which", ["one", "kind", "all"])
def test_a_muted_trouble_is_kept_and_told_to_nobody_until_the_silence_ends(which: str) -> None:
    to = channel()
    rule(to)
    what = {"one": {"dedupe_key": "case:none"}, "kind": {"kind": "case.opened"}, "all": {}}[which]
    silence = mute(actor=SYSTEM, until=now() + timedelta(hours=1), reason="maintenance", **what)
    trouble()
    alert = Alert.objects.get(rule__channel=to)
    assert (alert.state, len(send(to))) == (("open", 1) if which == "one" else ("muted", 0))
    end_mute(actor=SYSTEM, mute_id=silence.id)
    trouble()
    assert len(send(to)) == (2 if which == "one" else 1)


def test_only_the_rules_of_the_place_and_the_severity_apply() -> None:
    here, there, high, other = channel(), channel(), channel(), channel()
    rule(here, region="uk", brand="acme")
    rule(there, region="de")
    rule(high, severity="high")
    retire_rule(actor=SYSTEM, rule_id=rule(other).id)
    trouble()
    assert [len(send(to)) for to in (here, there, high, other)] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("kind", "address"), [("email", "nobody"), ("email", ""), ("slack", "ftp://example.com/x"), ("pigeon", "a@b.cc")]
)
def test_an_impossible_channel_is_refused(kind: str, address: str) -> None:
    with pytest.raises(Invalid):
        channel(kind, address)
    assert not AlertChannel.objects.exists()


def test_a_channel_in_use_is_not_retired() -> None:
    to = channel()
    used = rule(to)
    with pytest.raises(Conflict, match="sends there"):
        retire_channel(actor=SYSTEM, channel_id=to.id)
    retire_rule(actor=SYSTEM, rule_id=used.id)
    retire_channel(actor=SYSTEM, channel_id=to.id)
    with pytest.raises(Invalid):
        rule(to)


def test_settings_need_their_permissions() -> None:
    to, viewer = channel(), actor_with(Permission.POLICIES_VIEW, Permission.CONNECTIONS_VIEW)
    regional = actor_with(Permission.POLICIES_MANAGE, regions=["uk"])
    fields: dict[str, Any] = {"name": "n", "kinds": ["case.opened"], "channel": to.id}
    with pytest.raises(Denied):
        put_rule(actor=viewer, rule=RuleIn(**fields))
    with pytest.raises(Denied):
        put_rule(actor=regional, rule=RuleIn(**fields))
    with pytest.raises(Denied):
        mute(actor=regional, until=now() + timedelta(hours=1), reason="x")
    with pytest.raises(Denied):
        create_channel(actor=viewer, name="n", kind="email", address="a@example.com")
    put_rule(actor=regional, rule=RuleIn(**fields, region="uk"))
    assert AlertRule.objects.get().region == "uk"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kinds": []},
        {"kinds": ["nothing.happened"]},
        {"severity": "extreme"},
        {"escalate_minutes": 5},
        {"name": " "},
        {"channel": UUID(int=1)},
    ],
)
def test_an_impossible_rule_is_refused(wrong: dict[str, Any]) -> None:
    to = channel()
    with pytest.raises(Invalid):
        rule(to, **wrong)
    assert not AlertRule.objects.exists()


def breach(**policy: Any) -> Any:
    """Return a return whose promise has just been broken; a case is opened of it."""
    given: dict[str, Any] = {"severity": "high", "opens_case": True}
    promise(**(given | policy))
    rma = a_return()
    tell("received", rma, ago=timedelta(minutes=90))
    look_at_clocks()
    return rma


def test_a_breach_and_its_case_are_one_alert() -> None:
    to, cases_alone = channel(), channel()
    rule(to, kinds=["sla.breached", "case.opened"])
    rule(cases_alone, kinds=["case.opened"])
    rma = breach()
    assert Case.objects.filter(kind="sla.breached", subject_id=rma.id).count() == 1
    for each in (to, cases_alone):
        alert = Alert.objects.get(rule__channel=each)
        assert (alert.occurrences, alert.severity, alert.state) == (1, "high", "open")
        assert len(send(each)) == 1
    [one, other] = Alert.objects.filter(rule__channel__in=[to, cases_alone])
    assert one.dedupe_key == other.dedupe_key


def test_it_is_over_when_its_case_is() -> None:
    to = channel()
    rule(to, kinds=["sla.breached", "case.opened"])
    rma = breach()
    case = Case.objects.get(kind="sla.breached", subject_id=rma.id)
    resolve_case(SYSTEM, case.id, "told the customer", {"note": "x"})
    assert [alert.state for alert in Alert.objects.filter(rule__channel=to)] == ["over"]


def test_a_case_of_a_slight_breach_is_told_as_a_case_is() -> None:
    to = channel()
    rule(to, kinds=["sla.breached", "case.opened"], severity="normal")
    breach(severity="low")
    alert = Alert.objects.get(rule__channel=to)
    assert (alert.kind, alert.severity) == ("case.opened", "normal")


def test_a_connection_that_is_muted_alerts_of_nothing_until_it_ends() -> None:
    to = channel()
    rule(to, kinds=["case.opened", "connection.paused", "connection.circuit_opened"])
    stripe = world.stripe()
    mute_connection(actor=SYSTEM, connection_id=stripe.id, until=now() + timedelta(hours=1), reason="they move house")
    pause_connection(actor=SYSTEM, connection_id=stripe.id, reason="moving")
    held = CaseIn("test", CaseQueue.TECHNICAL, "Stripe refuses", unique("t:"), a_return(), connection=stripe.name)
    open_case(SYSTEM, held)
    trouble()
    states = Alert.objects.filter(rule__channel=to).order_by("id").values_list("title", "state")
    assert list(states) == [
        (f"{stripe.name} is paused", "muted"), ("Stripe refuses", "muted"), ("Refund <lost> & found", "open"),
    ]  # fmt: skip
    assert len(send(to)) == 1
    ops = world.signed_in(world.person("administrator"))
    assert f"Muted: what {stripe.label} is about" in ops.get("/alerts/settings/").content.decode()
    assert "Alerts are held until" in ops.get(f"/connections/{stripe.name}/").content.decode()
    unmute_connection(actor=SYSTEM, connection_id=stripe.id)
    open_case(SYSTEM, CaseIn("test", CaseQueue.TECHNICAL, "Anew", unique("t:"), a_return(), connection=stripe.name))
    assert Alert.objects.get(title="Anew").state == "open"


def test_a_silence_of_all_is_told_on_the_pages_of_connections() -> None:
    stripe = world.stripe()
    ops = world.signed_in(world.person("administrator"))
    assert "All alerts are held" not in ops.get(f"/connections/{stripe.name}/").content.decode()
    mute(actor=SYSTEM, until=now() + timedelta(hours=1), reason="drill")
    assert "All alerts are held" in ops.get(f"/connections/{stripe.name}/").content.decode()
