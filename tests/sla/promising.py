"""Promises and events for tests of clocks."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from connectors.alerts.services import create_channel
from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.events.publish import append, compose
from retailops.lib.clock import now
from retailops.sla import book, services
from retailops.sla.alerts.services import RuleIn, mute, put_rule
from retailops.sla.models import PolicyStatus, SlaClock, SlaPolicy
from retailops.sla.sweeping import look_at_clocks
from returns.events.lines import LineInspected, LineReceived
from tests.factories import unique

SYSTEM = Actor.system("test")
STARTS, STOPS = [{"type": "return_line.received"}], [{"type": "return_line.inspected"}]


def promise(name: str = "", **fields: Any) -> SlaPolicy:
    """Return a version in force since long ago: an hour from receipt to inspection, without warning."""
    name = name or unique("promise_")
    latest = SlaPolicy.objects.filter(name=name).order_by("-version").first()
    defaults = {
        "version": latest.version + 1 if latest else 1,
        "title": "Promise",
        "subject_type": "return",
        "starts": STARTS,
        "stops": STOPS,
        "target_seconds": 3600,
        "status": PolicyStatus.ACTIVE,
        "effective_from": now() - timedelta(days=900),
    }
    policy = SlaPolicy.objects.create(name=name, **(defaults | fields))
    book.forget()
    return policy


def a_return(**scope: str) -> Subject:
    """Return the subject of a new return that only clocks know."""
    id = uuid4()
    return Subject("return", id, id, str(id), **({"region": "uk", "brand": "acme", "channel": "web"} | scope))


FACTS: dict[str, type] = {"received": LineReceived, "inspected": LineInspected}


def tell(kind: Any, subject: Subject, *, ago: timedelta = timedelta(), **data: Any) -> Event:
    """Publish a fact of a return's line that occurred so long ago."""
    shape = FACTS.get(kind, kind)
    basics = {"return_id": str(subject.id), "number": "R-1", "line_no": 1, "sku": "S", "quantity": 1}
    with transaction.atomic():
        event = compose(shape(**(basics | data)), subject=subject, actor=SYSTEM, occurred_at=now() - ago)
        append([event], {event.id: subject.lane})
    return event


def clock(policy: SlaPolicy | str, subject: Subject | UUID) -> SlaClock | None:
    """Return the clock of a promise about a thing, as the database has it."""
    id = subject if isinstance(subject, UUID) else subject.id
    name = policy if isinstance(policy, str) else policy.name
    return SlaClock.objects.filter(name=name, subject_id=id).first()


def scenery() -> None:
    """Tell clocks, hours and alerts in every state that a page shows."""
    policy = promise("inspection_demo", title="Demo of inspection", warn_seconds=600)
    draft = services.draft_policy(actor=SYSTEM, based_on=policy.id)
    assert draft.version == policy.version + 1
    to = create_channel(actor=SYSTEM, name="Leads", kind="email", address="leads@example.com").channel
    hook = create_channel(actor=SYSTEM, name="Chat", kind="slack", address="https://chat.example.com/hook").channel
    kinds = ["sla.breached", "sla.warned", "case.opened"]
    late = RuleIn("Whatever is late", kinds, to.id, severity="low", escalate_minutes=30, escalate_to=hook.id)
    put_rule(actor=SYSTEM, rule=late)
    mute(actor=SYSTEM, until=now() + timedelta(hours=4), reason="Planned work on the till", kind="sla.warned")
    for minutes in (20, 70, 90):
        tell("received", a_return(), ago=timedelta(minutes=minutes))
    look_at_clocks()
