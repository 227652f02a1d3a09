"""How long units stand in quarantine: what came first is taken to have left first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from inventory.selectors import locations_visible_to
from retailops.accounts.actor import Actor
from retailops.lib.clock import now

# Days from (inclusive) to (exclusive); the last has no end.
BUCKETS: tuple[tuple[str, int, int | None], ...] = (
    ("week", 0, 7), ("fortnight", 7, 14), ("month", 14, 30), ("two_months", 30, 60), ("older", 60, None),
)  # fmt: skip
LAYERS = """
WITH standing AS (
    SELECT b.sku, b.location_id, b.quantity FROM inventory_stockbalance b
     WHERE b.disposition = 'quarantine' AND b.quantity > 0 AND b.location_id = ANY(%(locations)s)
), arrivals AS (
    SELECT m.id, m.sku, m.target_location_id AS location_id, m.quantity, m.at, s.quantity AS standing,
           sum(m.quantity) OVER (PARTITION BY m.sku, m.target_location_id ORDER BY m.at DESC, m.id DESC) AS reached
      FROM inventory_stockmove m
      JOIN standing s ON s.sku = m.sku AND s.location_id = m.target_location_id
     WHERE m.target = 'quarantine'
)
SELECT a.id, a.sku, a.location_id, l.code, l.currency, l.quarantine_days, a.at,
       least(a.quantity, a.standing - (a.reached - a.quantity))::bigint AS units, v.unit_value
  FROM arrivals a JOIN inventory_location l ON l.id = a.location_id
  LEFT JOIN inventory_item i ON i.sku = a.sku
  LEFT JOIN inventory_itemvalue v ON v.item_id = i.id AND v.currency = l.currency
 WHERE a.reached - a.quantity < a.standing
 ORDER BY a.at, a.id
"""


@dataclass(frozen=True)
class Layer:
    """Units of one move into quarantine that still stand there; `value` in minor units, None where it is not known."""

    move_id: UUID
    sku: str
    location_id: UUID
    location: str
    currency: str
    quarantine_days: int
    since: datetime
    units: int
    unit_value: int | None

    @property
    def value(self) -> int | None:
        """Return what its units are worth."""
        return None if self.unit_value is None else self.unit_value * self.units

    @property
    def days(self) -> int:
        """Return for how many whole days they stand there."""
        return (now() - self.since).days

    @property
    def overdue(self) -> bool:
        """Tell whether they stand longer than their location allows."""
        return now() - self.since > timedelta(days=self.quarantine_days)

    @property
    def bucket(self) -> str:
        """Return the key of the bucket of its age."""
        return next(key for key, start, end in BUCKETS if self.days >= start and (end is None or self.days < end))


def quarantine_layers(locations: Iterable[UUID]) -> list[Layer]:
    """Return what stands in quarantine at these locations, by the move that brought it, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(LAYERS, {"locations": list(locations)})
        rows = cursor.fetchall()
    return [Layer(*row) for row in rows]


def layers_visible_to(
    actor: Actor, *, region: str = "", location: str = "", bucket: str = "", sku: str = ""
) -> list[Layer]:
    """Return what stands in quarantine where the actor may see, by the move that brought it, the oldest first.

    Raises Denied for whoever may see no stock at all.
    """
    places = locations_visible_to(actor)
    if region:
        places = places.filter(region=region)
    if location:
        places = places.filter(code=location)
    found = quarantine_layers(places.values_list("id", flat=True))
    return [each for each in found if (not bucket or each.bucket == bucket) and (not sku or each.sku == sku)]
