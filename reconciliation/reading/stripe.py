"""Stripe's itemized reports of payouts and of what is in them. Major units; columns are the caller's choice."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import BinaryIO

from reconciliation.keys import Key
from reconciliation.models import Fate, ItemType, KeyType, Lane
from reconciliation.reading.cells import Row, amount, code, instant, kept, rows_of, unreadable
from reconciliation.reading.totals import Totals, agree
from reconciliation.told import Line, Paid, Rules, Told

NEEDED = ("balance_transaction_id", "currency", "gross", "fee", "net", "reporting_category")
KINDS = {
    "charge": (Lane.SALE, ItemType.CHARGE),
    "charge_failure": (Lane.SALE, ItemType.ADJUSTMENT),
    "partial_capture_reversal": (Lane.SALE, ItemType.ADJUSTMENT),
    "refund": (Lane.PAYMENT, ItemType.REFUND),
    "refund_failure": (Lane.PAYMENT, ItemType.REFUND_FAILURE),
    "dispute": (Lane.PAYMENT, ItemType.CHARGEBACK),
    "dispute_reversal": (Lane.PAYMENT, ItemType.CHARGEBACK_WON),
    "fee": (Lane.FEE, ItemType.FEE),
    "network_cost": (Lane.FEE, ItemType.FEE),
    "tax": (Lane.FEE, ItemType.FEE),
    "payout": (Lane.PAYOUT, ItemType.PAYOUT),
    "payout_reversal": (Lane.PAYOUT, ItemType.PAYOUT),
    "topup": (Lane.OTHER, ItemType.ADJUSTMENT),
    "topup_reversal": (Lane.OTHER, ItemType.ADJUSTMENT),
    "other_adjustment": (Lane.OTHER, ItemType.ADJUSTMENT),
    "risk_reserved_funds": (Lane.OTHER, ItemType.ADJUSTMENT),
}
UNKNOWN = (Lane.OTHER, ItemType.UNMAPPED)
# By which of a refund's metadata we are called: what our own connection writes first.
OUR_REFERENCE = ("refund_metadata[refund_key]", "refund_metadata[refund_ref]", "refund_metadata[refund_reference]")


def read(file: BinaryIO, rules: Rules, totals: Totals) -> Iterator[Line]:
    """Yield every line. Raises Invalid, and Unprocessable where gross, fee and net of a line do not fit."""
    for number, row in rows_of(file, NEEDED):
        yield _line(number, row, rules, totals)


def _line(number: int, row: Row, rules: Rules, totals: Totals) -> Line:
    currency, kind = code(number, row["currency"]), row["reporting_category"]
    gross, fee, net = (amount(number, row[name], currency) for name in ("gross", "fee", "net"))
    agree(number, "net", net, gross - fee, currency)
    for name, value in (("gross", gross), ("fee", fee), ("net", net)):
        totals.add(name, value, currency)
    items = _items(number, row, rules, currency, gross, fee)
    lane, found = KINDS.get(kind, UNKNOWN)
    fate = Fate.EMPTY if not items else Fate.UNMAPPED if found == ItemType.UNMAPPED else Fate.ITEM
    batch = row.get("automatic_payout_id") or row.get("payout_id", "")
    is_payout = lane == Lane.PAYOUT
    paid = Paid(net, items[0].value_date) if is_payout and items and batch else None
    added = 0 if is_payout or not batch else net
    return Line(number, kept(row), kind, items, fate, batch, currency, added, paid)


def _items(number: int, row: Row, rules: Rules, currency: str, gross: int, fee: int) -> tuple[Told, ...]:
    transaction = row["balance_transaction_id"]
    if not transaction:
        raise unreadable(number, "it has no balance_transaction_id.")
    kind = row["reporting_category"]
    lane, type = KINDS.get(kind, UNKNOWN)
    at, day = _when(number, row, rules)
    batch = row.get("automatic_payout_id") or row.get("payout_id", "")
    shown = _presentment(number, row, currency)
    main = Told(
        lane, type, transaction, gross, currency, at, day, keys=_keys(row, type), told_type=kind, batch=batch,
        presentment_amount=shown[0] if shown else None, presentment_currency=shown[1] if shown else "",
    )  # fmt: skip
    cost = Told(
        Lane.FEE,
        ItemType.FEE,
        f"{transaction}:fee",
        -fee,
        currency,
        at,
        day,
        told_type=f"{kind} fee",
        batch="" if lane == Lane.PAYOUT else batch,
    )
    return tuple(each for each in (main, cost) if each.amount)


def _when(number: int, row: Row, rules: Rules) -> tuple[datetime, date]:
    for name, zone in (("created_utc", "UTC"), ("effective_at_utc", "UTC"), ("created", rules.time_zone)):
        if row.get(name):
            return instant(number, row[name], zone)
    return instant(number, row.get("effective_at", ""), rules.time_zone)


def _presentment(number: int, row: Row, currency: str) -> tuple[int, str] | None:
    """Return what the customer saw, where it is in another currency than the settlement."""
    text, told = row.get("customer_facing_amount", ""), row.get("customer_facing_currency", "")
    if not text or not told or told.upper() == currency:
        return None
    shown = code(number, told)
    value = amount(number, text, shown)
    return (value, shown) if value else None


def _keys(row: Row, type: ItemType) -> tuple[Key, ...]:
    source = row.get("source_id", "")
    keys = [(KeyType.PAYMENT, row.get(name, "")) for name in ("charge_id", "payment_intent_id")]
    keys += [(KeyType.ORDER, row.get("payment_metadata[order_id]", ""))]
    if type in (ItemType.REFUND, ItemType.REFUND_FAILURE):
        keys += [(KeyType.REFUND, row.get(name, "")) for name in OUR_REFERENCE]
        keys += [(KeyType.PROVIDER_REFUND, source)]
    elif type in (ItemType.CHARGEBACK, ItemType.CHARGEBACK_WON):
        keys += [(KeyType.DISPUTE, source)]
    return tuple(key for key in keys if key[1])
