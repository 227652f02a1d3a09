"""The reverse of silences, and of an alert acknowledged: what a message offers to undo."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.accounts.undo import Step, require_same, undoes
from retailops.sla.alerts import services
from retailops.sla.models import Alert, Mute


def begun(silence: Mute) -> Step:
    """Return what ends a silence that was just begun."""
    return Step("alerts.end_mute", {"mute": str(silence.pk)})


@undoes("alerts.end_mute")
def _end(actor: Actor, given: Mapping[str, Any]) -> None:
    services.end_mute(actor=actor, mute_id=UUID(given["mute"]))


def ended(silence: Mute) -> Step:
    """Return what begins a silence again that was just ended; it lasts as long as it would have."""
    told = {"until": silence.until.isoformat(), "reason": silence.reason, "kind": silence.kind}
    return Step("alerts.mute", told | {"dedupe_key": silence.dedupe_key})


@undoes("alerts.mute")
def _mute(actor: Actor, given: Mapping[str, Any]) -> None:
    services.mute(actor=actor, **{**given, "until": datetime.fromisoformat(given["until"])})


def acknowledged(alert: Alert) -> Step:
    """Return what opens an alert again that was just acknowledged."""
    return Step("alerts.reopen", {"alert": str(alert.pk), "left": _seen(alert)})


@undoes("alerts.reopen")
def _reopen(actor: Actor, given: Mapping[str, Any]) -> None:
    alert = services.alerts_visible_to(actor).select_for_update(of=("self",)).filter(pk=UUID(given["alert"])).first()
    require_same(given["left"], _seen(alert) if alert else "")
    services.reopen(actor=actor, alert_id=UUID(given["alert"]))


def _seen(alert: Alert) -> str:
    return f"{alert.state} {alert.acknowledged_by} {alert.acknowledged_at}"
