"""The app's tables, private to it: other apps use services, selectors, events and enums."""

from returns.models.customers import (
    CustomerClaim,
    CustomerErasure,
    CustomerField,
    CustomerKey,
    CustomerMerge,
    CustomerUnmerge,
    KeyKind,
    MovedKind,
    MovedReference,
    Survivor,
)
from returns.models.imports import FileImport, ImportLine
from returns.models.orders import Customer, CustomerIdentity, Order, OrderLine, Payment, Shipment
from returns.models.policies import ReturnPolicy
from returns.models.receipts import DispositionSlice, Inspection, Receipt, ReceiptLine
from returns.models.refunds import CreditMemo, Refund, RefundAttempt, RefundComponent, RefundLine
from returns.models.returns import Return, ReturnLine
from returns.models.truth import SourceOfTruth, TruthObject

__all__ = [
    "CreditMemo",
    "Customer",
    "CustomerClaim",
    "CustomerErasure",
    "CustomerField",
    "CustomerIdentity",
    "CustomerKey",
    "CustomerMerge",
    "CustomerUnmerge",
    "DispositionSlice",
    "FileImport",
    "ImportLine",
    "Inspection",
    "KeyKind",
    "MovedKind",
    "MovedReference",
    "Order",
    "OrderLine",
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
    "SourceOfTruth",
    "Survivor",
    "TruthObject",
]
