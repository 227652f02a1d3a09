"""What we expect of a refund, a credit memo and a chargeback: the same whether told live or of the past."""

from datetime import date, datetime
from typing import Any

from reconciliation.keys import Key
from reconciliation.lanes import due_after
from reconciliation.models import ItemType, KeyType, Lane, Side
from reconciliation.told import Told
from retailops.events.catalog import Subject
from returns.enums import CreditMemoStatus, Destination, RefundStatus
from returns.models import Chargeback, CreditMemo, Order, Refund
from returns.money_paths import OWN_LEDGER

# Tenders that no provider settles: the money is in the drawer.
CASH = "cash"
_CAME_BACK = (RefundStatus.FAILED, RefundStatus.CANCELED, RefundStatus.REVERSED, RefundStatus.SUPERSEDED)


def is_settled_by_provider(refund: Refund) -> bool:
    """Tell whether a provider will tell of the refund's money; its payment must be loaded."""
    payment = refund.payment
    return refund.destination == Destination.TENDER and payment.gateway != OWN_LEDGER and payment.tender != CASH


def refund_expected(refund: Refund, at: datetime) -> Told:
    """Return the line that should come for a refund (return with order, payment loaded)."""
    due = due_after(Lane.PAYMENT, at.date())
    return _refund(refund, ItemType.REFUND, refund.effect_key, -refund.amount, at, due)


def refund_back_expected(refund: Refund, at: datetime) -> Told:
    """Return the line that should come because the refund came back.

    What no provider ever took leaves no line: it is due at once, which calls the first expectation off.
    """
    due = due_after(Lane.PAYMENT, at.date()) if refund.external_reference else at.date()
    return _refund(refund, ItemType.REFUND_FAILURE, back_key(refund), refund.amount, at, due)


def back_key(refund: Refund) -> str:
    """Return the natural key of a refund's coming back."""
    return f"{refund.effect_key}:back"


def came_back(refund: Refund) -> bool:
    """Tell whether a refund that was sent is not, or not any more, with the customer."""
    return refund.status in _CAME_BACK


def refund_keys(refund: Refund) -> tuple[Key, ...]:
    """Return what a refund is called: by us, by the provider, and what it belongs to."""
    payment = refund.payment
    references = (payment.external_id, *(str(each) for each in payment.references.values()))
    return (
        (KeyType.REFUND, refund.effect_key),
        (KeyType.REFUND, str(refund.id)),
        (KeyType.PROVIDER_REFUND, refund.external_reference),
        *((KeyType.PAYMENT, each) for each in references),
        *_order_keys(refund.rma.order),
    )


def _refund(refund: Refund, kind: ItemType, natural_key: str, amount: int, at: datetime, due: date) -> Told:
    return Told(
        Lane.PAYMENT, kind, natural_key, amount, refund.currency, at, at.date(), Side.EXPECTED, refund_keys(refund),
        due_on=due, gateway=refund.payment.gateway, refund_id=refund.id, **_scope(refund.as_subject()),
    )  # fmt: skip


def memo_expected(memo: CreditMemo, at: datetime) -> Told:
    """Return the document that the ERP's books should show for a memo (return and refund loaded)."""
    return _memo(memo, ItemType.CREDIT_MEMO, memo.effect_key, -memo.amount, at)


def memo_reversal_expected(memo: CreditMemo, at: datetime) -> Told:
    """Return the document that should undo a memo in the books."""
    return _memo(memo, ItemType.MEMO_REVERSAL, f"{memo.effect_key}:back", memo.amount, at)


def is_memo_reversed(memo: CreditMemo) -> bool:
    """Tell whether the memo was undone."""
    return bool(memo.status == CreditMemoStatus.REVERSED)


def memo_keys(memo: CreditMemo) -> tuple[Key, ...]:
    """Return what a memo is called."""
    refund = memo.refund
    of_refund = ((KeyType.REFUND, refund.effect_key), (KeyType.REFUND, str(refund.id))) if refund else ()
    return (
        (KeyType.MEMO, memo.effect_key),
        (KeyType.MEMO, str(memo.id)),
        (KeyType.MEMO, memo.external_reference),
        *of_refund,
        *_order_keys(memo.rma.order),
    )


def _memo(memo: CreditMemo, kind: ItemType, natural_key: str, amount: int, at: datetime) -> Told:
    return Told(
        Lane.ERP_MEMO, kind, natural_key, amount, memo.currency, at, at.date(), Side.EXPECTED, memo_keys(memo),
        due_on=due_after(Lane.ERP_MEMO, at.date()), refund_id=memo.refund_id, **_scope(memo.rma.as_subject()),
    )  # fmt: skip


def chargeback_expected(dispute: Chargeback, said: str, at: datetime) -> Told:
    """Return the line that should come for a dispute; `said` is opened, won, or lost after it was won."""
    kind, sign = (ItemType.CHARGEBACK_WON, 1) if said == "won" else (ItemType.CHARGEBACK, -1)
    payment = dispute.payment
    references = (payment.external_id, *(str(each) for each in payment.references.values()))
    keys = ((KeyType.DISPUTE, dispute.external_id), *((KeyType.PAYMENT, each) for each in references))
    return Told(
        Lane.PAYMENT, kind, chargeback_key(dispute, said), sign * dispute.amount, dispute.currency, at, at.date(),
        Side.EXPECTED, keys, due_on=due_after(Lane.PAYMENT, at.date()), gateway=payment.gateway,
        **_scope(dispute.as_subject()),
    )  # fmt: skip


def chargeback_key(dispute: Chargeback, said: str) -> str:
    """Return the natural key of what a dispute's outcome moves."""
    return f"chargeback:{dispute.id}:{said}"


def _order_keys(order: Order | None) -> tuple[Key, ...]:
    return ((KeyType.ORDER, order.number), (KeyType.ORDER, order.external_id)) if order else ()


def _scope(subject: Subject) -> dict[str, Any]:
    return {
        "correlation_id": subject.correlation_id,
        "region": subject.region,
        "brand": subject.brand,
        "channel": subject.channel,
    }
