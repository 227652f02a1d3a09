"""The search that takes any id: each kind is looked up by its own index, and only what the person may see is told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from connectors.models import Connection, InboxMessage
from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.events.models import Delivery, Destination, Event
from retailops.lib.ids import parse_uuid
from returns.selectors import find_by_any_id

RECENT_EVENTS = 400
RECENT = 20


@dataclass(frozen=True)
class Found:
    """Something that bears the id, and the transaction that it belongs to."""

    kind: str
    label: str
    correlation_id: UUID


@dataclass(frozen=True)
class Recent:
    """A transaction by its latest event; `number` is the latest number that any of its events tells."""

    correlation_id: UUID
    event: Event
    number: str = ""


def find(actor: Actor, text: str) -> list[Found]:
    """Return what bears the id, each once; nothing of what the actor may not see."""
    id = parse_uuid(text)
    domain = (Found(hit.kind, hit.label, hit.correlation_id) for hit in find_by_any_id(text))
    everything = [*domain, *_by_key(text), *(_by_uuid(id) if id else ())]
    return _visible(actor, dict.fromkeys(everything))


def stories(actor: Actor, text: str) -> set[UUID]:
    """Return the transactions that bear the number or reference; who asks narrows them to what it shows."""
    domain = {hit.correlation_id for hit in find_by_any_id(text)}
    return domain | {found.correlation_id for found in _by_key(text)}


def _by_key(text: str) -> Iterator[Found]:
    connections = list(Connection.objects.values_list("id", flat=True))
    for message in InboxMessage.objects.filter(
        connection__in=connections, message_id=text, correlation_id__isnull=False
    ):
        yield Found("message", f"{message.topic or message.kind} {message.message_id}", _known(message.correlation_id))
    destinations = list(Destination.objects.values_list("id", flat=True))
    for delivery in Delivery.objects.filter(destination__in=destinations, effect_key=text).select_related("event"):
        yield Found("delivery", f"{delivery.operation} {delivery.effect_key}", delivery.event.correlation_id)


def _by_uuid(id: UUID) -> Iterator[Found]:
    if Event.objects.filter(correlation_id=id).exists():
        yield Found("transaction", str(id), id)
    for event in Event.objects.filter(pk=id):
        yield Found("event", event.type, event.correlation_id)
    for delivery in Delivery.objects.filter(pk=id).select_related("event"):
        yield Found("delivery", f"{delivery.operation} {delivery.effect_key}", delivery.event.correlation_id)
    for message in InboxMessage.objects.filter(pk=id, correlation_id__isnull=False):
        yield Found("message", f"{message.topic or message.kind} {message.message_id}", _known(message.correlation_id))
    for case in Case.objects.filter(pk=id):
        yield Found("case", case.title, case.correlation_id)


def _known(correlation_id: UUID | None) -> UUID:
    assert correlation_id is not None  # noqa: S101  # the query asked for messages that have one
    return correlation_id


def _visible(actor: Actor, found: Iterable[Found]) -> list[Found]:
    hits = list(found)
    asked = {hit.correlation_id for hit in hits}
    seen = Event.objects.filter(scope_q(actor, Permission.EVENTS_READ), correlation_id__in=asked)
    allowed = set(seen.order_by().values_list("correlation_id", flat=True).distinct())
    return [hit for hit in hits if hit.correlation_id in allowed]


def recent(actor: Actor) -> list[Recent]:
    """Return the transactions that moved last, newest first, each by its latest event."""
    latest = Event.objects.filter(scope_q(actor, Permission.EVENTS_READ)).order_by("-position")[:RECENT_EVENTS]
    found: dict[UUID, Recent] = {}
    for event in latest:
        known = found.setdefault(event.correlation_id, Recent(event.correlation_id, event))
        if not known.number and event.data.get("number"):
            found[event.correlation_id] = replace(known, number=str(event.data["number"]))
    return list(found.values())[:RECENT]
