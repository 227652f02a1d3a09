"""Orders: captured one by one or in batches, and read."""

from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from pydantic import Field, TypeAdapter
from rest_framework.request import Request

from retailops.accounts.actor import can
from retailops.accounts.batches import BatchResult, done, keep_denials, read_batch, refused
from retailops.accounts.endpoint import Answer, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import Denied, DomainError, FieldError, Invalid
from retailops.lib.openapi import Operation
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import NUL, Body
from returns import selectors
from returns.access import access_order, access_order_by_channel
from returns.api.filters import OrderFilter
from returns.api.order_bodies import BatchOrderBody, OrderBody, order_in
from returns.api.order_shapes import CapturedOrder, OrderDetail, OrderList, captured_order, order_detail, order_shape
from returns.inputs import OrderIn
from returns.models import Order
from returns.services.orders import BATCH_LIMIT, CaptureResult, capture_order, capture_orders

VIEW, WRITE = Permission.ORDERS_VIEW, Permission.ORDERS_WRITE
ONE = TypeAdapter(BatchOrderBody)


class OrderBatchBody(Body):
    """Orders, each by itself."""

    orders: Annotated[list[BatchOrderBody], Field(min_length=1, max_length=BATCH_LIMIT)]


class OrderByChannel(CommandEndpoint):
    """An order by what its channel calls it."""

    @operation(
        id="getOrderByChannel", summary="An order by its channel's id", tag="Orders", permission=VIEW,
        answers={200: OrderDetail},
    )  # fmt: skip
    def get(self, request: Request, channel: str, external_id: str) -> OrderDetail:
        """With lines, payments and shipments. What may come back: POST /eligibility."""
        return order_detail(access_order_by_channel(self.actor, channel, external_id))

    @operation(
        id="putOrder", summary="Capture or update an order", tag="Orders", permission=WRITE, body=OrderBody,
        answers={200: CapturedOrder, 201: CapturedOrder}, problems=(409, 422),
    )  # fmt: skip
    def put(self, request: Request, channel: str, external_id: str, body: OrderBody) -> Answer:
        """By version: a newer one supersedes, an older or unchanged one changes nothing. What a return relies on is
        never rewritten; `kept` names what the new version wanted changed there."""
        if len(channel) > 64 or len(external_id) > 120 or NUL in channel + external_id:
            raise Invalid("The address is too long.", errors=[FieldError("/", "channel ≤ 64, id ≤ 120 characters.")])
        result = capture_order(actor=self.actor, order=order_in(body, channel, external_id))
        return Answer(captured_order(result), status=201 if result.created else 200)


class OrderBatch(CommandEndpoint):
    """Up to 500 orders."""

    def read_body(self, spec: Operation, media: str, raw: bytes) -> Any:
        """Return a list of orders; those that cannot be read are Invalid."""
        return read_batch(raw, spec.bodies[media], ONE, "orders")

    @operation(
        id="putOrders", summary="Capture up to 500 orders", tag="Orders", permission=WRITE, body=OrderBatchBody,
        answers={200: BatchResult}, problems=(409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: list[BatchOrderBody | Invalid]) -> Answer:
        """Each by itself, with one result each; idempotent, so that the whole batch may be sent again."""
        wanted: list[OrderIn | DomainError] = [self._wanted(each) for each in body]
        orders = [each for each in wanted if not isinstance(each, DomainError)]
        captured = iter(self._captured(orders))
        outcomes = [each if isinstance(each, DomainError) else next(captured) for each in wanted]
        keep_denials(request, [each for each in outcomes if isinstance(each, DomainError)])
        results = [
            refused(index, each) if isinstance(each, DomainError) else done(index, each.order.id, created=each.created)
            for index, each in enumerate(outcomes)
        ]
        return Answer(BatchResult.build(results=results))

    def _wanted(self, body: BatchOrderBody | Invalid) -> OrderIn | DomainError:
        if isinstance(body, Invalid):
            return body
        if not can(self.actor, WRITE, region=body.region, brand=body.brand):
            detail = f"{self.actor.label} may not write orders there."
            return Denied(detail, region=body.region, brand=body.brand, permission=str(WRITE))
        try:
            return order_in(body, body.channel, body.external_id)
        except Invalid as fault:
            return fault

    def _captured(self, orders: list[OrderIn]) -> list[CaptureResult | DomainError]:
        """Capture all at once; where one is refused, each by itself, so that the others are taken."""
        try:
            return list(capture_orders(actor=self.actor, orders=orders))
        except DomainError:
            return [self._captured_alone(order) for order in orders]

    def _captured_alone(self, order: OrderIn) -> CaptureResult | DomainError:
        try:
            with transaction.atomic():
                return capture_order(actor=self.actor, order=order)
        except DomainError as fault:
            return fault


class Orders(ListEndpoint):
    """Captured orders."""

    queryset = Order.objects.none()
    filterset_class = OrderFilter

    @operation(
        id="listOrders", summary="Orders", tag="Orders", permission=VIEW, query=PageQuery,
        orderings=("-id", "id", "-placed_at", "placed_at"), answers={200: OrderList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> OrderList:
        """The last captured first."""
        page = self.page(selectors.orders_visible_to(self.actor), query)
        return OrderList.build(results=[order_shape(order) for order in page.rows], next_cursor=page.next_cursor)


class OrderEndpoint(CommandEndpoint):
    """An order by our id."""

    @operation(id="getOrder", summary="An order", tag="Orders", permission=VIEW, answers={200: OrderDetail})
    def get(self, request: Request, id: UUID) -> OrderDetail:
        """With lines, payments and shipments. What may come back: POST /eligibility."""
        return order_detail(access_order(self.actor, id))
