"""The app's tables, private to it: other apps use services, selectors, events and enums."""

from returns.models.imports import FileImport, ImportLine
from returns.models.orders import Customer, CustomerIdentity, Order, OrderLine, Payment, Shipment
from returns.models.parcels import DropOffCode, MarketplaceReturn, Parcel, ParcelScan
from returns.models.policies import ReturnPolicy
from returns.models.receipts import DispositionSlice, Inspection, Receipt, ReceiptLine
from returns.models.refunds import CreditMemo, Refund, RefundAttempt, RefundComponent, RefundLine
from returns.models.returns import Return, ReturnLine
from returns.models.store_batches import StoreBatch, StoreBatchItem, TillRefund

__all__ = [
    "CreditMemo",
    "Customer",
    "CustomerIdentity",
    "DispositionSlice",
    "DropOffCode",
    "FileImport",
    "ImportLine",
    "Inspection",
    "MarketplaceReturn",
    "Order",
    "OrderLine",
    "Parcel",
    "ParcelScan",
    "Payment",
    "Receipt",
    "ReceiptLine",
    "Refund",
    "RefundAttempt",
    "RefundComponent",
    "RefundLine",
    "Return",
    "ReturnLine",
    "ReturnPolicy",
    "Shipment",
    "StoreBatch",
    "StoreBatchItem",
    "TillRefund",
]
