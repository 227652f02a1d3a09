"""The app's tables, private to it: other apps use services, selectors, events and enums."""

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
    CustomerKey,
    CustomerMerge,
    CustomerUnmerge,
    MovedReference,
    Survivor,
)
from returns.models.exchanges import (
    Exchange,
    ExchangeComponent,
    ExchangeLine,
    ExchangePayment,
)
from returns.models.imports import (
    FileImport,
    ImportLine,
)
from returns.models.orders import (
    Customer,
    CustomerIdentity,
    Order,
    OrderLine,
    Payment,
    Shipment,
)
from returns.models.policies import (
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
from returns.models.stored_value import (
    ObservedRefund,
    StoredAccount,
    StoredEntry,
)
from returns.models.truth import (
    SourceOfTruth,
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
    "ClaimCredit",
    "ClaimLine",
    "CreditMemo",
    "Customer",
    "CustomerClaim",
    "CustomerErasure",
    "CustomerIdentity",
    "CustomerKey",
    "CustomerMerge",
    "CustomerUnmerge",
    "DispositionSlice",
    "Exchange",
    "ExchangeComponent",
    "ExchangeLine",
    "ExchangePayment",
    "FileImport",
    "FraudReview",
    "ImportLine",
    "Inspection",
    "MovedReference",
    "ObservedRefund",
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
    "StoredAccount",
    "StoredEntry",
    "Supplier",
    "SupplierClaim",
    "SupplierSku",
    "Survivor",
    "Term",
    "Vocabulary",
    "VocabularyMapping",
    "WarrantyAssessment",
]
