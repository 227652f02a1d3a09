"""Alerts are raised and ended in the transaction that publishes the trouble; they leave through the engine."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from retailops.accounts.actor import Actor
from retailops.events.models import Event
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.sla.alerts.connections import held_until
from retailops.sla.alerts.events import AlertEscalated, AlertFact, AlertRaised
from retailops.sla.alerts.troubles import ENDINGS, RANK, TROUBLES, Trouble
from retailops.sla.models import Alert, AlertChannel, AlertRule, AlertState, Mute, Severity

ALERTS = Actor.system("alerts")
BATCH = 200


def trouble_published(event: Event) -> None:
    """Raise an alert for each rule that wants the trouble. A subscriber."""
    rules = list(_rules(event))
    if not rules:
        return
    trouble = TROUBLES[event.type](event)
    for rule in rules:
        if RANK[trouble.severity] >= RANK[Severity(rule.severity)]:
            _raise(rule, trouble, event)


def _rules(event: Event) -> QuerySet[AlertRule]:
    rows = AlertRule.objects.filter(kinds__contains=[event.type], retired_at=None, channel__retired_at=None)
    here = Q(region="") | Q(region=event.region), Q(brand="") | Q(brand=event.brand)
    return rows.filter(*here).select_related("channel").order_by("id")


def _raise(rule: AlertRule, trouble: Trouble, event: Event) -> None:
    """Send it, count it with the one that was sent within the window, or keep it silent."""
    moment = now()
    since = moment - timedelta(seconds=rule.dedupe_seconds)
    # The same trouble is never published twice at once: whoever does holds its case, clock or destination.
    same = Alert.objects.filter(rule=rule, dedupe_key=trouble.key, raised_at__gt=since).exclude(state=AlertState.OVER)
    former = same.order_by("-raised_at").first()
    if former is not None and _follows(former, event):
        return  # it is the same thing, told already
    if former is not None:
        Alert.objects.filter(pk=former.pk).update(occurrences=F("occurrences") + 1, last_at=moment)
        return
    muted = is_muted(trouble)
    alert = Alert.objects.create(
        rule=rule,
        dedupe_key=trouble.key,
        kind=trouble.kind,
        severity=trouble.severity,
        title=trouble.title[:300],
        subject_type=event.subject_type,
        subject_id=event.subject_id,
        correlation_id=event.correlation_id,
        region=event.region,
        brand=event.brand,
        cause_id=event.id,
        state=AlertState.MUTED if muted else AlertState.OPEN,
        raised_at=moment,
        last_at=moment,
        escalate_at=None if muted else _escalate_at(rule),
    )
    if not muted:
        tell(AlertRaised, alert, rule.channel, path=trouble.path, cause=event)


def _follows(former: Alert, event: Event) -> bool:
    """Tell whether one of them follows from the other, as a breach's case does; subscribers come in any order."""
    cause = Event.objects.filter(pk=former.cause_id, causation_id=event.id)
    return former.cause_id == event.causation_id or cause.exists()


def _escalate_at(rule: AlertRule) -> datetime | None:
    return now() + timedelta(minutes=rule.escalate_minutes) if rule.escalate_minutes else None


def is_muted(trouble: Trouble) -> bool:
    """Tell whether the trouble is to be told to nobody now."""
    one, kind = Q(dedupe_key=trouble.key), Q(dedupe_key="", kind=trouble.kind)
    silent = Mute.objects.filter(one | kind | Q(dedupe_key="", kind=""), until__gt=now()).exists()
    return silent or bool(trouble.connection and held_until(trouble.connection))


def tell(
    kind: type[AlertFact],
    alert: Alert,
    channel: AlertChannel,
    *,
    path: str = "",
    cause: Event | None = None,
    actor: Actor = ALERTS,
) -> Event:
    """Publish one event of an alert; raised and escalated ones are delivered to the channel."""
    fact = kind(
        alert_id=str(alert.id),
        rule=alert.rule.name,
        kind=alert.kind,
        severity=alert.severity,
        title=alert.title,
        subject_type=alert.subject_type,
        subject_id=str(alert.subject_id),
        path=path or f"/trace/{alert.correlation_id}/",
        destination_id=str(channel.destination_id),
        region=alert.region,
        brand=alert.brand,
    )
    return publish(fact, subject=alert.as_subject(), actor=actor, cause=cause.id if cause else None)


def trouble_ended(event: Event) -> None:
    """End the alerts of a trouble that is over. A subscriber."""
    key = ENDINGS[event.type](event)
    live = (AlertState.OPEN, AlertState.ACKNOWLEDGED, AlertState.MUTED)
    Alert.objects.filter(dedupe_key=key, state__in=live).update(state=AlertState.OVER, escalate_at=None)


@transaction.atomic
def escalate_due(limit: int = BATCH) -> int:
    """Tell the next channel of alerts that nobody acknowledged in time; return how many. A sweep."""
    due = Alert.objects.select_for_update(skip_locked=True, of=("self",)).filter(escalate_at__lte=now())
    alerts = list(due.select_related("rule__escalate_to").order_by("escalate_at")[:limit])
    for alert in alerts:
        alert.escalate_at, alert.escalated_at = None, now()
        alert.save(update_fields=["escalate_at", "escalated_at"])
        if alert.rule.escalate_to is not None:
            tell(AlertEscalated, alert, alert.rule.escalate_to)
    return len(alerts)
