"""A selection becomes a frozen list: these deliveries, as they are now, and no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from psycopg.types.json import Jsonb

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.events.raw_sql import copy_rows
from retailops.lib.clock import now
from retailops.lib.errors import Denied, Invalid, hidden
from retailops.replays.models import BulkOperation

MOST_ITEMS = 50_000
TROUBLED = (DeliveryStatus.DEAD, DeliveryStatus.IN_DOUBT)
# Since when a delivery is in the trouble that a list shows.
CAME_AT = Coalesce("finished_at", "in_doubt_since", "created_at")


@dataclass(frozen=True)
class Selection:
    """What an operation is about: these ids; or all of `rows` that came by `cut_off` (deliveries: stopped or in doubt).

    `filter` says in words of a list what `rows` was narrowed by; it is kept with the plan.
    """

    ids: Sequence[UUID] = ()
    rows: QuerySet[Any] | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)
    cut_off: datetime | None = None


@dataclass(frozen=True)
class Frozen:
    """The frozen rows (delivery id, region, brand, fence, status, amount, currency), and how many came too late."""

    rows: list[tuple[Any, ...]]
    cut_off: datetime
    newcomers: int = 0


_COLUMNS = ("id", "event__region", "event__brand", "fence", "status", "amount", "currency")


def freeze(actor: Actor, selection: Selection) -> Frozen:
    """Return what the selection is now, the oldest place in a lane first.

    Raises Invalid when nothing (or too much) is selected, NotFound for ids that the actor may not see, Denied for those
    that may be seen but not sent again.
    """
    moment = selection.cut_off or now()
    frozen = _matching(actor, selection, moment) if selection.rows is not None else _named(actor, selection, moment)
    if not frozen.rows:
        raise Invalid("Nothing is selected that is stopped or in doubt.", code="nothing-selected")
    if len(frozen.rows) > MOST_ITEMS:
        raise Invalid(f"More than {MOST_ITEMS:,} are selected: narrow the filter.", code="too-many-selected")
    return frozen


def _replayable(actor: Actor, permission: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(scope_q(actor, permission, region="event__region", brand="event__brand"))


def _matching(actor: Actor, selection: Selection, moment: datetime) -> Frozen:
    assert selection.rows is not None  # noqa: S101  # for the types; `freeze` asks
    mine = scope_q(actor, Permission.DELIVERIES_REPLAY, region="event__region", brand="event__brand")
    rows = selection.rows.filter(mine, status__in=TROUBLED).annotate(came_at=CAME_AT)
    found = rows.filter(came_at__lte=moment).order_by("lane_seq").values_list(*_COLUMNS)
    return Frozen(list(found[: MOST_ITEMS + 1]), moment, rows.filter(came_at__gt=moment).count())


def _named(actor: Actor, selection: Selection, moment: datetime) -> Frozen:
    ids = list(dict.fromkeys(selection.ids))
    if len(ids) > MOST_ITEMS:
        raise Invalid(f"More than {MOST_ITEMS:,} are selected: narrow the selection.", code="too-many-selected")
    if _replayable(actor, Permission.DELIVERIES_VIEW).filter(pk__in=ids).count() < len(ids):
        raise hidden()
    rows = _replayable(actor, Permission.DELIVERIES_REPLAY).filter(pk__in=ids)
    found = list(rows.order_by("lane_seq").values_list(*_COLUMNS))
    if len(found) < len(ids):
        raise Denied(f"{actor.label} may not send all of these again.", permission=str(Permission.DELIVERIES_REPLAY))
    return Frozen(found, moment)


_ITEMS: LiteralString = """
COPY replays_bulkitem (operation_id, position, subject_id, region, brand, fence, status, amount, currency, stage,
  verdict, why, what_to_do, evidence, next_verdict, acts, sends, result, detail) FROM STDIN (FORMAT BINARY)
"""
_TYPES = (
    "uuid", "int4", "uuid", "text", "text", "int8", "text", "int8", "text", "text", "text", "text", "text", "jsonb",
    "text", "bool", "bool", "text", "text",
)  # fmt: skip


def enter(operation: BulkOperation, rows: Sequence[Sequence[Any]], *, stage: str = "new", acts: bool = False) -> None:
    """Write the items of an operation, in this order, set-based."""
    nothing = Jsonb({})
    after = (str(stage), "", "", "", nothing, "", acts, False, "", "")
    copy_rows(_ITEMS, _TYPES, [(operation.id, place, *row, *after) for place, row in enumerate(rows, 1)])
