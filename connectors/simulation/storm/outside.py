"""What the other systems say in a storm: gateway, warehouse and ERP, with their faults."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

from connectors.simulation.trading import ACTOR
from returns.enums import CreditMemoStatus, DispositionStatus, ErpState, MoneyState, RefundStatus, StockState
from returns.models import CreditMemo, DispositionSlice, Refund, Return
from returns.money_paths import Path, path_of
from returns.services import credit_memos, placing, refund_outcomes

Act = Callable[[], Any]
R = RefundStatus

SAYS: dict[str, Callable[..., Refund]] = {
    R.PENDING: refund_outcomes.record_refund_pending,
    R.REQUIRES_ACTION: refund_outcomes.require_refund_action,
    R.SUCCEEDED: refund_outcomes.settle_refund,
    R.FAILED: refund_outcomes.fail_refund,
    R.UNKNOWN: refund_outcomes.mark_refund_unknown,
    R.CANCELED: refund_outcomes.cancel_refund,
    R.REVERSED: refund_outcomes.reverse_refund,
}
# What the gateway says next of a refund in some state, by weight: most goes well.
NEXT: dict[str, dict[R, int]] = {
    R.SUBMITTING: {R.SUCCEEDED: 70, R.PENDING: 15, R.UNKNOWN: 8, R.FAILED: 4, R.REQUIRES_ACTION: 3},
    R.UNKNOWN: {R.SUCCEEDED: 80, R.PENDING: 12, R.FAILED: 8},
    R.PENDING: {R.SUCCEEDED: 80, R.REQUIRES_ACTION: 6, R.FAILED: 10, R.CANCELED: 4},
    R.REQUIRES_ACTION: {R.SUCCEEDED: 70, R.FAILED: 20, R.CANCELED: 10},
}
TWICE, STALE, LATE = 0.12, 0.06, 0.02


def acts(rma: Return, dice: Random) -> Iterator[Act]:
    """Yield what happens next outside about the money, the stock and the ledger of a return: what its facets say that
    somebody is still owed, and now and then what was thought to be over."""
    if rma.money != MoneyState.NONE:
        for refund in Refund.objects.filter(rma=rma).select_related("payment").order_by("id"):
            if path_of(refund) == Path.GATEWAY:
                yield from _of_refund(refund, dice)
    if rma.stock in (StockState.PENDING, StockState.PARTIAL):
        for part in DispositionSlice.objects.filter(line__rma=rma).order_by("id"):
            yield from _of_slice(part, dice)
    if rma.erp in (ErpState.QUEUED, ErpState.REJECTED):
        for memo in CreditMemo.objects.filter(rma=rma, status__in=(CreditMemoStatus.QUEUED, CreditMemoStatus.REJECTED)):
            yield _of_memo(memo, dice)


def _of_refund(refund: Refund, dice: Random) -> Iterator[Act]:
    if refund.status in NEXT:
        weights = NEXT[refund.status]
        yield from _said(refund, dice.choices(list(weights), list(weights.values()))[0], dice)
    elif refund.status == R.SUCCEEDED and dice.random() < LATE:
        yield from _said(refund, dice.choice((R.FAILED, R.REVERSED)), dice)


def _said(refund: Refund, outcome: R, dice: Random) -> Iterator[Act]:
    """Yield the gateway's word, sometimes twice, sometimes followed by one that was true before."""
    tell = partial(SAYS[outcome], actor=ACTOR, refund_id=refund.id, external_reference=f"re_{refund.id.hex}")
    yield tell
    if dice.random() < TWICE:
        yield tell
    if dice.random() < STALE:
        yield partial(SAYS[R.PENDING], actor=ACTOR, refund_id=refund.id)


def _of_slice(part: DispositionSlice, dice: Random) -> Iterator[Act]:
    posted = partial(placing.record_disposition_posted, actor=ACTOR, slice_id=part.id, external_reference="wms")
    if part.status in (DispositionStatus.DECIDED, DispositionStatus.POSTING, DispositionStatus.POST_FAILED):
        if dice.random() < 0.05:
            yield partial(placing.record_disposition_failed, actor=ACTOR, slice_id=part.id, failure="location full")
            return
        yield posted
        if dice.random() < TWICE:
            yield posted


def _of_memo(memo: CreditMemo, dice: Random) -> Act:
    if dice.random() < 0.05:
        return partial(credit_memos.reject_credit_memo, actor=ACTOR, memo_id=memo.id, failure="period closed")
    return partial(credit_memos.record_credit_memo, actor=ACTOR, memo_id=memo.id, external_reference="memo")
