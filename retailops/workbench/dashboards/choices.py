"""What the filters offer: the channels, regions, brands and connections that there are, within what one may see."""

from collections.abc import Iterator

from django.db import connection

from retailops.accounts.actor import EVERYWHERE, Actor
from retailops.accounts.permissions import Permission
from retailops.events.enums import DestinationKind
from retailops.events.models import Destination

# A loose index scan: each step finds the next value, so that the cost follows the values and not the rows.
_NEXT = """
WITH RECURSIVE found AS (
    (SELECT {column} AS value FROM {table} ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT t.{column} FROM {table} t WHERE t.{column} > found.value ORDER BY t.{column} LIMIT 1)
      FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value <> '' LIMIT 200
"""


def choices(actor: Actor) -> list[tuple[str, str, list[str]]]:
    """Return name, label and values of each filter; one with a single value is still a choice."""
    return [
        ("channel", "Channel", list(_values("channel"))),
        ("region", "Region", _among(_values("region"), actor, "regions")),
        ("brand", "Brand", _among(_values("brand", "workbench_returntimes"), actor, "brands")),
        ("connection", "Connection", _connections()),
    ]


def _values(column: str, table: str = "returns_return") -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT.format(column=column, table=table))  # names of ours
        yield from [value for (value,) in cursor.fetchall()]


def _among(values: Iterator[str], actor: Actor, name: str) -> list[str]:
    allowed: set[str] = set()
    for grant in actor.grants:
        if Permission.DASHBOARDS_VIEW in grant.permissions:
            allowed |= getattr(grant, name)
    return [value for value in values if EVERYWHERE in allowed or value in allowed]


def _connections() -> list[str]:
    rows = Destination.objects.filter(kind=DestinationKind.CONNECTION, retired_at=None)
    return list(rows.order_by("name").values_list("name", flat=True))
