"""Shopify's payouts and balance transactions, as its Admin API answers them (JSON, major units)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from reconciliation.keys import Key
from reconciliation.models import Fate, ItemType, KeyType, Lane
from reconciliation.reading.cells import amount, code, instant, kept, unreadable
from reconciliation.reading.totals import Totals, agree
from reconciliation.told import Line, Paid, Rules, Told

KINDS = {
    "charge": (Lane.SALE, ItemType.CHARGE),
    "refund": (Lane.PAYMENT, ItemType.REFUND),
    "refund_failure": (Lane.PAYMENT, ItemType.REFUND_FAILURE),
    "dispute": (Lane.PAYMENT, ItemType.CHARGEBACK),
    "chargeback": (Lane.PAYMENT, ItemType.CHARGEBACK),
    "dispute_reversal": (Lane.PAYMENT, ItemType.CHARGEBACK_WON),
    "payout": (Lane.PAYOUT, ItemType.PAYOUT),
    "payout_failure": (Lane.PAYOUT, ItemType.PAYOUT),
    "payout_cancellation": (Lane.PAYOUT, ItemType.PAYOUT),
    "adjustment": (Lane.OTHER, ItemType.ADJUSTMENT),
    "reserve": (Lane.OTHER, ItemType.ADJUSTMENT),
    "credit": (Lane.OTHER, ItemType.ADJUSTMENT),
    "debit": (Lane.OTHER, ItemType.ADJUSTMENT),
}
UNKNOWN = (Lane.OTHER, ItemType.UNMAPPED)
PAID = "paid"
Entry = Mapping[str, Any]


def read(file: BinaryIO, rules: Rules, totals: Totals) -> Iterator[Line]:
    """Yield every entry, numbered from 1. Raises Invalid, and Unprocessable where sums do not fit."""
    try:
        # Ids are beyond what a float holds: whole numbers stay whole here, and are kept as text.
        told = json.load(file)
    except ValueError as broken:
        raise unreadable(1, "it is no JSON.") from broken
    if isinstance(told, dict) and isinstance(told.get("transactions"), list):
        yield from _transactions(told["transactions"], rules, totals)
    elif isinstance(told, dict) and isinstance(told.get("payouts"), list):
        for number, entry in enumerate(told["payouts"], start=1):
            yield _payout(number, _entry(number, entry), rules, totals)
    else:
        raise unreadable(1, "it names neither transactions nor payouts.")


def _transactions(entries: list[Any], rules: Rules, totals: Totals) -> Iterator[Line]:
    nets, payouts = dict[tuple[str, str], int](), dict[tuple[str, str], int]()
    for number, entry in enumerate(entries, start=1):
        line = _transaction(number, _entry(number, entry), rules, totals)
        place = (line.batch, line.currency)
        nets[place] = nets.get(place, 0) + (line.paid.amount if line.paid else line.net)
        if line.paid:
            payouts[place] = number
        yield line
    for place, number in payouts.items():
        totals.declare(number, f"the sum of payout {place[0]}", 0, nets[place], place[1])


def _entry(number: int, entry: Any) -> dict[str, str]:
    """Return an entry's plain values as text."""
    if not isinstance(entry, dict) or "id" not in entry:
        raise unreadable(number, "it is no entry with an id.")
    if "\0" in json.dumps(entry, ensure_ascii=False):
        raise unreadable(number, "it holds a character that no text has.")
    plain = {name: value for name, value in entry.items() if not isinstance(value, (dict, list))}
    return {name: "" if value is None else str(value) for name, value in plain.items()}


def _transaction(number: int, row: dict[str, str], rules: Rules, totals: Totals) -> Line:
    currency, kind = code(number, row.get("currency", "")), row.get("type", "")
    gross, fee, net = (amount(number, row.get(name, ""), currency) for name in ("amount", "fee", "net"))
    agree(number, "net", net, gross - fee, currency)
    for name, value in (("gross", gross), ("fee", fee), ("net", net)):
        totals.add(name, value, currency)
    lane, type = KINDS.get(kind, UNKNOWN)
    at, day = instant(number, row.get("processed_at", ""), rules.time_zone)
    batch = row.get("payout_id", "")
    main = Told(lane, type, row["id"], gross, currency, at, day, keys=_keys(row, type), told_type=kind, batch=batch)
    cost = Told(
        Lane.FEE,
        ItemType.FEE,
        f"{row['id']}:fee",
        -fee,
        currency,
        at,
        day,
        told_type=f"{kind} fee",
        batch="" if lane == Lane.PAYOUT else batch,
    )
    items = tuple(each for each in (main, cost) if each.amount)
    paid = Paid(net, day) if lane == Lane.PAYOUT and batch and items else None
    fate = Fate.EMPTY if not items else Fate.UNMAPPED if type == ItemType.UNMAPPED else Fate.ITEM
    return Line(number, kept(row), kind, items, fate, batch, currency, 0 if paid or not batch else net, paid)


def _payout(number: int, row: dict[str, str], rules: Rules, totals: Totals) -> Line:
    """Return a payout of the list: what is not paid yet moves nothing."""
    currency = code(number, row.get("currency", ""))
    value = amount(number, row.get("amount", ""), currency)
    at, day = instant(number, row.get("date", ""), rules.time_zone)
    totals.add("paid out", -value, currency)
    if row.get("status") != PAID or not value:
        return Line(number, kept(row), "payout", fate=Fate.EMPTY, currency=currency)
    told = Told(
        Lane.PAYOUT, ItemType.PAYOUT, f"payout:{row['id']}", -value, currency, at, day, told_type="payout",
        batch=row["id"],
    )  # fmt: skip
    return Line(number, kept(row), "payout", (told,), Fate.ITEM, row["id"], currency, 0, Paid(-value, day))


def _keys(row: Entry, type: ItemType) -> tuple[Key, ...]:
    keys = [(KeyType.ORDER, row.get("source_order_id", ""))]
    if type in (ItemType.REFUND, ItemType.REFUND_FAILURE):
        keys += [(KeyType.PROVIDER_REFUND, row.get(name, "")) for name in ("source_id", "source_order_transaction_id")]
    elif type in (ItemType.CHARGEBACK, ItemType.CHARGEBACK_WON):
        keys += [(KeyType.DISPUTE, row.get("source_id", ""))]
    return tuple(key for key in keys if key[1])
