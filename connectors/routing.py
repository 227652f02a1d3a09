"""Which connections and webhook endpoints each published event is owed to.

What is read of them is remembered by its stamp, a UUID that triggers change with every change of them. The stamp is
read by the statement that writes the events, in their transaction: what is remembered counts while nothing changed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, LiteralString
from uuid import UUID

from connectors.protocol import Candidate, Connector, Route, money_of_data
from connectors.registry import operation_of, routes_of
from retailops.events.catalog import DeliverySpec, EffectSpec
from retailops.events.models import Event
from retailops.events.raw_sql import fetch

WEBHOOK_OPERATION = "webhook.send"
TEST_EVENT = "webhook_endpoint.tested"
# What the machinery says of itself: `*` means business events, these must be asked for by name (`delivery.*`).
MACHINERY = ("delivery.", "connection.", "webhook_endpoint.", "bulk_operation.", "message.")


@dataclass(frozen=True)
class Endpoint:
    """A webhook endpoint as routing sees it."""

    id: UUID
    destination_id: UUID
    regions: Sequence[str]
    brands: Sequence[str]
    types: frozenset[str]


@dataclass(frozen=True)
class Table:
    """Every connection and endpoint that may be owed one of some events."""

    candidates: dict[str, list[Candidate]] = field(default_factory=dict)
    endpoints: list[Endpoint] = field(default_factory=list)


def route(events: Sequence[Event], stamp: UUID | None = None) -> Iterator[tuple[Event, DeliverySpec]]:
    """Yield what each event is owed: one delivery per operation, one per endpoint that wants its type."""
    vendors = {connector.vendor for event in events for connector, _ in routes_of(event.type)}
    patterns = {pattern for event in events for pattern in patterns_of(event)}
    table = _known(stamp, tuple(sorted(vendors)), tuple(sorted(patterns)))
    for event in events:
        yield from ((event, spec) for spec in _connection_specs(event, table))
        yield from ((event, _webhook_spec(event, endpoint)) for endpoint in table.endpoints if _wants(endpoint, event))


def patterns_of(event: Event) -> set[str]:
    """Return the subscriptions that match an event: its type, its group (`return.*`), and `*` for business events."""
    group = event.type.partition(".")[0]
    patterns = {event.type, f"{group}.*"}
    return patterns if event.type.startswith(MACHINERY) else patterns | {"*"}


_TABLE = """
SELECT 'c', c.id, c.destination_id, c.vendor, c.name, c.regions, c.brands, c.channels,
  ARRAY(SELECT key FROM jsonb_each(c.config) WHERE value = 'true')
FROM connectors_connection c JOIN events_destination d ON d.id = c.destination_id
WHERE c.vendor = ANY(%(vendors)s::text[]) AND d.retired_at IS NULL
UNION ALL
SELECT 'e', e.id, e.destination_id, '', '', e.regions, e.brands, '{}'::text[], e.types
FROM connectors_webhookendpoint e JOIN events_destination d ON d.id = e.destination_id
WHERE (e.types::text[] && %(patterns)s::text[] OR %(testing)s::boolean)
  AND e.disabled_at IS NULL AND d.retired_at IS NULL
ORDER BY 2
"""


STAMP: LiteralString = "(SELECT stamp FROM connectors_routingstamp)"


def _known(stamp: UUID | None, vendors: tuple[str, ...], patterns: tuple[str, ...]) -> Table:
    return _table(vendors, patterns) if stamp is None else _remembered(stamp, vendors, patterns)


@lru_cache(maxsize=200)
def _remembered(stamp: UUID, vendors: tuple[str, ...], patterns: tuple[str, ...]) -> Table:
    return _table(vendors, patterns)


def _table(vendors: tuple[str, ...], patterns: tuple[str, ...]) -> Table:
    table = Table()
    testing = TEST_EVENT in patterns
    for row in fetch(_TABLE, {"vendors": list(vendors), "patterns": list(patterns), "testing": testing}, prepare=True):
        if row[0] == "c":
            candidate = Candidate(*row[1:9])
            table.candidates.setdefault(candidate.vendor, []).append(candidate)
        else:
            table.endpoints.append(Endpoint(row[1], row[2], row[5], row[6], frozenset(row[8])))
    return table


def _connection_specs(event: Event, table: Table) -> Iterable[DeliverySpec]:
    for candidate, connector, route_ in takers(event, table):
        yield connection_spec(event, candidate, connector, route_)


def takers(event: Event, table: Table) -> Iterator[tuple[Candidate, Connector, Route]]:
    """Yield who of the table's connections gets the event, once for each operation that it is owed as."""
    offers: dict[str, list[tuple[Candidate, Connector, Route]]] = {}
    for connector, route_ in routes_of(event.type):
        for candidate in table.candidates.get(connector.vendor, ()):
            if in_scope(event, candidate.regions, candidate.brands, candidate.channels) and route_.serves(
                event, candidate
            ):
                offers.setdefault(route_.operation, []).append((candidate, connector, route_))
    for offered in offers.values():
        # min() keeps the first of equals, and the table is in the order of creation.
        yield min(offered, key=lambda offer: -narrowness(offer[0]))


def table_of(event_types: Iterable[str]) -> Table:
    """Return the connections that may be owed events of these types, as they are now (one query)."""
    vendors = {connector.vendor for type in event_types for connector, _ in routes_of(type)}
    return _table(tuple(sorted(vendors)), ())


def in_scope(event: Event, regions: Sequence[str], brands: Sequence[str], channels: Sequence[str] = ()) -> bool:
    """Tell whether each scope is empty or names the event's."""
    return (
        (not regions or event.region in regions)
        and (not brands or event.brand in brands)
        and (not channels or event.channel in channels)
    )


def narrowness(candidate: Candidate) -> int:
    """Return how many scopes the connection limits itself to."""
    return sum(map(bool, (candidate.regions, candidate.brands, candidate.channels)))


def connection_spec(event: Event, candidate: Candidate, connector: Connector, route_: Route) -> DeliverySpec:
    """Return the delivery of one event to one connection."""
    operation = operation_of(connector.vendor, route_.operation)
    key = route_.effect_key(event)
    return DeliverySpec(
        destination_id=candidate.destination_id,
        operation=operation.name,
        effect_key=key,
        repeat_safe=operation.repeat_safe,
        money=money_of_data(event) if operation.money else None,
        effect=EffectSpec(operation.effect_kind, key) if operation.effect_kind else None,
    )


def _wants(endpoint: Endpoint, event: Event) -> bool:
    if event.type == TEST_EVENT:
        return bool(event.data.get("endpoint_id") == str(endpoint.id))
    if _about_a_webhook(event):
        return False
    return bool(endpoint.types & patterns_of(event)) and in_scope(event, endpoint.regions, endpoint.brands)


def _about_a_webhook(event: Event) -> bool:
    """A webhook that fails must not cause webhooks about its failing."""
    data: dict[str, Any] = event.data
    return event.type.startswith("delivery.") and data.get("operation") == WEBHOOK_OPERATION


def _webhook_spec(event: Event, endpoint: Endpoint) -> DeliverySpec:
    return DeliverySpec(
        destination_id=endpoint.destination_id, operation=WEBHOOK_OPERATION, effect_key=str(event.id), repeat_safe=True
    )
