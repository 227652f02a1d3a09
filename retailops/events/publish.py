"""Publish: write the event and its deliveries in the command's transaction; nudge workers once it has committed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from retailops.accounts.actor import Actor
from retailops.events.catalog import DeliverySpec, Subject, adapter, registry, type_of
from retailops.events.effects import effect_place, intend
from retailops.events.inserting import insert_missing, insert_rows
from retailops.events.models import Delivery, Destination, Event, Remark
from retailops.events.nudge import nudge_after_commit
from retailops.events.prepared import Prepared
from retailops.lib import tracing
from retailops.lib.clock import now
from retailops.lib.new_rows import new_row

LONGEST_REMARK = 300
_DEADLINES = Prepared(lambda ids: Destination.objects.filter(id__in=ids).values_list("id", "deadline_seconds"))


def publish(
    data: Any,
    *,
    subject: Subject,
    actor: Actor,
    cause: UUID | None = None,
    reason_code: str = "",
    words: str = "",
    policy_version: str = "",
    occurred_at: datetime | None = None,
) -> Event:
    """Append one event, run its in-transaction subscribers, and write the deliveries that routers ask for.

    Must be called inside a transaction that holds the subject's row lock (or has just made the subject): lanes take
    their order from it. `data` is an instance of a declared event dataclass. What a person wrote (`words`) is kept
    beside the event and is never delivered; `reason_code` is a term, never a sentence.
    """
    event = compose(
        data,
        subject=subject,
        actor=actor,
        cause=cause,
        reason_code=reason_code,
        words=words,
        policy_version=policy_version,
        occurred_at=occurred_at,
    )
    append([event], {event.id: subject.lane})
    return event


def compose(
    data: Any,
    *,
    subject: Subject,
    actor: Actor,
    cause: UUID | None = None,
    reason_code: str = "",
    words: str = "",
    policy_version: str = "",
    occurred_at: datetime | None = None,
) -> Event:
    """Return the event, not yet written: for commands that hand several to `append` at once."""
    declared = type_of(data)
    moment = now()
    event = new_row(
        Event,
        type=declared.name,
        version=declared.version,
        subject_type=subject.type,
        subject_id=subject.id,
        correlation_id=subject.correlation_id,
        causation_id=cause,
        actor=actor.key,
        on_behalf_of=actor.on_behalf_of,
        reason_code=reason_code,
        policy_version=policy_version,
        traceparent=tracing.kept(),
        region=subject.region,
        brand=subject.brand,
        channel=subject.channel,
        data=adapter(declared.shape).dump_python(data, mode="json"),
        occurred_at=occurred_at or moment,
        recorded_at=moment,
    )
    event.words = words.strip()
    return event


def append(events: Sequence[Event], lanes: dict[UUID, str]) -> None:
    """Insert events, create deliveries, run followers and subscribers. `lanes` maps event id to lane key."""
    if not connection.in_atomic_block:
        raise RuntimeError("publish only within the command's transaction")
    stamp = insert_rows(events, telling=registry.stamp)
    if said := [Remark(event_id=event.id, text=event.words[:LONGEST_REMARK]) for event in events if event.words]:
        Remark.objects.bulk_create(said)
    deliver(events, lanes, stamp=stamp)
    for follower in registry.followers:
        follower(events)
    for event in events:
        for subscriber in registry.subscribers.get(event.type, ()):
            subscriber(event)


def words_of(event_id: UUID) -> str:
    """Return the reason of an event for people: what was written, else its code; "" where neither was given."""
    event = Event.objects.select_related("remark").get(pk=event_id)
    return event.remark.text if hasattr(event, "remark") else event.reason_code


def deliver(events: Sequence[Event], lanes: dict[UUID, str], *, only: str = "", stamp: UUID | None = None) -> None:
    """Write the deliveries that the routers ask for; `only` keeps to destinations of that kind.

    `stamp` is the routers' own (see `catalog.route`), as it was when the events were written.
    """
    wanted = [pair for router in registry.routers for pair in router(events, stamp)]
    if only and wanted:
        wanted = _to_kind(wanted, only)
    if not wanted:
        return
    deadlines = _deadlines({spec.destination_id for _, spec in wanted})
    effects = intend([spec for _, spec in wanted if spec.effect])
    insert_missing(
        [
            _delivery(event, spec, lanes[event.id], deadlines[spec.destination_id], effects.get(effect_place(spec)))
            for event, spec in wanted
        ]
    )
    nudge_after_commit({spec.destination_id for _, spec in wanted})


def _to_kind(wanted: list[tuple[Event, DeliverySpec]], kind: str) -> list[tuple[Event, DeliverySpec]]:
    ids = {spec.destination_id for _, spec in wanted}
    kept = set(Destination.objects.filter(id__in=ids, kind=kind).values_list("id", flat=True))
    return [(event, spec) for event, spec in wanted if spec.destination_id in kept]


def _deadlines(destination_ids: set[UUID]) -> dict[UUID, int]:
    return dict(_DEADLINES.all(destination_ids))


def _delivery(event: Event, spec: DeliverySpec, lane: str, deadline_seconds: int, effect_id: UUID | None) -> Delivery:
    deadline = spec.deadline or timedelta(seconds=deadline_seconds)
    return new_row(
        Delivery,
        event_id=event.id,
        destination_id=spec.destination_id,
        operation=spec.operation,
        lane_key=spec.lane or lane,
        effect_key=spec.effect_key,
        effect_id=effect_id,
        repeat_safe=spec.repeat_safe,
        amount=spec.money.amount if spec.money else None,
        currency=spec.money.currency if spec.money else "",
        next_attempt_at=event.recorded_at,
        deadline_at=event.recorded_at + deadline,
        created_at=event.recorded_at,
    )
