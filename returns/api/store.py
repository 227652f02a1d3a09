"""Stores: returns over the counter, and what offline tills hand in."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django_filters import rest_framework as filters
from pydantic import Field, TypeAdapter
from rest_framework.request import Request

from retailops.accounts.batches import ItemResult
from retailops.accounts.endpoint import Answer, operation, written
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.openapi import Operation, Problem
from retailops.lib.pagination import PageQuery
from retailops.lib.problem import document
from retailops.lib.wire import MoneyIn, MoneyShape, Shape, read_json
from returns import selectors
from returns.api.shapes import (
    InspectionShape,
    ReceiptShape,
    RefundShape,
    ReturnShape,
    inspection_shape,
    receipt_shape,
    refund_shape,
    return_shape,
)
from returns.enums import StoreItemStatus
from returns.inputs.store import StoreBatchIn, StoreItemIn, StoreReturnIn, TillRefundIn
from returns.models import StoreBatch, StoreBatchItem
from returns.services.store_batches import ItemOutcome, receive_store_batch
from returns.services.till import return_in_store

RECEIVE, VIEW = Permission.RETURNS_RECEIVE, Permission.RETURNS_VIEW
FRAME = TypeAdapter(StoreBatchIn)


class StoreReturnShape(Shape):
    """What became of a return over the counter."""

    result: ReturnShape
    receipt: ReceiptShape
    inspection: InspectionShape | None = Field(description="Null where a person must decide first.")
    refunds: list[RefundShape]


class Conflict(Shape):
    """What of an item did not fit what is known here."""

    code: str
    detail: str


class StoreItemResult(ItemResult):
    """What became of one item. 201: taken in now; 200: it was there already; else `problem`: kept, with a case."""

    conflicts: list[Conflict] = Field(description="It was taken in all the same, and a case says what does not fit.")


class StoreBatchResult(Shape):
    """One result for each item, in the order of the batch. The whole batch may be sent again."""

    id: UUID
    results: list[StoreItemResult]


class StoreBatchShape(Shape):
    """What a till handed in at once."""

    id: UUID
    store: str
    reference: str
    region: str
    brand: str
    currency: str
    received_at: datetime
    items: int
    conflicts: int = Field(description="Items that did not fit or were refused.")


class TillRefundShape(Shape):
    """Money that a till paid out; `excess` is what no payment of the order bears."""

    reference: str
    tender: str
    amount: MoneyShape
    reserved: MoneyShape
    excess: MoneyShape
    paid_at: datetime


class StoreItemShape(Shape):
    """One item as the till told it, and what became of it."""

    position: int
    external_id: str
    status: StoreItemStatus
    return_number: str
    conflicts: list[Conflict]
    refunds: list[TillRefundShape]
    told: dict[str, Any]


class StoreBatchDetail(StoreBatchShape):
    """A batch with its items."""

    results: list[StoreItemShape]


class StoreBatchList(Shape):
    """One page of batches."""

    results: list[StoreBatchShape]
    next_cursor: str


class StoreBatchFilter(filters.FilterSet):
    """Filters of batches."""

    store = filters.CharFilter(field_name="location__code")
    region = filters.CharFilter()
    reference = filters.CharFilter()

    class Meta:
        model = StoreBatch
        fields: ClassVar[list[str]] = []


class StoreReturns(CommandEndpoint):
    """Returns over the counter."""

    @operation(
        id="returnInStore", summary="Take goods back in a store", tag="Stores", permission=RECEIVE,
        body=StoreReturnIn, answers={201: StoreReturnShape}, key="required", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: StoreReturnIn) -> StoreReturnShape:
        """Asked for, received, judged and refunded in one command; once for each receipt number of the store. The
        refund goes back through the payments of the order, by policy."""
        done = return_in_store(actor=self.actor, till=body)
        return StoreReturnShape.build(
            result=return_shape(done.rma),
            receipt=receipt_shape(done.receipt),
            inspection=inspection_shape(done.inspection) if done.inspection else None,
            refunds=[refund_shape(refund) for refund in done.refunds],
        )


class TillRefundBody(TillRefundIn):
    """Money that the till has paid out, with the till's own reference."""

    amount: MoneyIn  # type: ignore[assignment]  # money on the wire, minor units inside


class StoreItemBody(StoreItemIn):
    """One return that the till took: units with their verdict, and what was paid out."""

    refunds: list[TillRefundBody] = Field(default_factory=list, max_length=20)  # type: ignore[assignment]  # as above


class StoreBatchBody(StoreBatchIn):
    """What a till did while it was offline, in its order. An item that cannot be read is kept, with a case."""

    items: list[StoreItemBody] = Field(min_length=1, max_length=500)  # type: ignore[assignment]  # read one by one


class StoreBatches(CommandEndpoint, ListEndpoint):
    """What offline tills hand in."""

    queryset = StoreBatch.objects.none()
    filterset_class = StoreBatchFilter

    def perform(self, spec: Operation, request: Request, call: Callable[[], Answer]) -> HttpResponse:
        """Open no transaction around the whole: each item has its own."""
        return written(call())

    def read_body(self, spec: Operation, media: str, raw: bytes) -> StoreBatchIn:
        """Return the batch with its items as they were told; each is read when it is taken in."""
        return read_json(FRAME, raw)

    @operation(
        id="listStoreBatches", summary="Batches of offline tills", tag="Stores", permission=VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: StoreBatchList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> StoreBatchList:
        """The last received first."""
        page = self.page(selectors.store_batches_visible_to(self.actor), query)
        return StoreBatchList.build(
            results=[StoreBatchShape.build(**_batch(row)) for row in page.rows], next_cursor=page.next_cursor
        )

    @operation(
        id="receiveStoreBatch", summary="Hand in up to 500 returns of an offline till", tag="Stores",
        permission=RECEIVE, body=StoreBatchBody, answers={200: StoreBatchResult}, problems=(422,),
    )  # fmt: skip
    def post(self, request: Request, body: StoreBatchIn) -> StoreBatchResult:
        """Each item by itself and once for its id, so that the whole batch may be sent again. Goods and payouts are
        facts: what policy would not allow, units that are gone, unknown orders and payouts beyond what was captured are
        taken in and become cases. Payouts are observed and never sent to a gateway."""
        durable = partial(transaction.atomic, durable=True)
        batch, outcomes = receive_store_batch(actor=self.actor, batch=body, each=durable)
        return StoreBatchResult.build(id=batch.id, results=[_result(*each) for each in enumerate(outcomes)])


class StoreBatchEndpoint(CommandEndpoint):
    """One batch."""

    @operation(
        id="getStoreBatch", summary="A batch with its items", tag="Stores", permission=VIEW,
        answers={200: StoreBatchDetail},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> StoreBatchDetail:
        """As the till told them, with what did not fit and what became of the money."""
        row = selectors.store_batch_detail(self.actor, id)
        return StoreBatchDetail.build(**_batch(row), results=[_item(item) for item in row.items.all()])


def _result(index: int, outcome: ItemOutcome) -> StoreItemResult:
    item, problem = outcome.item, outcome.problem
    status = problem.status if problem else 201 if outcome.new else 200
    told: Problem | Any = document(problem) if problem else None
    conflicts = [] if problem or item is None else item.conflicts
    return StoreItemResult.build(
        index=index, status=status, id=item.rma_id if item else None, problem=told,
        conflicts=[Conflict.build(**each) for each in conflicts],
    )  # fmt: skip


def _batch(row: StoreBatch) -> dict[str, Any]:
    return {
        "id": row.id, "store": row.location.code, "reference": row.reference, "region": row.region,
        "brand": row.brand, "currency": row.currency, "received_at": row.received_at,
        "items": getattr(row, "items_count", 0), "conflicts": getattr(row, "conflict_count", 0),
    }  # fmt: skip


def _item(item: StoreBatchItem) -> StoreItemShape:
    payouts = item.rma.till_refunds.all() if item.rma else ()
    return StoreItemShape.build(
        position=item.position, external_id=item.external_id, status=item.status,
        return_number=item.rma.number if item.rma else "",
        conflicts=[Conflict.build(**each) for each in item.conflicts],
        refunds=[
            TillRefundShape.build(
                reference=each.reference, tender=each.tender, amount=MoneyShape.of(each.amount, each.currency),
                reserved=MoneyShape.of(each.reserved, each.currency),
                excess=MoneyShape.of(each.excess, each.currency), paid_at=each.paid_at,
            )
            for each in payouts
        ],
        told=item.raw,
    )  # fmt: skip
