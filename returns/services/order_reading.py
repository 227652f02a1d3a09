"""Read an order with what its units are worth and which of them are taken: two statements, locked or not.

The units are read after the order's row is locked, in a statement of their own: a statement that waited for the lock
would still see the units as they were before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from retailops.events.raw_sql import fetch
from retailops.lib.errors import hidden
from returns.allocation import Ranges, count, merge, subtract, value
from returns.enums import LIVE_STATUSES, PolicyStatus
from returns.inputs import OrderRef
from returns.models import Order, OrderLine
from returns.policy import Policy, policy_of

_ORDER: LiteralString = """
SELECT o.id, o.channel, o.external_id, o.number, o.region, o.brand, o.store, o.legal_entity, o.currency, o.placed_at,
       o.correlation_id, o.customer_id,
       -- Not a join: a merge that the lock waited for may have given the order another customer.
       coalesce((SELECT c."group" FROM returns_customer c WHERE c.id = o.customer_id), '') AS customer_group,
       o.shipping_charged, o.shipping_tax
  FROM returns_order o
"""
_BY_ID: LiteralString = _ORDER + " WHERE o.id = %(order_id)s"
_BY_CHANNEL: LiteralString = _ORDER + " WHERE o.channel = %(channel)s AND o.external_id = %(external_id)s"
_LOCK: LiteralString = " FOR NO KEY UPDATE OF o"

_UNITS: LiteralString = """
SELECT (SELECT jsonb_agg(jsonb_build_array(
                 l.id, l.line_no, l.external_id, l.sku, l.title, l.category, l.quantity, l.shipped_quantity,
                 l.shipped_at, l.delivered_at, l.final_sale, l.net, l.taxes, l.duty,
                 (SELECT coalesce(jsonb_agg(rl.units), '[]') FROM returns_returnline rl
                    JOIN returns_return r ON r.id = rl.rma_id
                   WHERE rl.order_line_id = l.id AND r.status = ANY(%(live)s))) ORDER BY l.line_no)
          FROM returns_orderline l WHERE l.order_id = %(order_id)s),
       (SELECT jsonb_agg(to_jsonb(p)) FROM returns_returnpolicy p WHERE p.status = %(active)s),
       (SELECT r.id FROM returns_return r
         WHERE r.source = %(source)s AND r.external_id = %(known_as)s AND r.external_id <> '')
"""


@dataclass(frozen=True)
class OrderFacts:
    """An order's columns."""

    id: UUID
    channel: str
    external_id: str
    number: str
    region: str
    brand: str
    store: str
    legal_entity: str
    currency: str
    placed_at: datetime
    correlation_id: UUID
    customer_id: UUID | None
    customer_group: str
    shipping_charged: int
    shipping_tax: int

    def as_row(self) -> Order:
        """Return the order as a model with these columns loaded and the others deferred."""
        names = [f.attname for f in Order._meta.concrete_fields if f.attname in ORDER_COLUMNS]
        return Order.from_db("default", names, [getattr(self, name) for name in names])


ORDER_COLUMNS = tuple(column.name for column in fields(OrderFacts))


@dataclass(frozen=True)
class LineFacts:
    """An order line's columns, and the units that live returns have taken."""

    id: UUID
    line_no: int
    external_id: str
    sku: str
    title: str
    category: str
    quantity: int
    shipped: int
    shipped_at: datetime | None
    delivered_at: datetime | None
    final_sale: bool
    net: int
    taxes: list[dict[str, Any]]
    duty: int
    taken: Ranges = field(default_factory=list)

    def as_row(self) -> OrderLine:
        """Return the line as a model with its names loaded and the other columns deferred."""
        return OrderLine.from_db("default", ["id", "line_no", "external_id"], [self.id, self.line_no, self.external_id])

    def free(self) -> Ranges:
        """Return the shipped units that no live return has taken."""
        return subtract([[0, self.shipped]], self.taken)

    def returnable(self) -> int:
        """Return how many units may still come back."""
        return count(self.free())

    def worth(self, units: Sequence[Sequence[int]]) -> int:
        """Return what was paid for the units, taxes and duty included, in minor units."""
        added = [tax["amount"] for tax in self.taxes if not tax["included"]]
        return sum(value(total, self.quantity, units) for total in (self.net, self.duty, *added))


@dataclass(frozen=True)
class Snapshot:
    """An order as a decision saw it."""

    order: OrderFacts
    lines: list[LineFacts]
    policies: list[Policy]
    known: UUID | None = None


def read_order(ref: OrderRef, *, lock: bool) -> OrderFacts:
    """Return the order's columns. Raises NotFound."""
    statement = _BY_ID if ref.order_id else _BY_CHANNEL
    rows = fetch(statement + _LOCK if lock else statement, ref.model_dump(), prepare=True)
    if not rows:
        raise hidden()
    return OrderFacts(*rows[0])


def read_units(order: OrderFacts, *, source: str = "", known_as: str = "") -> Snapshot:
    """Return the order's lines, the policies in force, and the return that `source` calls `known_as`, if any."""
    parameters = {
        "order_id": order.id,
        "live": [str(status) for status in LIVE_STATUSES],
        "active": str(PolicyStatus.ACTIVE),
        "source": source,
        "known_as": known_as,
    }
    [(lines, policies, known)] = fetch(_UNITS, parameters, prepare=True)
    return Snapshot(order, [_line(row) for row in lines or []], [policy_of(row) for row in policies or []], known)


def _line(row: list[Any]) -> LineFacts:
    key, *columns, taken = row
    columns[7:9] = [datetime.fromisoformat(moment) if moment else None for moment in columns[7:9]]
    return LineFacts(*[UUID(key), *columns, merge(*taken)])
