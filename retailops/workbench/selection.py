"""What a person selected in the list of deliveries: named rows, or all that matched when the list was shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from retailops.accounts.actor import Actor
from retailops.events.models import Delivery
from retailops.events.verdicts import known_verdicts
from retailops.lib.clock import now
from retailops.lib.errors import Invalid
from retailops.lib.ids import parse_uuid
from retailops.lib.keyset import capped_count
from retailops.lib.money import Money
from retailops.replays.freezing import CAME_AT, TROUBLED, Selection
from retailops.workbench.delivery_list import DeliveryFilter, money_of, to_other_systems, with_state

# Up to so many are sent again at once, after one look at their verdicts; more are a plan.
DIRECTLY = 25
KEPT = ("q", "state", "system", "operation", "queue", "cause")


@dataclass(frozen=True)
class Selected:
    """The selection, how many it is, their money, and how many came since the list was shown."""

    rows: QuerySet[Delivery]
    total: int
    money: list[Money]
    newcomers: int
    cut_off: datetime
    filter: Mapping[str, str]
    ids: list[UUID]

    @property
    def direct(self) -> bool:
        """Tell whether it is small enough to be sent after one look."""
        return bool(self.ids) and self.total <= DIRECTLY

    @property
    def selection(self) -> Selection:
        """Return it as a plan takes it."""
        if self.ids:
            return Selection(ids=self.ids, filter={"selected": str(len(self.ids))})
        return Selection(rows=self.rows, filter=dict(self.filter), cut_off=self.cut_off)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Return the fields that carry the selection through a form."""
        if self.ids:
            return [("id", str(id)) for id in self.ids]
        return [("all", "1"), ("as_of", self.cut_off.isoformat()), *self.filter.items()]

    def judged(self) -> list[tuple[Delivery, Any]]:
        """Return each delivery of a small selection with what is known of its verdict; None: only the system knows."""
        deliveries = list(self.rows.select_related("destination__connection").order_by("lane_seq"))
        known = known_verdicts(deliveries)
        return [(delivery, known[delivery.id].verdict) for delivery in deliveries]


def selected(actor: Actor, query: QueryDict) -> Selected:
    """Return what the query selects, as far as the actor may see it. Raises Invalid when that is nothing."""
    visible = to_other_systems(actor).filter(status__in=TROUBLED)
    ids = [id for id in map(parse_uuid, query.getlist("id")) if id is not None]
    found = _named(visible, ids) if ids else _all(visible, query)
    if not found.total:
        raise Invalid("Select what is to be sent again: nothing stopped or in doubt is selected.")
    return found


def _named(visible: QuerySet[Delivery], ids: list[UUID]) -> Selected:
    rows = visible.filter(pk__in=ids)
    found = list(rows.values_list("pk", flat=True))
    return Selected(rows, len(found), money_of(rows), 0, now(), {}, found)


def _all(visible: QuerySet[Delivery], query: QueryDict) -> Selected:
    cut_off = _moment(query.get("as_of", "")) or now()
    given = {key: str(query[key]) for key in KEPT if query.get(key)}
    found = DeliveryFilter(with_state(query, given.get("state", "dead")), queryset=visible)
    if not found.form.is_valid():  # what cannot be understood would narrow nothing: never take more than was meant
        raise Invalid(f"The filter is not understood: {', '.join(sorted(found.form.errors))}. Go back to the list.")
    rows = found.qs
    came = rows.annotate(came_at=CAME_AT)
    then = came.filter(came_at__lte=cut_off)
    if not query.get("all"):
        then = then.none()
    late = capped_count(came.filter(came_at__gt=cut_off))
    return Selected(rows, capped_count(then, 50_000), money_of(then), late, cut_off, given, [])


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
