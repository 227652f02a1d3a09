"""Events of alerts. `alert.raised` and `alert.escalated` are what a channel's destination delivers."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class AlertFact:
    """Which trouble, how severe, and where it is told (the channel's destination). `path` is its page."""

    alert_id: str
    rule: str
    kind: str
    severity: str
    title: str
    subject_type: str
    subject_id: str
    path: str
    destination_id: str
    region: str = ""
    brand: str = ""


@event("alert.raised")
@dataclass(frozen=True)
class AlertRaised(AlertFact):
    """A trouble is told to a channel."""


@event("alert.escalated")
@dataclass(frozen=True)
class AlertEscalated(AlertFact):
    """Nobody acknowledged it in time: it is told to the next channel."""


@event("alert.acknowledged")
@dataclass(frozen=True)
class AlertAcknowledged(AlertFact):
    """Somebody has seen it: it is not escalated."""


@event("alert.reopened")
@dataclass(frozen=True)
class AlertReopened(AlertFact):
    """Nobody looks after it after all: it is open again, and escalated when its time comes."""


@dataclass(frozen=True)
class AlertSetting:
    """A channel, rule or mute, by name, and what was done to it."""

    id: str
    name: str
    change: str
    reason: str = ""


@event("alert.channel_changed")
@dataclass(frozen=True)
class AlertChannelChanged(AlertSetting):
    """A channel was created, given another address or secret, tested or retired. Secrets are never told."""


@event("alert.rule_changed")
@dataclass(frozen=True)
class AlertRuleChanged(AlertSetting):
    """A rule was created, changed or retired."""


@event("alert.muted")
@dataclass(frozen=True)
class AlertMuted(AlertSetting):
    """Troubles of a kind, or one trouble, are told to nobody until a time; or are told again (`ended`)."""

    until: str = ""
