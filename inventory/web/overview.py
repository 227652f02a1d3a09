"""What the stock pages show: by place and disposition with value, as rows, by age, and of one sku. Live queries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum

from inventory.ageing import BUCKETS, Layer, layers_visible_to
from inventory.enums import ENDS, Disposition
from inventory.models import Item, ItemValue, Location, StockBalance
from inventory.promising import with_free
from inventory.selectors import locations_visible_to
from retailops.accounts.actor import Actor
from retailops.lib.csv_lines import csv_lines
from retailops.lib.money import Money, major

# In the order of the work: what waits, what sells, what is got rid of.
COLUMNS = (
    Disposition.PENDING_INSPECTION, Disposition.QUARANTINE, Disposition.SELLABLE, Disposition.DAMAGED,
    Disposition.REFURBISH, Disposition.REPAIR, Disposition.RETURN_TO_VENDOR, Disposition.LIQUIDATE,
    Disposition.RECYCLE, Disposition.DONATE, Disposition.SCRAP, Disposition.RETURN_TO_CUSTOMER, Disposition.MISSING,
    Disposition.IN_TRANSIT, Disposition.RECEIVED,
)  # fmt: skip
BUCKET_NAMES = {
    "week": "Up to 7 days", "fortnight": "7 to 13 days", "month": "14 to 29 days", "two_months": "30 to 59 days",
    "older": "60 days and more",
}  # fmt: skip
# The columns of the table of places; the rest is one column.
MAIN = (Disposition.PENDING_INSPECTION, Disposition.QUARANTINE, Disposition.SELLABLE)
OTHER = "other"
PAGE, EXPORT_LIMIT = 100, 50_000


@dataclass
class Figure:
    """Units with their worth by currency; `unvalued` units are in no worth, for nobody said what one is worth."""

    units: int = 0
    worth: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unvalued: int = 0

    def add(self, units: int, value: int | None, currency: str) -> None:
        """Add units of a known or unknown worth."""
        self.units += units
        if value is None:
            self.unvalued += units
        else:
            self.worth[currency] += value

    @property
    def money(self) -> list[Money]:
        """Return the worth, one amount a currency."""
        return [Money(amount, currency) for currency, amount in sorted(self.worth.items())]


@dataclass
class PlaceRow:
    """One location with its figures by disposition."""

    place: Location
    cells: dict[str, Figure] = field(default_factory=lambda: defaultdict(Figure))
    total: Figure = field(default_factory=Figure)

    @property
    def columns(self) -> list[tuple[str, int]]:
        """Return the units of each column, all other dispositions in one."""
        main = [(str(each), self.cells[each].units if each in self.cells else 0) for each in MAIN]
        return [*main, (OTHER, self.total.units - sum(units for _, units in main))]


@dataclass(frozen=True)
class Overview:
    """All stock that a person may see."""

    rows: list[PlaceRow]
    totals: list[tuple[str, Figure]]
    total: Figure
    available: Figure
    held: int
    expired: int


@dataclass(frozen=True)
class Bucket:
    """Quarantine of one age."""

    key: str
    title: str
    figure: Figure
    oldest: Layer | None


def visible_balances(actor: Actor) -> QuerySet[StockBalance]:
    """Return what stands somewhere that the actor may see, each with `value` in minor units of its place's currency."""
    unit = ItemValue.objects.filter(item__sku=OuterRef("sku"), currency=OuterRef("location__currency"))
    rows = StockBalance.objects.filter(location__in=locations_visible_to(actor)).exclude(quantity=0)
    rows = rows.exclude(disposition__in=ENDS).select_related("location")
    return rows.annotate(unit_value=Subquery(unit.values("unit_value")[:1])).annotate(
        value=F("quantity") * F("unit_value")
    )


def overview(actor: Actor, region: str = "") -> Overview:
    """Return stock by place and disposition, with totals; `available` is what may be promised, and `held` and
    `expired` are what may not of what stands as sellable at places that sell."""
    grouped = visible_balances(actor).filter(Q(location__region=region) if region else Q())
    places: dict[UUID, PlaceRow] = {}
    totals: dict[str, Figure] = defaultdict(Figure)
    total = Figure()
    known = {place.id: place for place in locations_visible_to(actor)}
    for row in _summed(grouped):
        place = places.setdefault(row["location"], PlaceRow(known[row["location"]]))
        told = (row["units"], row["worth"], place.place.currency)
        for figure in (place.cells[row["disposition"]], place.total, totals[row["disposition"]], total):
            figure.add(*told)
    ordered = [(str(each), totals[str(each)]) for each in COLUMNS if str(each) in totals]
    rows = sorted(places.values(), key=lambda each: each.place.code)
    return Overview(rows, ordered, total, *_promised(grouped))


def _promised(rows: QuerySet[StockBalance]) -> tuple[Figure, int, int]:
    """Return what may be promised of these, and how much of the sellable is held, and has expired."""
    free, held, expired = Figure(), 0, 0
    sold = with_free(rows.filter(disposition=Disposition.SELLABLE, location__sellable=True)).order_by()
    groups: Any = sold.annotate(worth=F("free") * F("unit_value")).values("location__currency")
    for valued in (True, False):
        part = groups.filter(unit_value__isnull=not valued)
        for row in part.annotate(units=Sum("free"), sum=Sum("worth"), held=Sum("reserved"), gone=Sum("expired")):
            free.add(row["units"], row["sum"], row["location__currency"])
            held, expired = held + row["held"], expired + row["gone"]
    return free, held, expired


def _summed(rows: QuerySet[StockBalance]) -> Iterator[dict[str, Any]]:
    """Yield units by place and disposition, those of known and of unknown worth apart."""
    groups: Any = rows.order_by().values("location", "disposition")
    for valued in (True, False):
        part = groups.filter(unit_value__isnull=not valued)
        yield from part.annotate(units=Sum("quantity"), worth=Sum("value")).order_by("location", "disposition")


def ageing(actor: Actor, region: str = "") -> list[Bucket]:
    """Return quarantine by age, each bucket with the oldest in it."""
    figures: dict[str, Figure] = {key: Figure() for key, _, _ in BUCKETS}
    oldest: dict[str, Layer] = {}
    for layer in layers_visible_to(actor, region=region):
        figures[layer.bucket].add(layer.units, layer.value, layer.currency)
        oldest.setdefault(layer.bucket, layer)
    return [Bucket(key, BUCKET_NAMES[key], figure, oldest.get(key)) for key, figure in figures.items()]


@dataclass(frozen=True)
class BalancePage:
    """Rows of the list, and the id to go on after; "" at the end."""

    rows: list[StockBalance]
    older: str
    titles: Mapping[str, str]


def narrowed(actor: Actor, query: Mapping[str, str]) -> QuerySet[StockBalance]:
    """Return the rows of the list: by words of sku or title, location, disposition, region, or what may be promised."""
    rows = visible_balances(actor)
    if text := query.get("q", "").strip():
        titled = Item.objects.filter(title__icontains=text).values("sku")
        rows = rows.filter(Q(sku__icontains=text) | Q(sku__in=titled))
    if query.get("disposition") == OTHER:
        rows = rows.exclude(disposition__in=MAIN)
    elif where := query.get("disposition", ""):
        rows = rows.filter(disposition=where)
    for name, column in (("location", "location__code"), ("region", "location__region")):
        if value := query.get(name, ""):
            rows = rows.filter(**{column: value})
    if query.get("available"):
        rows = with_free(rows).filter(free__gt=0).annotate(value=F("free") * F("unit_value"))
    return rows.order_by("sku", "id")


def balance_page(rows: QuerySet[StockBalance], after: str) -> BalancePage:
    """Return one page, by sku; `after` is the id of the last row of the page before."""
    if after.isdigit() and (last := StockBalance.objects.filter(pk=int(after)).first()):
        rows = rows.filter(Q(sku__gt=last.sku) | Q(sku=last.sku, id__gt=last.id))
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    return BalancePage(shown, str(shown[-1].pk) if len(found) > PAGE else "", titles(row.sku for row in shown))


def titles(skus: Iterable[str]) -> dict[str, str]:
    """Return the titles of skus, where they are known."""
    return dict(Item.objects.filter(sku__in=set(skus)).exclude(title="").values_list("sku", "title"))


def export_balances(rows: QuerySet[StockBalance]) -> Iterator[str]:
    """Yield the narrowed list as CSV, at most EXPORT_LIMIT rows."""
    head = ("sku", "location", "region", "disposition", "units", "value", "currency", "since")
    cells = (
        (
            row.sku, row.location.code, row.location.region, row.disposition, row.quantity,
            _worth(row), row.location.currency, row.updated_at.isoformat(),
        )
        for row in rows[:EXPORT_LIMIT].iterator(chunk_size=1000)
    )  # fmt: skip
    return csv_lines(head, cells)


def _worth(row: StockBalance) -> object:
    value: int | None = getattr(row, "value", None)
    return None if value is None else major(value, row.location.currency)


def export_layers(found: Iterable[Layer]) -> Iterator[str]:
    """Yield quarantine by age as CSV."""
    head = ("sku", "location", "units", "since", "days", "overdue", "value", "currency", "move")
    return csv_lines(
        head,
        (
            (
                each.sku, each.location, each.units, each.since.isoformat(), each.days, each.overdue,
                None if each.value is None else major(each.value, each.currency), each.currency, each.move_id,
            )
            for each in found
        ),
    )  # fmt: skip
