"""What commands take: frozen, complete, checked. Unknown fields are refused; amounts are minor units, times aware.

`read(Model, data)` turns untrusted data into one of these and refuses with a JSON pointer for each fault.
"""

from returns.inputs.base import (
    MAX_AMOUNT,
    MAX_UNITS,
    Amount,
    Code,
    Count,
    Currency,
    ExternalId,
    Input,
    Model,
    Moment,
    Name,
    Slug,
    Text,
    Units,
    invalid,
    read,
    read_json,
)
from returns.inputs.goods import BlindReceiptIn, InspectionIn, ReceiptIn, ReceiptLineIn, SliceIn
from returns.inputs.orders import CustomerIn, OrderIn, OrderLineIn, OrderRef, PaymentIn, ShipmentIn, TaxIn
from returns.inputs.refunds import RefundLineIn, RefundOutcome, RefundProposalIn
from returns.inputs.requests import EligibilityIn, ReturnIn, ReturnLineIn

__all__ = [
    "MAX_AMOUNT",
    "MAX_UNITS",
    "Amount",
    "BlindReceiptIn",
    "Code",
    "Count",
    "Currency",
    "CustomerIn",
    "EligibilityIn",
    "ExternalId",
    "Input",
    "InspectionIn",
    "Model",
    "Moment",
    "Name",
    "OrderIn",
    "OrderLineIn",
    "OrderRef",
    "PaymentIn",
    "ReceiptIn",
    "ReceiptLineIn",
    "RefundLineIn",
    "RefundOutcome",
    "RefundProposalIn",
    "ReturnIn",
    "ReturnLineIn",
    "ShipmentIn",
    "SliceIn",
    "Slug",
    "TaxIn",
    "Text",
    "Units",
    "invalid",
    "read",
    "read_json",
]
