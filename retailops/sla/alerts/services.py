"""Commands on rules, mutes and alerts. (Channels bear secrets and addresses: `connectors.alerts.services`.)"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from retailops.accounts.actor import Actor, require, scope_q
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid, NotFound, hidden
from retailops.sla.alerts.events import AlertAcknowledged, AlertMuted, AlertReopened, AlertRuleChanged
from retailops.sla.alerts.raising import tell
from retailops.sla.alerts.troubles import TROUBLES
from retailops.sla.models import Alert, AlertChannel, AlertRule, AlertState, Mute, Severity

MANAGE, VIEW, WORK = Permission.POLICIES_MANAGE, Permission.POLICIES_VIEW, Permission.CASES_WORK
LONGEST_MUTE = timedelta(days=30)


@dataclass(frozen=True)
class RuleIn:
    """A rule: kinds of troubles (types of events), at least so severe, in a scope (empty: any), to a channel.

    The same trouble is sent once in `dedupe_seconds`. `escalate_minutes` and `escalate_to` go together.
    """

    name: str
    kinds: list[str]
    channel: UUID
    severity: str = Severity.NORMAL
    region: str = ""
    brand: str = ""
    dedupe_seconds: int = 3600
    escalate_minutes: int | None = None
    escalate_to: UUID | None = None


@transaction.atomic
def put_rule(*, actor: Actor, rule: RuleIn, rule_id: UUID | None = None) -> AlertRule:
    """Create a rule, or replace the content of one.

    Raises NotFound, Denied, Invalid (kinds, severity, times, channel), Conflict (the name is taken).
    """
    require(actor, MANAGE, region=rule.region, brand=rule.brand)
    found = _rule(actor, rule_id) if rule_id else AlertRule(created_by=actor.key)
    _check(rule)
    found.name, found.kinds, found.severity = rule.name.strip(), sorted(set(rule.kinds)), rule.severity
    found.region, found.brand, found.dedupe_seconds = rule.region, rule.brand, rule.dedupe_seconds
    found.channel = _channel(rule.channel, "/channel")
    found.escalate_minutes = rule.escalate_minutes
    found.escalate_to = _channel(rule.escalate_to, "/escalate_to") if rule.escalate_to else None
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as twin:
        raise Conflict(f"Another rule is called {found.name}.", code="name-taken") from twin
    _tell_rule(actor, found, "changed" if rule_id else "created")
    return found


def _check(rule: RuleIn) -> None:
    faults = [FieldError("/kinds", f"No trouble is called {kind}.") for kind in rule.kinds if kind not in TROUBLES]
    if not rule.kinds:
        faults.append(FieldError("/kinds", "Choose at least one."))
    if not rule.name.strip() or len(rule.name.strip()) > 80:
        faults.append(FieldError("/name", "Give it a name of at most 80 characters."))
    if rule.severity not in Severity.values:
        faults.append(FieldError("/severity", "Must be low, normal or high."))
    if not 0 <= rule.dedupe_seconds <= 7 * 86400:
        faults.append(FieldError("/dedupe_seconds", "At most a week."))
    if (rule.escalate_minutes is None) != (rule.escalate_to is None):
        faults.append(FieldError("/escalate_to", "After how many minutes, and to whom: both, or neither."))
    if rule.escalate_minutes is not None and not 1 <= rule.escalate_minutes <= 10_080:
        faults.append(FieldError("/escalate_minutes", "Between a minute and a week."))
    if faults:
        raise Invalid("See `errors` for each field.", errors=faults)


def _channel(id: UUID, place: str) -> AlertChannel:
    found = AlertChannel.objects.filter(pk=id, retired_at=None).first()
    if found is None:
        raise Invalid("There is no such channel.", errors=[FieldError(place, "Choose a channel that is in use.")])
    return found


def _rule(actor: Actor, id: UUID) -> AlertRule:
    found = AlertRule.objects.select_for_update().filter(pk=id, retired_at=None).first()
    if found is None:
        raise hidden()
    require(actor, MANAGE, region=found.region, brand=found.brand, view=VIEW)
    return found


def _tell_rule(actor: Actor, rule: AlertRule, change: str, reason: str = "") -> None:
    publish(AlertRuleChanged(str(rule.id), rule.name, change, reason), subject=rule.as_subject(), actor=actor)


@transaction.atomic
def retire_rule(*, actor: Actor, rule_id: UUID) -> AlertRule:
    """Raise no alerts by it any more; those that it raised stay. Raises NotFound, Denied."""
    rule = _rule(actor, rule_id)
    rule.retired_at = now()
    rule.save(update_fields=["retired_at"])
    _tell_rule(actor, rule, "retired")
    return rule


@transaction.atomic
def mute(*, actor: Actor, until: datetime, reason: str, kind: str = "", dedupe_key: str = "") -> Mute:
    """Tell nobody of one trouble, of a kind, or of any, until a time at most 30 days ahead.

    Raises Denied (a silence is for all regions), Invalid (the time, the kind, no reason).
    """
    require(actor, MANAGE, region="", brand="")
    faults = []
    if not now() < until <= now() + LONGEST_MUTE:
        faults.append(FieldError("/until", "Must lie ahead, by at most 30 days."))
    if kind and kind not in TROUBLES:
        faults.append(FieldError("/kind", f"No trouble is called {kind}."))
    if not reason.strip():
        faults.append(FieldError("/reason", "Say why."))
    if faults:
        raise Invalid("See `errors` for each field.", errors=faults)
    made = Mute.objects.create(
        kind=kind, dedupe_key=dedupe_key[:200], until=until, reason=reason.strip()[:300], created_by=actor.key
    )
    _tell_mute(actor, made, "muted")
    return made


def silences_of_connections() -> QuerySet[Mute]:
    """Return the silences that hold what every connection is about: of all troubles, or of a kind that is theirs."""
    rows = Mute.objects.filter(until__gt=now(), dedupe_key="")
    return rows.filter(kind__in=["", "connection.paused", "connection.circuit_opened"]).order_by("-until")


def _tell_mute(actor: Actor, silence: Mute, change: str) -> None:
    name = silence.dedupe_key or silence.kind or "everything"
    fact = AlertMuted(str(silence.id), name, change, silence.reason, silence.until.isoformat())
    publish(fact, subject=silence.as_subject(), actor=actor)


@transaction.atomic
def end_mute(*, actor: Actor, mute_id: UUID) -> Mute:
    """End a silence now. Raises NotFound, Denied."""
    require(actor, MANAGE, region="", brand="")
    found = Mute.objects.select_for_update().filter(pk=mute_id, until__gt=now()).first()
    if found is None:
        raise NotFound("There is no such silence, or it is over.")
    found.until = now()
    found.save(update_fields=["until"])
    _tell_mute(actor, found, "ended")
    return found


def alerts_visible_to(actor: Actor) -> QuerySet[Alert]:
    """Return the alerts of the regions and brands whose cases the actor may see."""
    return Alert.objects.select_related("rule__channel").filter(scope_q(actor, Permission.CASES_VIEW))


@transaction.atomic
def acknowledge(*, actor: Actor, alert_id: UUID) -> Alert:
    """Say that somebody looks after it: it is not escalated. Raises NotFound, Denied, Conflict (not open)."""
    alert = _workable(actor, alert_id, AlertState.OPEN, "not-open")
    alert.state, alert.acknowledged_at, alert.acknowledged_by = AlertState.ACKNOWLEDGED, now(), actor.key
    alert.escalate_at = None
    alert.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "escalate_at"])
    tell(AlertAcknowledged, alert, alert.rule.channel, actor=actor)
    return alert


@transaction.atomic
def reopen(*, actor: Actor, alert_id: UUID) -> Alert:
    """Say that nobody looks after it after all: it is escalated when it would have been, at once where that is past.

    Raises NotFound, Denied, Conflict (it is not acknowledged: its trouble may be over).
    """
    alert = _workable(actor, alert_id, AlertState.ACKNOWLEDGED, "not-acknowledged")
    alert.state, alert.acknowledged_at, alert.acknowledged_by = AlertState.OPEN, None, ""
    alert.escalate_at = None if alert.escalated_at else _escalates(alert)
    alert.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "escalate_at"])
    tell(AlertReopened, alert, alert.rule.channel, actor=actor)
    return alert


def _workable(actor: Actor, alert_id: UUID, state: AlertState, code: str) -> Alert:
    alert = Alert.objects.select_for_update(of=("self",)).select_related("rule__channel").filter(pk=alert_id).first()
    if alert is None:
        raise hidden()
    require(actor, WORK, region=alert.region, brand=alert.brand, view=Permission.CASES_VIEW)
    if alert.state != state:
        raise Conflict(f"The alert is {alert.state}.", code=code, present=alert.state)
    return alert


def _escalates(alert: Alert) -> datetime | None:
    minutes = alert.rule.escalate_minutes
    return alert.raised_at + timedelta(minutes=minutes) if minutes else None
