"""What a list of items can show of each, read for a whole page at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from retailops.accounts.actor import Actor
from retailops.cases.models import Case
from retailops.events.enums import OPEN_STATUSES, DeliveryStatus
from retailops.events.models import Delivery
from retailops.lib.money import major
from retailops.workbench.exceptions.standings import standing
from returns.models import Return
from returns.selectors import returns_visible_to

# What people call them, in the order in which they stand.
COLUMNS: Mapping[str, str] = {
    "rma": "Return", "order": "Order", "operation": "Operation", "error": "Error", "amount": "Amount",
    "verdict": "Sent again", "attempts": "Tries", "retry": "Next try", "lane": "Lane", "channel": "Channel",
    "region": "Region", "owner": "Owner", "due": "Due", "age": "Age",
}  # fmt: skip
USUAL = ("amount", "verdict", "region", "owner", "due", "age")
OF_DELIVERY = {"verdict", "attempts", "retry", "lane"}
CHUNK = 500


@dataclass(frozen=True)
class Item:
    """A case with its return and its delivery, where it has them and the columns ask for them."""

    case: Case
    rma: Return | None = None
    delivery: Delivery | None = None

    @property
    def owner(self) -> object:
        """Return who owns it, else who answers for its cause."""
        return self.case.owner or self.case.group.owner

    @property
    def error(self) -> str:
        """Return what the other system said, else its code."""
        return self.case.detail or self.case.failure_code

    @property
    def ahead(self) -> int:
        """Return how many open deliveries of its lane come before it."""
        return getattr(self.delivery, "ahead", 0)

    @property
    def behind(self) -> int:
        """Return how many open deliveries of its lane wait behind it."""
        return getattr(self.delivery, "behind", 0)

    @property
    def standing(self) -> str:
        """Return what sending it again would mean, as far as known; "" without a delivery that has stopped."""
        if self.delivery is None or self.delivery.status not in (DeliveryStatus.DEAD, DeliveryStatus.IN_DOUBT):
            return ""
        return getattr(self.delivery, "standing", "")


def chosen_columns(text: str) -> list[str]:
    """Return the columns that a query's `cols` names, in their order; the usual ones where it names none."""
    wanted = set(text.split(","))
    return [name for name in COLUMNS if name in wanted] or list(USUAL)


def items_of(actor: Actor, cases: Sequence[Case], columns: Iterable[str]) -> list[Item]:
    """Return the cases with what the columns show of them; two queries at most."""
    wanted = set(columns)
    rmas = _returns(actor, cases) if wanted & {"rma", "order"} else {}
    deliveries = _deliveries(cases) if wanted & OF_DELIVERY else {}
    return [
        Item(case, rmas.get(case.correlation_id), deliveries.get(case.delivery_id) if case.delivery_id else None)
        for case in cases
    ]


def _returns(actor: Actor, cases: Sequence[Case]) -> dict[UUID, Return]:
    ids = {case.correlation_id for case in cases}
    rows = returns_visible_to(actor).filter(correlation_id__in=ids).select_related("order").order_by("-pk")
    return {rma.correlation_id: rma for rma in rows}


def _deliveries(cases: Sequence[Case]) -> dict[UUID, Delivery]:
    ids = [case.delivery_id for case in cases if case.delivery_id]
    rows = Delivery.objects.filter(pk__in=ids).annotate(standing=standing(), ahead=_beside("lt"), behind=_beside("gt"))
    return {delivery.id: delivery for delivery in rows}


def _beside(way: str) -> Coalesce:
    same = Delivery.objects.filter(
        destination=OuterRef("destination"), lane_key=OuterRef("lane_key"), status__in=OPEN_STATUSES,
        **{f"lane_seq__{way}": OuterRef("lane_seq")},
    )  # fmt: skip
    counted = same.order_by().values("lane_key").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


HEAD = (
    "case", "title", "cause", "queue", "status", "class", "connection", "operation", "code", "error", "version",
    "return", "order", "region", "brand", "channel", "amount", "currency", "tries", "next_try", "sent_again", "owner",
    "opened_at", "due_at", "resolved_at", "resolved_by", "reason",
)  # fmt: skip


def csv_rows(actor: Actor, rows: QuerySet[Case], most: int) -> Iterator[Iterable[object]]:
    """Yield the cells of each case, a chunk of cases at a time."""
    chunk: list[Case] = []
    for case in rows[:most].iterator(chunk_size=CHUNK):
        chunk.append(case)
        if len(chunk) == CHUNK:
            yield from map(_cells, items_of(actor, chunk, COLUMNS))
            chunk = []
    yield from map(_cells, items_of(actor, chunk, COLUMNS))


def _cells(item: Item) -> Iterable[object]:
    case, rma, delivery = item.case, item.rma, item.delivery
    order: Any = rma.order if rma else None
    return (
        case.id, case.title, case.group.title, case.queue, case.status, case.failure_class, case.connection,
        case.operation, case.failure_code, case.detail, case.release, rma.number if rma else "",
        order.number if order else "", case.region, case.brand, case.channel,
        "" if case.amount is None else major(case.amount, case.currency), case.currency,
        delivery.attempt_no if delivery else "", _retry(delivery), item.standing, item.owner or "",
        case.opened_at.isoformat(), case.due_at.isoformat() if case.due_at else "",
        case.resolved_at.isoformat() if case.resolved_at else "", case.resolved_by, case.resolution_reason,
    )  # fmt: skip


def _retry(delivery: Delivery | None) -> str:
    waits = delivery is not None and delivery.status in (DeliveryStatus.READY, DeliveryStatus.IN_DOUBT)
    return delivery.next_attempt_at.isoformat() if delivery is not None and waits else ""
