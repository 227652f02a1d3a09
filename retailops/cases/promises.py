"""Broken promises (`sla.*`): a case is opened, or the case that is itself late is raised; it ends with the breach."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.cases.events import CaseEscalated
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseQueue, CaseStatus
from retailops.cases.services import open_case, resolve_troubles
from retailops.cases.telling import tell_case, write_note
from retailops.events.catalog import Subject, subscribe
from retailops.events.models import Event
from retailops.lib.clock import now

SLA = Actor.system("sla")
BROKEN_PROMISE = "sla.breached"
_SPANS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def register() -> None:
    """Register the subscribers."""
    subscribe("sla.breached", promise_broken)
    for name in ("sla.met", "sla.canceled", "sla.breach_withdrawn"):
        subscribe(name, promise_settled)


def promise_broken(event: Event) -> None:
    """sla.breached → the late case is raised; of anything else a case is opened where the promise says so."""
    data = event.data
    if data["subject_type"] == "case":
        _raise(UUID(data["subject_id"]), f"{data['title']}: not done within {in_words(data['target_seconds'])}.")
    elif data["opens_case"]:
        open_case(SLA, _case(event))


def _case(event: Event) -> CaseIn:
    data = event.data
    late = f"{data['title']}: not within {in_words(data['target_seconds'])}"
    connection = data["subject_type"] == "delivery"
    return CaseIn(
        kind=BROKEN_PROMISE,
        queue=CaseQueue.TECHNICAL if connection else CaseQueue.BUSINESS,
        title=f"{late}{_whose(event)}",
        group_title=late,
        dedupe_key=trouble_of(data),
        subject=Subject(
            event.subject_type,
            event.subject_id,
            event.correlation_id,
            str(event.subject_id),
            event.region,
            event.brand,
            event.channel,
        ),
        detail=f"It began {_minute(data['started_at'])} and was due {_minute(data['due_at'])}.",
        next_action="See what it waits for, and bring it on. The case ends by itself when it is done.",
        system=data["connection"],
        operation=data["name"],
        evidence={"clock_id": data["clock_id"], "due_at": data["due_at"]},
        cause=event.id,
    )


def _minute(instant: str) -> str:
    return f"{instant[:16].replace('T', ' ')} UTC"


def trouble_of(data: dict[str, Any]) -> str:
    """Return the dedupe key of a broken promise: one for each thing; of deliveries, one for each connection."""
    if data["subject_type"] == "delivery":
        return f"sla:{data['name']}:{data['connection']}"
    return f"sla:{data['name']}:{data['subject_id']}"


def _whose(event: Event) -> str:
    if event.data["connection"] and event.data["subject_type"] == "delivery":
        return f" to {event.data['connection']}"
    told = Event.objects.filter(correlation_id=event.correlation_id, data__number__isnull=False)
    number = told.order_by("position").values_list("data__number", flat=True).first()
    return f" for {number}" if number else ""


def _raise(case_id: UUID, reason: str) -> None:
    case = Case.objects.select_for_update().filter(pk=case_id, status=CaseStatus.OPEN).first()
    if case is None or case.escalated_at is not None:
        return
    case.escalated_at, case.snoozed_until = now(), None
    case.save(update_fields=["escalated_at", "snoozed_until"])
    write_note(case, SLA, "escalated", reason)
    tell_case(CaseEscalated, case, SLA, reason=reason)


def promise_settled(event: Event) -> None:
    """The thing is done, moot, or was in time after all: the case of its breach ends."""
    why = {
        "sla.met": "It is done, after its time." if event.data.get("late") else "It is done.",
        "sla.canceled": "Nothing is to be done any more.",
        "sla.breach_withdrawn": "It was in time after all: that was recorded late.",
    }[event.type]
    evidence = {"event_id": str(event.id), "clock_id": event.data["clock_id"]}
    resolve_troubles(SLA, trouble_of(event.data), why, evidence, cause=event.id)


def in_words(seconds: int) -> str:
    """Return a span as people say it: "2 days", "90 minutes"."""
    size, unit = next((size, unit) for size, unit in _SPANS if seconds % size == 0)
    count = timedelta(seconds=seconds) // timedelta(seconds=size)
    return f"{count} {unit}{'' if count == 1 else 's'}"
