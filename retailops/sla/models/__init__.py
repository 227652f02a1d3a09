"""Promises, calendars, clocks; and alerts with their channels, rules and mutes."""

from retailops.sla.models.alerts import (
    Alert,
    AlertChannel,
    AlertRule,
    AlertState,
    ChannelKind,
    Mute,
)
from retailops.sla.models.clocks import (
    SCOPE,
    ClockState,
    PolicyStatus,
    Severity,
    SlaCalendar,
    SlaClock,
    SlaPolicy,
    SlaRebuild,
)
from retailops.sla.models.looks import LatencyLook

__all__ = [
    "SCOPE",
    "Alert",
    "AlertChannel",
    "AlertRule",
    "AlertState",
    "ChannelKind",
    "ClockState",
    "LatencyLook",
    "Mute",
    "PolicyStatus",
    "Severity",
    "SlaCalendar",
    "SlaClock",
    "SlaPolicy",
    "SlaRebuild",
]
