"""Promises and events for tests of clocks."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.events.publish import append, compose
from retailops.lib.clock import now
from retailops.sla import book
from retailops.sla.models import PolicyStatus, SlaClock, SlaPolicy
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
