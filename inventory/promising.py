"""What may be promised of stock: sellable units at sellable places, less what is reserved and what has expired."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Case, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest

from inventory.enums import Disposition
from inventory.models import LotBalance, StockBalance
from retailops.lib.clock import now


def today() -> date:
    """Return the day of UTC: a lot may be sold through the whole of its last day."""
    return now().date()


def with_free(rows: QuerySet[StockBalance]) -> QuerySet[Any]:
    """Return the balances, each with `expired`, its sellable units of expired lots, and `free`, those that may be
    promised: sellable = free + reserved + expired, unless expired units are among the reserved."""
    gone = expired_lots().filter(lot__sku=OuterRef("sku"), location=OuterRef("location"))
    units = gone.order_by().values("location").annotate(units=Sum("quantity")).values("units")
    sells: Any = {"disposition": Disposition.SELLABLE}
    expired = Case(When(then=Coalesce(Subquery(units), 0), **sells), default=Value(0), output_field=IntegerField())
    free = Greatest(F("quantity") - F("reserved") - F("expired"), Value(0))
    at_counter = Case(When(then=free, location__sellable=True, **sells), default=Value(0), output_field=IntegerField())
    return rows.annotate(expired=expired).annotate(free=at_counter)


def expired_lots() -> QuerySet[LotBalance]:
    """Return what stands as sellable of lots whose last good day has passed."""
    return LotBalance.objects.filter(disposition=Disposition.SELLABLE, quantity__gt=0, lot__expires_on__lt=today())


def expired_at(places: Iterable[tuple[str, UUID]]) -> dict[tuple[str, UUID], int]:
    """Return the sellable units of expired lots by sku and location, for these; none of which are left out."""
    wanted = set(places)
    rows = expired_lots().filter(lot__sku__in={sku for sku, _ in wanted}, location__in={place for _, place in wanted})
    found = rows.order_by().values_list("lot__sku", "location").annotate(units=Sum("quantity"))
    return {(sku, place): int(units) for sku, place, units in found if (sku, place) in wanted}
