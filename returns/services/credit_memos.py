"""The ERP's document of a refund: queued when the money moved, posted or rejected by the ERP, reversed there."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.inserting import insert_rows
from retailops.events.models import Delivery
from retailops.events.prepared import Prepared
from retailops.events.publish import publish
from retailops.events.updating import update_row
from retailops.lib.errors import Conflict, Invalid
from retailops.lib.fsm import fire
from returns import troubles
from returns.access import access_memo
from returns.enums import LIVE_REFUNDS, ComponentKind, CreditMemoStatus, ExchangeSide
from returns.events import (
    CreditMemoFact,
    CreditMemoPosted,
    CreditMemoQueued,
    CreditMemoRejected,
    CreditMemoReversed,
)
from returns.facts import memo_fact
from returns.models import (
    CreditMemo,
    Exchange,
    ExchangeComponent,
    ExchangeLine,
    Refund,
    RefundComponent,
    RefundLine,
)
from returns.services.closing import end_troubles, finish

OPERATION = "credit_memo.post"
M = CreditMemoStatus
OF_UNITS = (ComponentKind.ITEM, ComponentKind.TAX, ComponentKind.DUTY)

_OF_REFUND = Prepared(lambda refund: CreditMemo.objects.filter(refund_id=refund))
_OWED = Prepared(lambda event: Delivery.objects.filter(event_id=event, operation=OPERATION).values_list("id"))
_LINES = Prepared(lambda refund: RefundLine.objects.filter(refund_id=refund).select_related("line__order_line"))
_WORTH = Prepared(
    lambda refund: (
        RefundComponent.objects.filter(refund_id=refund, kind__in=OF_UNITS, order_line__isnull=False)
        .values_list("order_line_id")
        .annotate(Sum("amount"))
    )
)


def queue_credit_memo(actor: Actor, refund: Refund, lines: Sequence[RefundLine]) -> CreditMemo:
    """Owe the ERP a memo of the paid refund, within the command that holds the return; again changes nothing."""
    known = _OF_REFUND.first(refund.id)
    if known is not None:
        return known
    memo = CreditMemo(
        refund=refund,
        rma=refund.rma,
        amount=refund.credited,
        currency=refund.currency,
        legal_entity=refund.rma.legal_entity,
    )
    insert_rows([memo])
    _owe(actor, memo, lines)
    return memo


def queue_exchange_memo(actor: Actor, exchange: Exchange) -> CreditMemo:
    """Owe the ERP a memo of the gross credit of a settled exchange, within the command that holds the return.

    It is the only memo of the exchange: a balance that goes back to the customer is part of it. Again changes nothing.
    """
    memo, made = CreditMemo.objects.get_or_create(
        exchange=exchange,
        defaults={
            "rma": exchange.rma,
            "amount": exchange.credit,
            "currency": exchange.currency,
            "legal_entity": exchange.rma.legal_entity,
        },
    )
    memo.rma = exchange.rma
    if made:
        _owe(actor, memo, _lines(memo))
    return memo


def _owe(actor: Actor, memo: CreditMemo, lines: Iterable[RefundLine | ExchangeLine]) -> None:
    event = _tell(actor, CreditMemoQueued, memo, lines)
    if not _OWED.all(event):
        troubles.memo_unrouted(actor, memo.rma, str(memo.id))


@transaction.atomic
def record_credit_memo(*, actor: Actor, memo_id: UUID, external_reference: str) -> CreditMemo:
    """The ERP has the memo, under that reference. Idempotent; a memo that was reversed since stays so.

    Raises NotFound, Denied.
    """
    memo = access_memo(actor, memo_id, Permission.REFUNDS_SETTLE, lock=True)
    if memo.status not in (M.QUEUED, M.REJECTED):
        return memo
    fire(memo.post)
    memo.external_reference, memo.failure = external_reference, ""
    update_row(memo)
    _tell(actor, CreditMemoPosted, memo, _lines(memo))
    evidence = {"reference": external_reference}
    end_troubles(actor, memo.rma, [f"memo_unrouted:{memo.id}"], "The memo is posted", evidence)
    finish(actor, memo.rma)
    return memo


@transaction.atomic
def reject_credit_memo(*, actor: Actor, memo_id: UUID, failure: str) -> CreditMemo:
    """The ERP refused the memo; a person mends the cause and has it sent again. Idempotent; never undoes a posting.

    Raises NotFound, Denied.
    """
    memo = access_memo(actor, memo_id, Permission.REFUNDS_SETTLE, lock=True)
    if memo.status != M.QUEUED:
        return memo
    fire(memo.reject)
    memo.failure = failure[:300]
    memo.save()
    _tell(actor, CreditMemoRejected, memo, _lines(memo))
    finish(actor, memo.rma)
    return memo


@transaction.atomic
def reverse_credit_memo(*, actor: Actor, memo_id: UUID, external_reference: str) -> CreditMemo:
    """The ERP reversed the memo of a refund that moved no money after all, by another document (its reference).

    Idempotent. Raises Invalid without a reference, Conflict while the money of the memo is out, TransitionRefused
    unless it is posted, Denied, NotFound.
    """
    if not external_reference.strip():
        raise Invalid("Give the ERP's reference of the reversal.", code="reference-needed")
    memo = access_memo(actor, memo_id, Permission.REFUNDS_OBSERVE, lock=True)
    if memo.status == M.REVERSED:
        return memo
    if why := why_memo_stands(memo):
        raise Conflict(why, code="memo-stands")
    fire(memo.reverse)
    memo.failure = f"reversed by {external_reference.strip()}"[:300]
    memo.save()
    _tell(actor, CreditMemoReversed, memo, _lines(memo))
    finish(actor, memo.rma)
    return memo


def why_memo_stands(memo: CreditMemo) -> str:
    """Say why the ERP's reversal of a memo cannot be recorded; "" where it can."""
    if memo.status != M.POSTED:
        return f"The memo is {memo.get_status_display().lower()}: only a posted one is reversed."
    if memo.refund is None:
        return "The exchange went: the memo of its credit stands."
    if memo.refund.status in LIVE_REFUNDS:
        return f"The refund is {memo.refund.get_status_display().lower()}: its memo stands."
    return ""


def _lines(memo: CreditMemo) -> Iterable[RefundLine | ExchangeLine]:
    if memo.exchange_id:
        return ExchangeLine.objects.filter(exchange_id=memo.exchange_id).select_related("line__order_line")
    return _LINES.all(memo.refund_id)


def _tell(
    actor: Actor, kind: type[CreditMemoFact], memo: CreditMemo, lines: Iterable[RefundLine | ExchangeLine]
) -> UUID:
    event = publish(memo_fact(kind, memo, lines, _worth(memo)), subject=memo.rma.as_subject(), actor=actor)
    return event.id


def _worth(memo: CreditMemo) -> dict[UUID, int]:
    """What the refund pays, or the exchange credits, for the units of each order line: goods, their tax and duty."""
    if memo.exchange_id:
        credit = ExchangeComponent.objects.filter(exchange_id=memo.exchange_id, side=ExchangeSide.CREDIT)
        return dict(credit.values_list("order_line_id").annotate(Sum("amount")))
    return dict(_WORTH.all(memo.refund_id))
