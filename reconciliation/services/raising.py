"""Money that does not match becomes a discrepancy with a case; it ends by itself once it is matched."""

from collections.abc import Iterable, Sequence

from reconciliation.matching.evidence import Against
from reconciliation.models import (
    SETTLEMENT_TYPES,
    Discrepancy,
    DiscrepancyStatus,
    DiscrepancyType,
    Item,
    Resolution,
    SettlementBatch,
    Side,
)
from reconciliation.services.settling import Opening, open_ones, open_with_case, settle
from retailops.accounts.actor import Actor
from retailops.lib.money import Money, exponent, major

D = DiscrepancyType
CASE_KIND = "settlement"
# What is told only because time has passed: it ends when more is known of the same items.
_BY_TIME = (D.MISSING_SETTLEMENT, D.MISSING_CREDIT_MEMO, D.MISSING_TAX_REVERSAL, D.GIFT_CARD_MISMATCH, D.ORPHAN_LINE)
NEXT = {
    D.MISSING_SETTLEMENT: "Look the refund up at the provider; if it was never paid, pay it again",
    D.MISSING_CREDIT_MEMO: "Look the memo up in the ERP; send it again if it is not there",
    D.MISSING_TAX_REVERSAL: "Look the reversal up at the tax provider",
    D.GIFT_CARD_MISMATCH: "Compare the card's movements with the refund",
    D.AMOUNT_VARIANCE: "Find out why the amounts differ; match by hand what is right",
    D.CURRENCY_MISMATCH: "Find out in which currency the customer was paid",
    D.DUPLICATE_REFUND: "Claim the second refund back, or explain it",
    D.OVER_REFUND: "Find out who refunded more than was decided",
    D.REFUND_FAILED_AFTER_SETTLEMENT: "The customer does not have the money: pay in another way",
    D.REFUND_PLUS_CHARGEBACK: "Answer the dispute with the proof of the refund",
    D.ORPHAN_LINE: "Find the return that it belongs to, or explain it",
    D.PAYOUT_SHORT: "Ask the provider for the lines that are missing",
    D.LATE_CORRECTION: "Ask the provider which amount holds",
    D.UNMAPPED: "Say what the type means, and have the lines read again",
}


def raise_against(actor: Actor, found: Sequence[Against]) -> int:
    """Open a discrepancy for each that is not open or explained already; what it replaces ends. Return how many."""
    items = _items(found)
    known = _known(found)
    made = 0
    for each in found:
        anchor = f"{each.type}:{each.item}"
        if anchor in known:
            continue
        known.add(anchor)
        _replace(actor, each)
        row = _discrepancy(each, items)
        open_with_case(actor, row, _words(row, ""))
        made += 1
    return made


def end_matched(actor: Actor, lane: str, limit: int = 500) -> int:
    """End the open discrepancies whose item is matched by now; return how many."""
    matched = Discrepancy.objects.filter(
        status=DiscrepancyStatus.OPEN, type__in=SETTLEMENT_TYPES, item__lane=lane, item__open__isnull=True
    ).exclude(type__in=(D.LATE_CORRECTION, D.UNMAPPED))
    rows = open_ones(pk__in=list(matched.values_list("pk", flat=True)[:limit]))
    for row in rows:
        settle(actor, row, Resolution.MATCHED, "It is matched now.", {"item": row.item_id})
    return len(rows)


def raise_unmapped(actor: Actor, items: Iterable[Item]) -> int:
    """Open one discrepancy for each type of a source that nobody gave a meaning; return how many are new."""
    made = 0
    for item in items:
        anchor = f"{D.UNMAPPED}:{item.source}:{item.told_type}"[:400]
        if Discrepancy.objects.filter(anchor=anchor).exists():
            continue
        row = _of(item, D.UNMAPPED, item.told_type or "no type", abs(item.compared[0]))
        row.anchor = anchor
        open_with_case(actor, row, Opening(
            CASE_KIND, f"{item.source}: nobody said what {item.told_type or 'an empty type'} means",
            "Its lines are kept and count nowhere.", NEXT[D.UNMAPPED], f"settlement:{D.UNMAPPED}",
        ))  # fmt: skip
        made += 1
    return made


def raise_corrections(actor: Actor, corrected: Iterable[tuple[Item, int, str]]) -> int:
    """Open a discrepancy for each item that was told again with another amount; return how many are new."""
    made = 0
    for item, amount, currency in corrected:
        anchor = f"{D.LATE_CORRECTION}:{item.pk}"
        if Discrepancy.objects.filter(anchor=anchor, status=DiscrepancyStatus.OPEN).exists():
            continue
        differs = abs(amount - item.amount) if currency == item.currency else abs(amount)
        row = _of(item, D.LATE_CORRECTION, _reference(item), differs)
        row.ours, row.theirs = str(Money(item.amount, item.currency)), str(Money(amount, currency))
        open_with_case(actor, row, _words(row, "The first amount stands until somebody decides."))
        made += 1
    return made


def raise_short_payouts(actor: Actor) -> int:
    """Open a discrepancy for each payout that is not what its lines come to; return how many are new."""
    made = 0
    for batch in SettlementBatch.objects.filter(paid_out__isnull=False, lines__gt=0).select_related("source"):
        item = batch.items.filter(lane="payout").order_by("pk").first() if batch.differs else None
        anchor = f"{D.PAYOUT_SHORT}:{batch.pk}"
        if item is None or Discrepancy.objects.filter(anchor=anchor).exists():
            continue
        row = _of(item, D.PAYOUT_SHORT, batch.external_id, abs(batch.differs or 0))
        row.anchor, row.ours = anchor, str(Money(batch.lines_net, batch.currency))
        row.theirs = str(Money(-(batch.paid_out or 0), batch.currency))
        open_with_case(actor, row, _words(row, "What was paid out is not what the lines come to."))
        made += 1
    return made


def _known(found: Sequence[Against]) -> set[str]:
    """Return the anchors that are open, or were ended otherwise than by a match: a person has spoken."""
    anchors = [f"{each.type}:{each.item}" for each in found]
    rows = Discrepancy.objects.filter(anchor__in=anchors).exclude(
        status=DiscrepancyStatus.RESOLVED, resolution=Resolution.MATCHED
    )
    return set(rows.values_list("anchor", flat=True))


def _items(found: Sequence[Against]) -> dict[int, Item]:
    ids = {id for each in found for id in (each.item, each.other) if id is not None}
    return Item.objects.select_related("source").in_bulk(ids)


def _replace(actor: Actor, found: Against) -> None:
    """End what was told of the same items before: more is known now."""
    about = [id for id in (found.item, found.other) if id is not None]
    earlier = open_ones(item_id__in=about, type__in=_BY_TIME)
    for row in earlier:
        settle(
            actor, row, Resolution.MATCHED, f"It is known now: {D(found.type).label.lower()}.", {"item": row.item_id}
        )


def _discrepancy(found: Against, items: dict[int, Item]) -> Discrepancy:
    item, other = items[found.item], items.get(found.other) if found.other is not None else None
    row = _of(item, found.type, found.key or _reference(item), _at_risk(found.type, item, other))
    row.other = other
    for each in (item, other):
        if each is not None:
            shown = str(Money(*each.compared))
            row.ours, row.theirs = (shown, row.theirs) if each.side == Side.EXPECTED else (row.ours, shown)
    return row


def _of(item: Item, type: DiscrepancyType, reference: str, amount: int) -> Discrepancy:
    return Discrepancy(
        type=type, anchor=f"{type}:{item.pk}", item=item, object="money", external_id=reference[:120], field=type,
        owner="", system=(item.source.provider if item.side == Side.ACTUAL else item.gateway or item.lane)[:64],
        amount=amount, currency=item.compared[1], region=item.region, brand=item.brand, channel=item.channel,
        suggestion=Resolution.LEFT,
    )  # fmt: skip


def _reference(item: Item) -> str:
    """Return by what people call the item: our reference, else the provider's, else its own key."""
    keys = dict(item.keys.order_by("-pk").values_list("key_type", "value"))
    return next(
        (keys[kind] for kind in ("refund", "memo", "dispute", "provider_refund") if kind in keys), item.natural_key
    )


def _at_risk(type: DiscrepancyType, item: Item, other: Item | None) -> int:
    if type == D.AMOUNT_VARIANCE and other is not None:
        return abs(item.compared[0] - other.compared[0])
    return abs(item.compared[0])


def _words(row: Discrepancy, detail: str) -> Opening:
    told = f"{major(row.amount, row.currency):.{exponent(row.currency)}f} {row.currency}"
    title = f"{D(row.type).label}: {row.external_id}, {told}"
    said = detail or f"Expected: {row.ours or 'nothing'}. Came: {row.theirs or 'nothing'}."
    return Opening(CASE_KIND, title[:200], said, NEXT[D(row.type)], f"settlement:{row.type}:{row.system}"[:64])
