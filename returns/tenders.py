"""Spread a refund over the order's payments, never more than what is left of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from retailops.lib.money import allocate

TenderOrder = Literal["proportional", "first", "last"]


@dataclass(frozen=True)
class Tender:
    """A payment with what may still be refunded to it: captured - live refunds - charged back, in minor units.

    A disputed one takes nothing until the dispute has ended. Its gateway pays in multiples of `step` minor units.
    """

    payment_id: UUID
    captured: int
    remaining: int
    disputed: bool = False
    step: int = 1


def split(total: int, tenders: Sequence[Tender], order: TenderOrder) -> list[tuple[Tender, int]]:
    """Return how much of the total goes to each tender, those with nothing left out, in the tenders' order.

    `proportional` follows what each captured; what a tender cannot take goes to the others. The sum is the total, or
    all that is left where that is less.
    """
    shares = dict.fromkeys((tender.payment_id for tender in tenders), 0)
    if order == "proportional":
        _spread(total, tenders, shares)
    else:
        _fill(total, tenders if order == "first" else list(reversed(tenders)), shares)
    return [(tender, shares[tender.payment_id]) for tender in tenders if shares[tender.payment_id]]


def _fill(total: int, tenders: Sequence[Tender], shares: dict[UUID, int]) -> None:
    for tender in tenders:
        part = min(total, tender.remaining)
        shares[tender.payment_id] = part
        total -= part


def _spread(total: int, tenders: Sequence[Tender], shares: dict[UUID, int]) -> None:
    while total:
        able = [tender for tender in tenders if tender.remaining > shares[tender.payment_id]]
        if not able:
            return
        left = total
        for tender, part in zip(able, allocate(total, [tender.captured for tender in able]), strict=True):
            part = min(part, tender.remaining - shares[tender.payment_id])
            shares[tender.payment_id] += part
            left -= part
        if left == total:  # every share was rounded to nothing: give what is left in order
            _top_up(total, able, shares)
            return
        total = left


def _top_up(total: int, tenders: Sequence[Tender], shares: dict[UUID, int]) -> None:
    for tender in tenders:
        part = min(total, tender.remaining - shares[tender.payment_id])
        shares[tender.payment_id] += part
        total -= part
