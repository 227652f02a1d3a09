"""What a trace is made of: messages in, state changes, messages out; read in a fixed number of queries."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

from connectors import redaction
from connectors.models import InboxKind, InboxMessage
from connectors.wording import topic
from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.events.enums import DestinationKind, OutcomeClass, Trigger
from retailops.events.models import Attempt, Delivery, Effect, Event
from retailops.lib.errors import hidden
from retailops.workbench import words
from retailops.workbench.templatetags.workbench import system_name

OURS = "RetailOps"
LIMIT = 500
TONES = {OutcomeClass.DELIVERED: "ok", OutcomeClass.TRANSIENT: "warn"}


@dataclass
class Entry:
    """One thing that happened. `way` is in, state or out; `lane` the system it concerns; `object` what it opens to."""

    at: datetime
    way: str
    lane: str
    title: str
    tone: str
    anchor: str
    event: Event | None = None
    attempt: Attempt | None = None
    delivery: Delivery | None = None
    message: InboxMessage | None = None
    case: Case | None = None
    effect: Effect | None = None
    cause: str = ""
    body: object = None
    idle_seconds: float = 0
    # Events of the same type that the same transaction wrote: one step, told once.
    alike: list[Event] = field(default_factory=list)

    @property
    def events(self) -> list[Event]:
        """Return the step's events."""
        return [self.event, *self.alike] if self.event else []


@dataclass(frozen=True)
class Gathered:
    """The rows of one correlation id that the person may see."""

    events: list[Event]
    deliveries: list[Delivery] = field(default_factory=list)
    messages: list[InboxMessage] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


def gather(actor: Actor, correlation_id: UUID) -> Gathered:
    """Read the transaction. Raises NotFound when there is none, or none that the actor may see."""
    seen = Event.objects.filter(scope_q(actor, Permission.EVENTS_READ), correlation_id=correlation_id)
    events = list(seen.select_related("remark").order_by("position")[:LIMIT])
    if not events:
        raise hidden()
    deliveries = list(
        Delivery.objects.filter(event__in=[event.id for event in events])
        .exclude(destination__kind=DestinationKind.HANDLER)
        .select_related("destination", "destination__connection", "event", "effect")
        .prefetch_related("attempts")
        .order_by("id")
    )
    inbox = InboxMessage.objects.filter(correlation_id=correlation_id).select_related("connection")
    cases = Case.objects.filter(scope_q(actor, Permission.CASES_VIEW), correlation_id=correlation_id)
    return Gathered(
        events,
        deliveries,
        list(inbox.exclude(kind=InboxKind.ANSWER).order_by("received_at")[:LIMIT]),
        list(cases.order_by("opened_at")),
    )


def entries(found: Gathered) -> list[Entry]:
    """Return everything that happened, in order, each with the idle time before it."""
    made = [*_states(found), *_sent(found), *_received(found), *_cases(found)]
    order = {"in": 0, "state": 1, "out": 2}
    made.sort(key=lambda entry: (entry.at, order[entry.way]))
    for before, entry in pairwise(made):
        entry.idle_seconds = (entry.at - before.at).total_seconds()
    return made


def fingerprint(found: list[Entry]) -> str:
    """Return what changes whenever the trace would look different."""
    parts = [
        (entry.anchor, len(entry.alike), entry.tone, entry.delivery and entry.delivery.status, bool(entry.effect))
        for entry in found
    ]
    return sha256(repr(parts).encode()).hexdigest()[:16]


def _states(found: Gathered) -> Iterator[Entry]:
    known = {event.id for event in found.events}
    steps: dict[tuple[int, str], Entry] = {}
    for event in found.events:
        key = (event.transaction_id, event.type)
        if key in steps:
            steps[key].alike.append(event)
            continue
        shown = words.event(event.type)
        cause = f"e-{event.causation_id}" if event.causation_id in known else ""
        anchor = f"e-{event.id}"
        steps[key] = Entry(event.recorded_at, "state", OURS, shown.text, shown.tone, anchor, event=event, cause=cause)
    yield from steps.values()


def _sent(found: Gathered) -> Iterator[Entry]:
    for delivery in found.deliveries:
        title, lane, cause = (
            words.operation(delivery.operation),
            system_name(delivery.destination),
            f"e-{delivery.event_id}",
        )
        tries = list(delivery.attempts.all())
        for attempt in sorted(tries, key=lambda each: each.started_at):
            asked = attempt.trigger == Trigger.LOOK_UP
            tone = TONES.get(OutcomeClass(attempt.outcome), "warn" if asked else "bad")
            told = f"Look up: {title}" if asked else title
            yield Entry(
                attempt.started_at, "out", lane, told, tone, f"a-{attempt.id}",
                attempt=attempt, delivery=delivery, effect=delivery.effect, cause=cause,
            )  # fmt: skip
        if not tries:
            yield Entry(
                delivery.created_at, "out", lane, title, "idle", f"d-{delivery.id}",
                delivery=delivery, effect=delivery.effect, cause=cause,
            )  # fmt: skip


def _received(found: Gathered) -> Iterator[Entry]:
    for message in found.messages:
        tone = {"done": "ok", "dead": "bad"}.get(message.status, "warn")
        body = redaction.body(bytes(message.body), message.headers.get("content-type", "application/json"))
        title = topic(message.topic)
        yield Entry(
            message.received_at,
            "in",
            message.connection.label,
            title,
            tone,
            f"m-{message.id}",
            message=message,
            body=body,
        )


def _cases(found: Gathered) -> Iterator[Entry]:
    for case in found.cases:
        tone = "ok" if case.status == "resolved" else "bad"
        yield Entry(case.opened_at, "state", OURS, f"Case: {case.title}", tone, f"c-{case.id}", case=case)
