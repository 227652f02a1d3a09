"""Delivery latency: no clock for each delivery, one for the delivery that made its connection late.

How long each delivery took stands in its own row (`finished_at - created_at`), exact and for nothing. What nobody
writes is that one is late: a sweep looks at each destination when something there may be (`looking`), finds the oldest
open delivery that is past its time and keeps a clock for it, breached at the due time. While others are late as well
the next one takes its place, without another word; the breach is over when none is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.events.raw_sql import fetch
from retailops.lib.clock import now
from retailops.sla.book import Book, Version, book
from retailops.sla.clock_rows import insert_clocks, update_clocks
from retailops.sla.dial import CANCEL, START, STOP
from retailops.sla.events import ClockBreached, ClockCanceled, ClockFact, ClockMet
from retailops.sla.hours import add, between
from retailops.sla.looking import IDLE, look_next, to_look_at
from retailops.sla.models import ClockState, SlaClock
from retailops.sla.telling import publish_facts

NAME, SUBJECT = "delivery_latency", "delivery"
EVERY_SECONDS = 10
# A dead delivery has a case of its own; what is retried or looked up is late.
_OLDEST = """
SELECT d.id, d.created_at, t.name, d.event_id, e.correlation_id, e.region, e.brand, e.channel
FROM events_destination t
CROSS JOIN LATERAL (SELECT id, created_at, event_id FROM events_delivery
                    WHERE destination_id = t.id AND status IN ('ready', 'in_doubt')
                    ORDER BY created_at, id LIMIT 1) d
JOIN events_event e ON e.id = d.event_id
WHERE t.retired_at IS NULL AND t.kind IN ('connection', 'webhook') AND t.name = ANY(%(names)s)
"""


@dataclass(frozen=True)
class _Late:
    delivery: UUID
    created_at: datetime
    destination: str
    event: UUID
    correlation: UUID
    region: str
    brand: str
    channel: str


@transaction.atomic
def follow_deliveries() -> int:
    """Enter clocks of connections that are late, end those of deliveries that are done; return how many. A sweep."""
    known, moment = book(), now()
    breached = SlaClock.objects.filter(name=NAME, breached_at__isnull=False, state=ClockState.RUNNING)
    running = list(breached.select_for_update(no_key=True).order_by("id"))
    ended = _end(running)
    freed = {clock.connection for clock in ended}
    still = {clock.connection for clock in running} - freed
    looked = {name: id for name, id in to_look_at(moment, freed).items() if name not in still}
    oldest = _oldest(known, looked)
    late = [(each, version) for each, version in oldest if version and _due(version, each.created_at) < moment]
    look_next(_next_looks(known, looked, oldest, moment))
    insert_clocks([_clock(version, each, moment) for each, version in late])
    update_clocks(ended)
    fresh = [each.delivery for each, _ in late if each.destination not in freed]
    over = [clock for clock in ended if clock.connection not in {each.destination for each, _ in late}]
    told: list[tuple[type[ClockFact], SlaClock]] = [(_ending(clock), clock) for clock in over]
    entered = SlaClock.objects.filter(name=NAME, subject_id__in=fresh)
    publish_facts(known, [*told, *((ClockBreached, clock) for clock in entered)])
    return len(late) + len(ended)


def _oldest(known: Book, names: Iterable[str]) -> list[tuple[_Late, Version | None]]:
    """Return the oldest open delivery of each destination that has one, with the version that promises its time."""
    asked = list(names)
    found = [_Late(*row) for row in fetch(_OLDEST, {"names": asked})] if asked else []
    return [(each, latency_version(known, each.destination, each.created_at)) for each in found]


def _next_looks(
    known: Book, looked: Mapping[str, UUID], oldest: Iterable[tuple[_Late, Version | None]], moment: datetime
) -> dict[UUID, datetime]:
    """Return when each destination that was looked at may have something late; one that has it has a clock."""
    found = {}
    for name, id in looked.items():
        version = latency_version(known, name, moment)
        found[id] = _due(version, moment) if version else moment + IDLE
    for each, version in oldest:
        if version:
            id = looked[each.destination]
            found[id] = min(found[id], max(_due(version, each.created_at), moment))
    return found


def latency_version(known: Book, destination: str, at: datetime) -> Version | None:
    """Return the version that promises when a destination has its deliveries; only a connection narrows it."""
    for version in known.of_name.get(NAME, ()):
        if version.in_force(at) and version.scope in ((), (("connection", destination),)):
            return version
    return None


def _due(version: Version, created_at: datetime) -> datetime:
    return add(version.terms.hours, created_at, version.terms.target)


def _clock(version: Version, late: _Late, moment: datetime) -> SlaClock:
    due = _due(version, late.created_at)
    return SlaClock(
        policy_id=version.id,
        name=NAME,
        subject_type=SUBJECT,
        subject_id=late.delivery,
        correlation_id=late.correlation,
        region=late.region,
        brand=late.brand,
        channel=late.channel,
        connection=late.destination,
        state=ClockState.RUNNING,
        target_seconds=version.terms.target // timedelta(seconds=1),
        started_at=late.created_at,
        due_at=due,
        breached_at=due,
        breach_told_at=moment,
        marks=[[START, late.created_at.isoformat(), str(late.event)]],
        seen_at=moment,
    )


def _end(running: list[SlaClock]) -> list[SlaClock]:
    """End the clocks whose delivery is no longer under way; return them, not yet written."""
    ids = [clock.subject_id for clock in running]
    under_way = (DeliveryStatus.READY, DeliveryStatus.IN_DOUBT)
    done = {row.id: row for row in Delivery.objects.filter(pk__in=ids).exclude(status__in=under_way)}
    versions = book().versions
    ended = [clock for clock in running if clock.subject_id in done]
    for clock in ended:
        delivery = done[clock.subject_id]
        met = delivery.status == DeliveryStatus.DELIVERED
        clock.state = ClockState.MET if met else ClockState.CANCELED
        clock.ended_at = delivery.finished_at or now()
        open_time = between(versions[clock.policy_id].terms.hours, clock.started_at, clock.ended_at)
        clock.elapsed_seconds = open_time.total_seconds()
        clock.marks = [*clock.marks, [STOP if met else CANCEL, clock.ended_at.isoformat(), clock.marks[0][2]]]
    return ended


def _ending(clock: SlaClock) -> type[ClockFact]:
    return ClockMet if clock.state == ClockState.MET else ClockCanceled
