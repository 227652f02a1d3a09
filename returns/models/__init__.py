"""The app's tables, private to it: other apps use services, selectors, events and enums."""

from returns.models.chargebacks import (
    Chargeback,
)
from returns.models.claims import (
    ClaimCredit,
    ClaimLine,
    Supplier,
    SupplierClaim,
    SupplierSku,
)
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
from returns.models.exchanges import (
    Exchange,
    ExchangeComponent,
    ExchangeLine,
    ExchangePayment,
)
from returns.models.flow import (
    ReturnFlow,
)
from returns.models.imports import (
    FileImport,
    ImportLine,
    LineFate,
)
from returns.models.orders import (
    Customer,
    CustomerIdentity,
    Order,
    OrderLine,
    Payment,
    Shipment,
)
from returns.models.overrides import (
    RefundOverride,
)
from returns.models.parcels import (
    DropOffCode,
    MarketplaceReturn,
    Parcel,
    ParcelScan,
)
from returns.models.policies import (
    PolicyStamp,
    ReturnPolicy,
)
from returns.models.receipts import (
    DispositionSlice,
    Inspection,
    Receipt,
    ReceiptLine,
)
from returns.models.refunds import (
    CreditMemo,
    Refund,
    RefundAttempt,
    RefundComponent,
    RefundLine,
)
from returns.models.returns import (
    Return,
    ReturnLine,
)
from returns.models.reviews import (
    FraudReview,
)
from returns.models.serials import (
    ReceiptSerial,
    SerialFinding,
    SliceSerial,
    SoldSerial,
)
from returns.models.store_batches import (
    StoreBatch,
    StoreBatchItem,
    TillRefund,
)
from returns.models.stored_value import (
    ObservedRefund,
    StoredAccount,
    StoredEntry,
)
from returns.models.truth import (
    SourceOfTruth,
    TruthObject,
)
from returns.models.vocabularies import (
    Term,
    Vocabulary,
    VocabularyMapping,
)
from returns.models.warranty import (
    WarrantyAssessment,
)

__all__ = [
    "Chargeback",
    "ClaimCredit",
    "ClaimLine",
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
    "DropOffCode",
    "Exchange",
    "ExchangeComponent",
    "ExchangeLine",
    "ExchangePayment",
    "FileImport",
    "FraudReview",
    "ImportLine",
    "Inspection",
    "KeyKind",
    "LineFate",
    "MarketplaceReturn",
    "MovedKind",
    "MovedReference",
    "ObservedRefund",
    "Order",
    "OrderLine",
    "Parcel",
    "ParcelScan",
    "Payment",
    "PolicyStamp",
    "Receipt",
    "ReceiptLine",
    "ReceiptSerial",
    "Refund",
    "RefundAttempt",
    "RefundComponent",
    "RefundLine",
    "RefundOverride",
    "Return",
    "ReturnFlow",
    "ReturnLine",
    "ReturnPolicy",
    "SerialFinding",
    "Shipment",
    "SliceSerial",
    "SoldSerial",
    "SourceOfTruth",
    "StoreBatch",
    "StoreBatchItem",
    "StoredAccount",
    "StoredEntry",
    "Supplier",
    "SupplierClaim",
    "SupplierSku",
    "Survivor",
    "Term",
    "TillRefund",
    "TruthObject",
    "Vocabulary",
    "VocabularyMapping",
    "WarrantyAssessment",
]
