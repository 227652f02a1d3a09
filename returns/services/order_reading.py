"""Read an order with what its units are worth and which of them are taken: two statements, locked or not.

The units are read after the order's row is locked, in a statement of their own: a statement that waited for the lock
would still see the units as they were before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from retailops.events.raw_sql import fetch_numbered
from retailops.lib.errors import hidden
from returns.allocation import Ranges, count, merge, subtract, value
from returns.enums import LIVE_STATUSES, PolicyStatus
from returns.inputs import OrderRef
from returns.models import Order, OrderLine
from returns.policy import Policy
from returns.policy_memory import policies_now, remembered

_ORDER: LiteralString = """
SELECT o.id, o.channel, o.external_id, o.number, o.region, o.brand, o.store, o.legal_entity, o.currency, o.placed_at,
       o.correlation_id, o.customer_id,
       -- Not a join: a merge that the lock waited for may have given the order another customer.
       coalesce((SELECT c."group" FROM returns_customer c WHERE c.id = o.customer_id), '') AS customer_group,
       o.shipping_charged, o.shipping_tax
  FROM returns_order o
"""
_BY_ID: LiteralString = _ORDER + " WHERE o.id = $1"
_BY_CHANNEL: LiteralString = _ORDER + " WHERE o.channel = $1 AND o.external_id = $2"
_LOCK: LiteralString = " FOR NO KEY UPDATE OF o"

# One row a line, and one row of an order without lines. The policies are only told where they are not those of the
# stamp that the asker remembers (docs/decisions/0034).
_UNITS: LiteralString = """
SELECT (SELECT r.id FROM returns_return r WHERE r.source = $3 AND r.external_id = $4 AND r.external_id <> ''),
       s.stamp,
       CASE WHEN s.stamp = $5 THEN NULL
            ELSE (SELECT jsonb_agg(to_jsonb(p)) FROM returns_returnpolicy p WHERE p.status = $6) END,
       l.id, l.line_no, l.external_id, l.sku, l.title, l.category, l.quantity, l.shipped_quantity, l.shipped_at,
       l.delivered_at, l.final_sale, l.net, l.taxes, l.duty,
       (SELECT jsonb_agg(rl.units) FROM returns_returnline rl JOIN returns_return r ON r.id = rl.rma_id
         WHERE rl.order_line_id = l.id AND r.status = ANY($2::text[]))
  FROM (SELECT (SELECT stamp FROM returns_policystamp) AS stamp) s
  LEFT JOIN returns_orderline l ON l.order_id = $1
 ORDER BY l.line_no
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


_LIVE = [status.value for status in LIVE_STATUSES]
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
    policies: Sequence[Policy]
    known: UUID | None = None


def read_order(ref: OrderRef, *, lock: bool) -> OrderFacts:
    """Return the order's columns. Raises NotFound."""
    values = [ref.order_id] if ref.order_id else [ref.channel, ref.external_id]
    statement = _BY_ID if ref.order_id else _BY_CHANNEL
    rows = fetch_numbered(statement + _LOCK if lock else statement, values)
    if not rows:
        raise hidden()
    return OrderFacts(*rows[0])


def read_units(order: OrderFacts, *, source: str = "", known_as: str = "") -> Snapshot:
    """Return the order's lines, the policies in force, and the return that `source` calls `known_as`, if any."""
    mine = remembered()
    rows = fetch_numbered(_UNITS, [order.id, _LIVE, source, known_as, mine.stamp, PolicyStatus.ACTIVE.value])
    known, stamp, policies = rows[0][:3]
    lines = [_line(row[3:]) for row in rows if row[3] is not None]
    return Snapshot(order, lines, policies_now(mine, stamp, policies), known)


def _line(row: Sequence[Any]) -> LineFacts:
    *columns, taken = row
    return LineFacts(*[*columns, merge(*(taken or ()))])
