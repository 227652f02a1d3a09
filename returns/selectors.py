"""Reads of orders, returns and refunds. What an actor may not see does not exist for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db.models import Count, Model, Prefetch, Q, QuerySet

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission as P
from retailops.lib.errors import hidden
from retailops.lib.ids import parse_uuid
from returns.enums import InspectionState, Logistics, MoneyState, ReturnStatus, StoreItemStatus
from returns.models import (
    CreditMemo,
    DispositionSlice,
    FraudReview,
    Order,
    Payment,
    Receipt,
    ReceiptLine,
    Refund,
    RefundComponent,
    RefundLine,
    Return,
    ReturnLine,
    Shipment,
    StoreBatch,
    StoreBatchItem,
    StoredAccount,
    StoredEntry,
    SupplierClaim,
)
from returns.models.serials import ReceiptSerial, SoldSerial

Row = TypeVar("Row", bound=Model)
TERMINAL = frozenset({ReturnStatus.DECLINED, ReturnStatus.CANCELED, ReturnStatus.EXPIRED, ReturnStatus.CLOSED})


def orders_visible_to(actor: Actor) -> QuerySet[Order]:
    """Return the orders that the actor may see."""
    return Order.objects.filter(scope_q(actor, P.ORDERS_VIEW)).select_related("customer")


def returns_visible_to(actor: Actor) -> QuerySet[Return]:
    """Return the returns that the actor may see, with their orders."""
    return Return.objects.filter(scope_q(actor, P.RETURNS_VIEW)).select_related("order")


def refunds_visible_to(actor: Actor) -> QuerySet[Refund]:
    """Return the refunds that the actor may see, with their returns and payments."""
    scope = scope_q(actor, P.REFUNDS_VIEW, region="rma__region", brand="rma__brand")
    return Refund.objects.filter(scope).select_related("rma", "payment")


def stored_accounts_visible_to(actor: Actor) -> QuerySet[StoredAccount]:
    """Return the accounts of stored value that the actor may see."""
    return StoredAccount.objects.filter(scope_q(actor, P.STORED_VALUE_VIEW))


def stored_entries_visible_to(actor: Actor) -> QuerySet[StoredEntry]:
    """Return the entries of the accounts that the actor may see."""
    scope = scope_q(actor, P.STORED_VALUE_VIEW, region="account__region", brand="account__brand")
    return StoredEntry.objects.filter(scope).select_related("account")


def erased_stories() -> QuerySet[Order, UUID]:
    """Return the correlation ids of the orders of customers who were erased."""
    return Order.objects.filter(customer__erased_at__isnull=False).values_list("correlation_id", flat=True)


def order_detail(actor: Actor, order_id: UUID) -> Order:
    """Return the order with lines, payments and shipments, in four queries. Raises NotFound."""
    rows = orders_visible_to(actor).prefetch_related("lines", "payments", "shipments", "returns")
    return _one(rows.filter(pk=order_id))


def return_detail(actor: Actor, id_or_number: UUID | str) -> Return:
    """Return the return, by id or number, with all that hangs on it in a fixed number of queries. Raises NotFound."""
    rows = returns_visible_to(actor).select_related("order", "customer", "policy").prefetch_related(*_parts())
    key = id_or_number if isinstance(id_or_number, UUID) else parse_uuid(id_or_number)
    return _one(rows.filter(pk=key) if key else rows.filter(number=id_or_number))


def parcels_that_arrived(rma: Return) -> set[str]:
    """Return the parcel numbers that receipts of the return name and that were not reversed."""
    rows = rma.receipts.filter(reverses=None, reversal=None).exclude(parcel="")
    return set(rows.values_list("parcel", flat=True))


def store_batches_visible_to(actor: Actor) -> QuerySet[StoreBatch]:
    """Return the batches of offline tills that the actor may see, with how many items they have and how many of them
    did not fit."""
    odd = Q(items__status__in=[StoreItemStatus.CONFLICT, StoreItemStatus.REFUSED])
    rows = StoreBatch.objects.filter(scope_q(actor, P.RETURNS_VIEW)).select_related("location")
    return rows.annotate(items_count=Count("items"), conflict_count=Count("items", filter=odd))


def store_batch_detail(actor: Actor, batch_id: UUID) -> StoreBatch:
    """Return the batch with its items, their returns and payouts. Raises NotFound."""
    items = StoreBatchItem.objects.select_related("rma").prefetch_related("rma__till_refunds").order_by("position")
    return _one(store_batches_visible_to(actor).prefetch_related(Prefetch("items", items)).filter(pk=batch_id))


def _parts() -> tuple[Prefetch[str], ...]:
    slices = DispositionSlice.objects.select_related("line")
    refunds = Refund.objects.select_related("payment", "approval").order_by("id")
    return (
        Prefetch("lines", ReturnLine.objects.select_related("order_line")),
        Prefetch("receipts", Receipt.objects.select_related("location").order_by("id")),
        Prefetch("receipts__lines", ReceiptLine.objects.select_related("line")),
        Prefetch("inspections__location"),
        Prefetch("inspections__slices", slices.order_by("id")),
        Prefetch("refunds", refunds),
        Prefetch("refunds__components", RefundComponent.objects.order_by("id")),
        Prefetch("refunds__lines", RefundLine.objects.select_related("line")),
        Prefetch("refunds__attempts"),
        Prefetch("credit_memos", CreditMemo.objects.order_by("id")),
    )


def refund_detail(actor: Actor, refund_id: UUID) -> Refund:
    """Return the refund with its parts, lines and attempts. Raises NotFound."""
    rows = refunds_visible_to(actor).select_related("approval", "rma__order")
    rows = rows.prefetch_related("components", Prefetch("lines", RefundLine.objects.select_related("line")), "attempts")
    return _one(rows.filter(pk=refund_id))


def _one(rows: QuerySet[Row]) -> Row:
    found = rows.first()
    if found is None:
        raise hidden()
    return found


def status_shown(rma: Return) -> str:
    """Return the one word for where a return stands: the first that applies of terminal decision, exception, refund
    pending, inspecting, partly received, in transit, and else the decision."""
    if rma.status in TERMINAL:
        return str(rma.status)
    if rma.open_cases or rma.money == MoneyState.ATTENTION:
        return "exception"
    if rma.money in (MoneyState.PENDING, MoneyState.PARTIAL):
        return "refund_pending"
    if rma.inspection in (InspectionState.PENDING, InspectionState.PARTIAL):
        return "inspecting"
    if rma.logistics == Logistics.PARTIAL:
        return "partly_received"
    if rma.logistics == Logistics.IN_TRANSIT:
        return "in_transit"
    return str(rma.status)


@dataclass(frozen=True)
class Hit:
    """Something that bears the id that a person gave."""

    kind: str
    id: UUID
    label: str
    correlation_id: UUID


def find_by_any_id(text: str) -> list[Hit]:
    """Return whatever of this app bears the text as an id, number, tracking number or reference of any system.

    It is not narrowed to an actor: who shows the hits does that by their transactions.
    """
    text = text.strip()
    if not text:
        return []
    key = parse_uuid(text)
    found = [*_by_reference(text), *(_by_id(key) if key else ())]
    return list(dict.fromkeys(found))


def _by_reference(text: str) -> Iterator[Hit]:
    for order in Order.objects.filter(number=text).union(Order.objects.filter(external_id=text)):
        yield _order(order)
    returns = Return.objects.filter(number=text.upper()).union(
        Return.objects.filter(external_id=text), Return.objects.filter(tracking=text)
    )
    yield from map(_return, returns)
    for receipt in Receipt.objects.filter(scan_id=text).select_related("rma"):
        yield _return(receipt.rma)
    for payment in Payment.objects.filter(external_id=text).select_related("order"):
        yield _order(payment.order)
    for shipment in Shipment.objects.filter(tracking=text).select_related("order"):
        yield _order(shipment.order)
    for sold in SoldSerial.objects.filter(serial=text).select_related("order_line__order"):
        yield _order(sold.order_line.order)
    for read in ReceiptSerial.objects.filter(unit__serial=text).select_related("line__receipt__rma"):
        yield _return(read.line.receipt.rma)
    for refund in Refund.objects.filter(external_reference=text).exclude(external_reference="").select_related("rma"):
        yield _refund(refund)
    claims = SupplierClaim.objects.filter(number=text.upper()).union(
        SupplierClaim.objects.filter(supplier_reference=text).exclude(supplier_reference=""),
        SupplierClaim.objects.filter(credits__reference=text),
    )
    yield from map(_claim, claims)
    memos = CreditMemo.objects.filter(external_reference=text).exclude(external_reference="")
    for memo in memos.select_related("rma"):
        yield Hit("credit_memo", memo.id, f"credit memo {text} of {memo.rma.number}", memo.rma.correlation_id)


def _by_id(key: UUID) -> Iterator[Hit]:
    yield from map(_order, Order.objects.filter(id=key))
    yield from map(_return, Return.objects.filter(id=key))
    yield from map(_refund, Refund.objects.filter(id=key).select_related("rma"))
    for memo in CreditMemo.objects.filter(id=key).select_related("rma"):
        yield Hit("credit_memo", memo.id, f"credit memo of {memo.rma.number}", memo.rma.correlation_id)
    for part in DispositionSlice.objects.filter(id=key).select_related("line__rma"):
        rma = part.line.rma
        yield Hit("disposition", part.id, f"{part} of {rma.number}", rma.correlation_id)
    yield from map(_claim, SupplierClaim.objects.filter(id=key))
    for review in FraudReview.objects.filter(id=key).select_related("rma"):
        yield Hit("fraud_review", review.id, f"fraud review of {review.rma.number}", review.rma.correlation_id)
    for payment in Payment.objects.filter(id=key).select_related("order"):
        yield _order(payment.order)


def _order(order: Order) -> Hit:
    return Hit("order", order.id, f"order {order.number}", order.correlation_id)


def _return(rma: Return) -> Hit:
    return Hit("return", rma.id, f"return {rma.number}", rma.correlation_id)


def _claim(claim: SupplierClaim) -> Hit:
    return Hit("claim", claim.id, f"claim {claim.number}", claim.correlation_id)


def _refund(refund: Refund) -> Hit:
    return Hit("refund", refund.id, f"refund of {refund.rma.number}", refund.rma.correlation_id)
