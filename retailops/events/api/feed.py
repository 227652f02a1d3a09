"""GET /events: the feed. POST /events: what other systems tell."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter
from rest_framework.request import Request

from retailops.accounts.batches import BatchResult, done, keep_denials, read_batch, refused, single
from retailops.accounts.endpoint import Answer, Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.events.cloudevents import CloudEvent, cloud_event
from retailops.events.feed import read_feed
from retailops.events.intake import BATCH_LIMIT, CloudEventIn, take_events
from retailops.events.intake_rows import Taken
from retailops.events.selectors import events_visible_to
from retailops.lib.errors import DomainError, Invalid, hidden
from retailops.lib.openapi import Operation
from retailops.lib.wire import Query, Shape, read_json

TypeName = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[a-z_.]+\*?$")]


SINGLE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
ONE = TypeAdapter(CloudEventIn)
EventBatch = Annotated[list[CloudEventIn], Field(min_length=1, max_length=BATCH_LIMIT)]


class FeedQuery(Query):
    """Where to go on, and what to show."""

    after: str = Field("", max_length=1000, description="`next_cursor` of the answer before; empty for the beginning.")
    type: list[TypeName] = Field([], max_length=50, description="Event types; `return.*` for all of a family.")
    limit: int = Field(200, ge=1, le=1000, description="Most events to answer.")


class Feed(Shape):
    """Events in order. Keep `next_cursor`; it is there even when nothing new is."""

    results: list[CloudEvent]
    next_cursor: str
    more: bool = Field(description="More events wait already.")


class EventsEndpoint(CommandEndpoint):
    """Canonical events, out and in."""

    @operation(
        id="readEvents", summary="The event feed", tag="Events", permission=Permission.EVENTS_READ, query=FeedQuery,
        answers={200: Feed},
    )  # fmt: skip
    def get(self, request: Request, query: FeedQuery) -> Feed:
        """Every event of the caller's regions and brands, in order and without gaps, for BI and for catching up."""
        page = read_feed(self.actor, after=query.after, types=query.type, limit=query.limit)
        return Feed.build(
            results=[cloud_event(event) for event in page.events], next_cursor=page.next_cursor, more=page.more
        )

    def read_body(self, spec: Operation, media: str, raw: bytes) -> Any:
        """Return a list of events; those that cannot be read are Invalid."""
        if media == SINGLE:
            return [read_json(ONE, raw)]
        return read_batch(raw, spec.bodies[media], ONE)

    @operation(
        id="sendEvents", summary="Tell events", tag="Events", permission=Permission.EVENTS_WRITE,
        bodies={SINGLE: CloudEventIn, BATCH: EventBatch}, answers={200: BatchResult, 201: BatchResult},
        problems=(409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: list[CloudEventIn | Invalid]) -> Answer:
        """Canonical CloudEvents that another system tells: one (201, 200 where known, or its problem), or a batch of up
        to 500 with one result each. `source` and `id` make an event happen once, so all of it may be sent again. They
        enter the log, the feed, the trace and webhooks; they move no money, stock or return: commands do."""
        told = [each for each in body if isinstance(each, CloudEventIn)]
        taken = iter(take_events(actor=self.actor, events=told))
        outcomes = [each if isinstance(each, Invalid) else next(taken) for each in body]
        if request.content_type.startswith(SINGLE):
            known = single(outcomes[0]).known
            return Answer(_results(outcomes), status=200 if known else 201)
        keep_denials(request, [each for each in outcomes if isinstance(each, DomainError)])
        return Answer(_results(outcomes))


def _results(outcomes: Sequence[Taken | DomainError]) -> BatchResult:
    return BatchResult.build(
        results=[
            refused(index, each) if isinstance(each, DomainError) else done(index, each.id, created=not each.known)
            for index, each in enumerate(outcomes)
        ]
    )


class EventEndpoint(Endpoint):
    """One event."""

    @operation(
        id="getEvent", summary="One event", tag="Events", permission=Permission.EVENTS_READ,
        answers={200: CloudEvent},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> CloudEvent:
        """By our id of it, as webhooks give it (`dataref` of one that was too large leads here)."""
        event = events_visible_to(self.actor).filter(pk=id).first()
        if event is None:
            raise hidden()
        return cloud_event(event)
