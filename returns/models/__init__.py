"""The app's tables, private to it: other apps use services, selectors, events and enums."""

from returns.models.imports import FileImport, ImportLine
from returns.models.orders import Customer, CustomerIdentity, Order, OrderLine, Payment, Shipment
from returns.models.policies import ReturnPolicy
from returns.models.receipts import DispositionSlice, Inspection, Receipt, ReceiptLine
from returns.models.refunds import CreditMemo, Refund, RefundAttempt, RefundComponent, RefundLine
from returns.models.returns import Return, ReturnLine
from returns.models.serials import ReceiptSerial, SerialFinding, SliceSerial, SoldSerial

__all__ = [
    "CreditMemo",
    "Customer",
    "CustomerIdentity",
    "DispositionSlice",
    "FileImport",
    "ImportLine",
    "Inspection",
    "Order",
    "OrderLine",
    "Payment",
    "Receipt",
    "ReceiptLine",
    "ReceiptSerial",
    "Refund",
    "RefundAttempt",
    "RefundComponent",
    "RefundLine",
    "Return",
    "ReturnLine",
    "ReturnPolicy",
    "SerialFinding",
    "Shipment",
    "SliceSerial",
    "SoldSerial",
]
