"""Events of the ERP's credit memos."""

from dataclasses import dataclass, field

from retailops.events.catalog import event
from returns.events.refunds import RefundLineFact


@dataclass(frozen=True)
class CreditMemoFact:
    """What every credit-memo event tells; `effect_key` is the memo's external id at the ERP.

    A memo is of a refund (`refund_id`), or of the gross credit of an exchange (`exchange_id`).
    """

    memo_id: str
    refund_id: str
    return_id: str
    number: str
    amount: int
    currency: str
    legal_entity: str
    effect_key: str
    order_number: str = ""
    external_reference: str = ""
    exchange_id: str = ""
    lines: list[RefundLineFact] = field(default_factory=list)


@event("credit_memo.queued")
@dataclass(frozen=True)
class CreditMemoQueued(CreditMemoFact):
    """Owed to the ERP."""


@event("credit_memo.posted")
@dataclass(frozen=True)
class CreditMemoPosted(CreditMemoFact):
    """The ERP has it."""


@event("credit_memo.rejected")
@dataclass(frozen=True)
class CreditMemoRejected(CreditMemoFact):
    """The ERP refused it."""


@event("credit_memo.reversed")
@dataclass(frozen=True)
class CreditMemoReversed(CreditMemoFact):
    """Undone in the ERP."""
