"""What a change of a connection would mean, before it is made: what waits, what would be sent otherwise, and which
events would go elsewhere or nowhere. Reads only."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from connectors.context import as_it_would_be
from connectors.models import Connection
from connectors.protocol import Candidate
from connectors.registry import connector_of
from connectors.rendering import Verdict, as_claimed, rendered, verdict_of
from connectors.routing import Table, table_of, takers
from retailops.events.enums import OPEN_STATUSES, DestinationKind
from retailops.events.models import Delivery, Event
from retailops.events.selectors import QueueFigures, queue_figures

# How many open deliveries are rendered twice, and how many of the last ones tell which scopes there are.
RENDERED, SCOPES = 300, 2000


@dataclass(frozen=True)
class Proposal:
    """How the connection would be; None leaves it as it is."""

    config: Mapping[str, Any] | None = None
    mapping: Mapping[str, Any] | None = None
    regions: Sequence[str] | None = None
    brands: Sequence[str] | None = None
    channels: Sequence[str] | None = None
    retired: bool = False


@dataclass(frozen=True)
class Rerouted:
    """Events of one scope that would go elsewhere: `to` is a connection's label, empty where nobody takes them.

    `lately` is how many of the last deliveries were of this scope.
    """

    operation: str
    region: str
    brand: str
    channel: str
    came_to: str
    to: str
    lately: int


@dataclass(frozen=True)
class Impact:
    """What waits (`queue`), how open deliveries would be rendered, and what would be routed otherwise."""

    queue: QueueFigures
    looked_at: int = 0
    verdicts: Mapping[str, int] = field(default_factory=dict)
    more: bool = False
    rerouted: Sequence[Rerouted] = ()

    @property
    def differently(self) -> int:
        """Return how many open deliveries would be sent with another content."""
        return self.verdicts.get(Verdict.DIFFERENT, 0)

    @property
    def broken(self) -> int:
        """Return how many open deliveries could not be sent any more."""
        return self.verdicts.get(Verdict.BROKEN, 0)

    @property
    def mended(self) -> int:
        """Return how many open deliveries could be sent that cannot be now."""
        return self.verdicts.get(Verdict.MENDED, 0)

    @property
    def lost(self) -> Sequence[Rerouted]:
        """Return the scopes that nobody would serve."""
        return [each for each in self.rerouted if not each.to]


def impact_of(connection: Connection, proposal: Proposal) -> Impact:
    """Return what the proposal would mean; a fixed number of queries. Raises VendorFailure for a wrong config."""
    queue = queue_figures([connection.destination_id]).get(connection.destination_id, QueueFigures())
    counted = Counter[str]() if proposal.retired else _rerendered(connection, proposal)
    return Impact(
        queue=queue,
        looked_at=counted.total(),
        verdicts=dict(counted),
        more=queue.depth + queue.dead > RENDERED,
        rerouted=list(_rerouted(connection, proposal)),
    )


def _rerendered(connection: Connection, proposal: Proposal) -> Counter[str]:
    connector = connector_of(connection.vendor)
    config = connection.config if proposal.config is None else proposal.config
    mapping = connection.mapping if proposal.mapping is None else proposal.mapping
    if config == connection.config and mapping == connection.mapping:
        return Counter()
    present = as_it_would_be(connection, config=connection.config, mapping=connection.mapping)
    changed = as_it_would_be(connection, config=config, mapping=mapping)
    rows = Delivery.objects.filter(destination=connection.destination_id, status__in=OPEN_STATUSES)
    counted: Counter[str] = Counter()
    for delivery in rows.select_related("event", "destination").order_by("-id")[:RENDERED]:
        claimed = as_claimed(delivery)
        counted[verdict_of(rendered(connector, present, claimed), rendered(connector, changed, claimed))] += 1
    return counted


def _rerouted(connection: Connection, proposal: Proposal) -> Iterator[Rerouted]:
    lately = _lately(connection)
    before = table_of({event.type for _, event, _ in lately})
    after = _changed(before, connection, proposal)
    labels = dict(Connection.objects.values_list("destination_id", "label"))
    for operation, event, count in lately:
        was, becomes = _taker(event, before, operation), _taker(event, after, operation)
        if was is not None and was != becomes:
            to = labels[becomes] if becomes else ""
            yield Rerouted(operation, event.region, event.brand, event.channel, labels[was], to, count)


def _lately(connection: Connection) -> list[tuple[str, Event, int]]:
    """Return the scopes of the last deliveries of the vendor's operations, each with one event and how many."""
    operations = list(connector_of(connection.vendor).operations)
    rows = Delivery.objects.filter(operation__in=operations, destination__kind=DestinationKind.CONNECTION)
    found: dict[tuple[Any, ...], tuple[str, Event, int]] = {}
    for delivery in rows.select_related("event").order_by("-id")[:SCOPES]:
        event = delivery.event
        key = (delivery.operation, delivery.destination_id, event.type, event.region, event.brand, event.channel)
        _, first, count = found.get(key, (delivery.operation, event, 0))
        found[key] = (delivery.operation, first, count + 1)
    return list(found.values())


def _changed(table: Table, connection: Connection, proposal: Proposal) -> Table:
    candidates = {
        vendor: [_proposed(each, proposal) if each.id == connection.id else each for each in held]
        for vendor, held in table.candidates.items()
    }
    if proposal.retired:
        candidates = {v: [each for each in held if each.id != connection.id] for v, held in candidates.items()}
    return Table(candidates, [])


def _proposed(candidate: Candidate, proposal: Proposal) -> Candidate:
    given = {"regions": proposal.regions, "brands": proposal.brands, "channels": proposal.channels}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if proposal.config is not None:
        changes["switches"] = [name for name, value in proposal.config.items() if value is True]
    return replace(candidate, **changes)


def _taker(event: Event, table: Table, operation: str) -> UUID | None:
    for candidate, _, route in takers(event, table):
        if route.operation == operation:
            return candidate.destination_id
    return None
