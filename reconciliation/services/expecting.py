"""Write what we expect, in the transaction that publishes why: once for each, whoever tells it again.

Of what is not among our refunds, memos and disputes nothing is expected.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from reconciliation import expectations as e
from reconciliation.lanes import house
from reconciliation.models import Item, KeyType
from reconciliation.services.posting import add_keys, post_items
from retailops.events.prepared import Prepared
from returns.models import Chargeback, CreditMemo, Refund

BATCH = 1000
_Row = TypeVar("_Row", bound=Model)


_REFUND = Prepared(lambda id: _refunds().filter(pk=id))
_MEMO = Prepared(lambda id: _memos().filter(pk=id))


def expect_refund(refund_id: UUID, at: datetime) -> None:
    """Expect the settlement of a refund that was sent or paid, and know it by the provider's id once that is told."""
    refund = _REFUND.first(refund_id)
    if refund is None or not e.is_settled_by_provider(refund):
        return
    if not post_items(house(), [e.refund_expected(refund, at)]):
        learn_reference(refund.effect_key, KeyType.PROVIDER_REFUND, refund.external_reference)


def learn_reference(natural_key: str, kind: KeyType, reference: str) -> None:
    """Know what is expected by an id that another system gave it."""
    if reference:
        add_keys(house(), natural_key, [(kind, reference)])


def expect_refund_back(refund_id: UUID, at: datetime) -> None:
    """Expect that the money of a refund comes back, if it was expected to go."""
    refund = _refunds().filter(pk=refund_id).first()
    if refund and _expected(refund.effect_key):
        post_items(house(), [e.refund_back_expected(refund, at)])


def expect_memo(memo_id: UUID, at: datetime) -> None:
    """Expect the ERP's document of a memo, and know it by the ERP's number once that is told."""
    memo = _MEMO.first(memo_id)
    if memo and not post_items(house(), [e.memo_expected(memo, at)]):
        learn_reference(memo.effect_key, KeyType.MEMO, memo.external_reference)


def expect_memo_back(memo_id: UUID, at: datetime) -> None:
    """Expect the ERP's document that undoes a memo."""
    memo = _memos().filter(pk=memo_id).first()
    if memo and _expected(memo.effect_key):
        post_items(house(), [e.memo_reversal_expected(memo, at)])


def expect_chargeback(chargeback_id: UUID, said: str, at: datetime) -> None:
    """Expect what a dispute moves: taken when opened, given back when won, taken again when lost after that."""
    dispute = _disputes().filter(pk=chargeback_id).first()
    if dispute is None:
        return
    if said == "lost" and not _expected(e.chargeback_key(dispute, "won")):
        return
    post_items(house(), [e.chargeback_expected(dispute, said, at)])


def expect_past(*, batch: int = BATCH) -> int:
    """Expect what was sent before; return how many items are new. Stopped at any point, it goes on where it stopped."""
    return _past_refunds(batch) + _past_memos(batch) + _past_disputes(batch)


def _past_refunds(batch: int) -> int:
    rows = _refunds().filter(Q(submitted_at__isnull=False) | Q(settled_at__isnull=False))
    made = 0
    for refunds in _batches(rows, batch):
        told = []
        for refund in filter(e.is_settled_by_provider, refunds):
            sent = refund.submitted_at or refund.settled_at or refund.proposed_at
            told.append(e.refund_expected(refund, sent))
            if e.came_back(refund):
                told.append(e.refund_back_expected(refund, refund.settled_at or sent))
        made += len(post_items(house(), told))
    return made


def _past_memos(batch: int) -> int:
    made = 0
    for memos in _batches(_memos(), batch):
        told = [e.memo_expected(memo, memo.queued_at) for memo in memos]
        undone = filter(e.is_memo_reversed, memos)
        told += [e.memo_reversal_expected(memo, memo.posted_at or memo.queued_at) for memo in undone]
        made += len(post_items(house(), told))
    return made


def _past_disputes(batch: int) -> int:
    made = 0
    for disputes in _batches(_disputes(), batch):
        told = [e.chargeback_expected(each, "opened", each.opened_at) for each in disputes]
        won = [each for each in disputes if each.status == "won"]
        told += [e.chargeback_expected(each, "won", each.closed_at or each.opened_at) for each in won]
        made += len(post_items(house(), told))
    return made


def _batches(rows: "QuerySet[_Row]", size: int) -> Iterable[list["_Row"]]:
    last = UUID(int=0)
    while found := list(rows.filter(pk__gt=last).order_by("pk")[:size]):
        yield found
        last = found[-1].pk


def _expected(natural_key: str) -> bool:
    return Item.objects.filter(source=house(), natural_key=natural_key).exists()


def _refunds() -> "QuerySet[Refund]":
    return Refund.objects.select_related("rma__order", "payment")


def _memos() -> "QuerySet[CreditMemo]":
    return CreditMemo.objects.select_related("rma__order", "refund")


def _disputes() -> "QuerySet[Chargeback]":
    return Chargeback.objects.select_related("payment__order")
