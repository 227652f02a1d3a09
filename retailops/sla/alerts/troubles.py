"""Which published events are troubles to alert of: what they are called, how severe they are, and what ends them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from retailops.events.models import Event
from retailops.sla.models import Severity

RANK = {Severity.LOW: 0, Severity.NORMAL: 1, Severity.HIGH: 2}


@dataclass(frozen=True)
class Trouble:
    """One trouble: `key` is what the same would be called again; `path` is the page that shows it.

    `connection` names the connection whose trouble it is; empty: none's.
    """

    kind: str
    key: str
    severity: Severity
    title: str
    path: str
    connection: str = ""


def _story(event: Event) -> str:
    return f"/trace/{event.correlation_id}/"


def _clock(event: Event) -> Trouble:
    data = event.data
    over = event.type == "sla.breached"
    title = f"{data['title']}: {'not done in time' if over else 'time is nearly up'}{_whose(event)}"
    severity = Severity(data["severity"]) if over else Severity.LOW
    connection = data["connection"] if data["subject_type"] == "delivery" else ""
    return Trouble(event.type, _clock_key(event), severity, title, _story(event), connection)


def _whose(event: Event) -> str:
    """Return of what: the number that the story bears, or the connection."""
    if event.data["subject_type"] == "delivery":
        return f" at {event.data['connection']}"
    told = Event.objects.filter(correlation_id=event.correlation_id, data__number__isnull=False)
    number = told.order_by("position").values_list("data__number", flat=True).first()
    return f" for {number}" if number else f" for {event.data['subject_type']} …{event.data['subject_id'][-8:]}"


def _clock_key(event: Event) -> str:
    data = event.data
    # A late connection is one trouble, whichever of its deliveries is the oldest.
    return f"sla:{data['name']}:{data['connection'] if data['subject_type'] == 'delivery' else data['subject_id']}"


def _case(event: Event) -> Trouble:
    data = event.data
    raised = event.type == "case.escalated"
    severity = Severity.HIGH if raised else Severity.NORMAL
    path, title = f"/cases/{data['case_id']}/", f"{'Escalated: ' if raised else ''}{data['title']}"
    breach = Event.objects.filter(pk=event.causation_id or event.id, type="sla.breached").first()
    if breach is not None and not raised:  # the case of a breach is the breach: told once, as severe as the graver
        clock = _clock(breach)
        severity = max(severity, clock.severity, key=lambda each: RANK[each])
        return replace(clock, kind=event.type, severity=severity, path=path)
    return Trouble(event.type, _case_key(event), severity, title, path, data.get("connection", ""))


def _case_key(event: Event) -> str:
    """Return the key of a case's trouble; a case that a breach opened bears the key of its clock."""
    trouble = str(event.data.get("trouble", ""))
    return trouble if event.data["kind"] == "sla.breached" and trouble else f"case:{event.data['case_id']}"


def _connection(event: Event) -> Trouble:
    data = event.data
    held = {"connection.paused": "is paused", "connection.circuit_opened": "keeps failing: nothing is sent for a while"}
    bad = data.get("cause") == "auth" or event.type == "connection.circuit_opened"
    severity = Severity.HIGH if bad else Severity.NORMAL
    return Trouble(
        event.type, _connection_key(event), severity, f"{data['destination']} {held[event.type]}", "/connections/",
        data["destination"],
    )  # fmt: skip


def _connection_key(event: Event) -> str:
    return f"connection:{event.data['destination_id']}"


TROUBLES: dict[str, Callable[[Event], Trouble]] = {
    "sla.breached": _clock,
    "sla.warned": _clock,
    "case.opened": _case,
    "case.escalated": _case,
    "connection.paused": _connection,
    "connection.circuit_opened": _connection,
}
# What ends a trouble: alerts of it are over, and nobody is called any more.
ENDINGS: dict[str, Callable[[Event], str]] = {
    "sla.met": _clock_key,
    "sla.canceled": _clock_key,
    "sla.breach_withdrawn": _clock_key,
    "case.resolved": _case_key,
    "connection.resumed": _connection_key,
    "connection.circuit_closed": _connection_key,
}
