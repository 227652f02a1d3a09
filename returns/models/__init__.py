"""The app's tables, private to it: other apps use services, selectors, events and enums."""

from returns.models.chargebacks import Chargeback
from returns.models.imports import FileImport, ImportLine
from returns.models.orders import Customer, CustomerIdentity, Order, OrderLine, Payment, Shipment
from returns.models.overrides import RefundOverride
from returns.models.policies import ReturnPolicy
from returns.models.receipts import DispositionSlice, Inspection, Receipt, ReceiptLine
from returns.models.refunds import CreditMemo, Refund, RefundAttempt, RefundComponent, RefundLine
from returns.models.returns import Return, ReturnLine

__all__ = [
    "Chargeback",
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
    "Refund",
    "RefundAttempt",
    "RefundComponent",
    "RefundLine",
    "RefundOverride",
    "Return",
    "ReturnLine",
    "ReturnPolicy",
    "Shipment",
]
