"""PayPal's settlement report (STL): record types in the first cell, minor units without sign, totals at the end."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from reconciliation.keys import Key
from reconciliation.models import Fate, ItemType, KeyType, Lane
from reconciliation.reading.cells import Row, Twins, cells_of, code, instant, kept, squeezed, unreadable
from reconciliation.reading.totals import Totals
from reconciliation.told import Line, Rules, Told

FORM = "%Y/%m/%d %H:%M:%S %z"
NEEDED = (
    "Transaction ID", "Transaction Event Code", "Transaction Completion Date", "Transaction Debit or Credit",
    "Gross Transaction Amount", "Gross Transaction Currency", "Fee Debit or Credit", "Fee Amount", "Fee Currency",
)  # fmt: skip
# By the whole code, then by its group.
KINDS = {
    "T1106": (Lane.PAYMENT, ItemType.CHARGEBACK),
    "T1107": (Lane.PAYMENT, ItemType.REFUND),
    "T1108": (Lane.FEE, ItemType.FEE),
    "T1201": (Lane.PAYMENT, ItemType.CHARGEBACK),
    "T1202": (Lane.PAYMENT, ItemType.CHARGEBACK_WON),
    "T00": (Lane.SALE, ItemType.CHARGE),
    "T01": (Lane.FEE, ItemType.FEE),
    "T02": (Lane.OTHER, ItemType.ADJUSTMENT),
    "T03": (Lane.OTHER, ItemType.ADJUSTMENT),
    "T04": (Lane.PAYOUT, ItemType.PAYOUT),
    "T15": (Lane.OTHER, ItemType.ADJUSTMENT),
    "T20": (Lane.OTHER, ItemType.ADJUSTMENT),
    "T21": (Lane.OTHER, ItemType.ADJUSTMENT),
}
UNKNOWN = (Lane.OTHER, ItemType.UNMAPPED)
SUMS = ("gross credits", "gross debits", "fee credits", "fee debits")


@dataclass
class _Reading:
    """Where the reader is: the columns' names, and what came since the section and the file began."""

    names: list[str] = field(default_factory=list)
    section: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    twins: Twins = field(default_factory=Twins)
    ended: bool = False


def read(file: BinaryIO, rules: Rules, totals: Totals) -> Iterator[Line]:
    """Yield every line. Raises Invalid, and Unprocessable where a foot does not say what its lines come to."""
    at = _Reading()
    number = 0
    for number, cells in cells_of(file):
        record = cells[0].strip().upper()
        if record == "SB":
            yield _body(number, cells, at, totals)
            continue
        _control(number, record, cells, at, totals)
        yield Line(number, {"record": record, "cells": cells[1:]}, record, fate=Fate.CONTROL)
    if not at.ended:
        raise unreadable(number, "the file ends without its foot (FF).")


def _control(number: int, record: str, cells: list[str], at: _Reading, totals: Totals) -> None:
    if record == "CH":
        at.names = [squeezed(name) for name in cells[1:]]
        if missing := [name for name in NEEDED if name not in at.names]:
            raise unreadable(number, f"the columns {', '.join(missing)} are missing.")
    elif record == "SH":
        at.section = Counter()
    elif record in ("SF", "RF"):
        _foot(number, record, cells, at, totals)
    elif record in ("SC", "RC", "FF"):
        counted = at.section if record == "SC" else at.whole
        totals.declare(number, f"the count of lines ({record})", _whole(number, cells, 1), counted["lines"])
        at.ended = at.ended or record == "FF"
    elif record not in ("RH", "FH"):
        raise unreadable(number, f"there is no record type {record!r}.")


def _foot(number: int, record: str, cells: list[str], at: _Reading, totals: Totals) -> None:
    currency = code(number, cells[1] if len(cells) > 1 else "")
    found = at.section if record == "SF" else at.whole
    for place, name in enumerate(SUMS, start=2):
        said = _whole(number, cells, place)
        totals.declare(number, f"{name} ({record})", said, found[f"{name} {currency}"], currency)


def _whole(number: int, cells: list[str], place: int) -> int:
    text = cells[place].strip() if len(cells) > place else ""
    if not re.fullmatch("-?[0-9]{1,15}", text):
        raise unreadable(number, f"{text!r} is no whole number.")
    return int(text)


def _body(number: int, cells: list[str], at: _Reading, totals: Totals) -> Line:
    if not at.names:
        raise unreadable(number, "a transaction comes before the columns' names (CH).")
    if len(cells) - 1 > len(at.names):
        raise unreadable(number, f"it has {len(cells) - 1} cells, but the head names {len(at.names)}.")
    padded = [*map(str.strip, cells[1:]), *[""] * (len(at.names) + 1 - len(cells))]
    row = dict(zip(at.names, padded, strict=True))
    kind, items = row["Transaction Event Code"], _items(number, row, at)
    _count(number, row, at, totals)
    _, type = _kind(kind)
    fate = Fate.EMPTY if not items else Fate.UNMAPPED if type == ItemType.UNMAPPED else Fate.ITEM
    return Line(number, kept(row), kind, items, fate)


def _items(number: int, row: Row, at: _Reading) -> tuple[Told, ...]:
    if not row["Transaction ID"]:
        raise unreadable(number, "it has no Transaction ID.")
    kind = row["Transaction Event Code"]
    lane, type = _kind(kind)
    when, day = instant(number, row["Transaction Completion Date"], "UTC", FORM)
    name = at.twins.ordinal(f"{row['Transaction ID']}:{kind}")
    gross, fee = _gross(number, row), _fee(number, row)
    items = []
    if gross:
        currency = code(number, row["Gross Transaction Currency"])
        items.append(Told(lane, type, name, gross, currency, when, day, keys=_keys(row, type), told_type=kind))
    if fee:
        currency = code(number, row["Fee Currency"])
        items.append(Told(Lane.FEE, ItemType.FEE, f"{name}:fee", fee, currency, when, day, told_type=f"{kind} fee"))
    return tuple(items)


def _kind(told: str) -> tuple[Lane, ItemType]:
    return KINDS.get(told) or KINDS.get(told[:3]) or UNKNOWN


def _count(number: int, row: Row, at: _Reading, totals: Totals) -> None:
    parts = (("gross", _gross(number, row), "Gross Transaction Currency"), ("fee", _fee(number, row), "Fee Currency"))
    for counted in (at.section, at.whole):
        counted["lines"] += 1
        for name, value, where in parts:
            side = "credits" if value > 0 else "debits"
            counted[f"{name} {side} {row[where].upper()}"] += abs(value)
    for name, value, where in parts:
        if value:
            totals.add(name, value, row[where].upper())


def _gross(number: int, row: Row) -> int:
    return _signed(number, row["Gross Transaction Amount"], row["Transaction Debit or Credit"])


def _fee(number: int, row: Row) -> int:
    return _signed(number, row["Fee Amount"], row["Fee Debit or Credit"])


def _signed(number: int, text: str, side: str) -> int:
    if not text or text.strip("0") == "":
        return 0
    if not re.fullmatch("[0-9]{1,15}", text) or side.upper() not in ("CR", "DR"):
        raise unreadable(number, f"{text!r} {side!r} is no amount with CR or DR.")
    return int(text) if side.upper() == "CR" else -int(text)


def _keys(row: Row, type: ItemType) -> tuple[Key, ...]:
    keys = [(KeyType.ORDER, row.get("Invoice ID", "")), (KeyType.PAYMENT, row.get("PayPal Reference ID", ""))]
    if type in (ItemType.REFUND, ItemType.REFUND_FAILURE):
        keys += [(KeyType.REFUND, row.get("Custom Field", "")), (KeyType.PROVIDER_REFUND, row["Transaction ID"])]
    elif type in (ItemType.CHARGEBACK, ItemType.CHARGEBACK_WON):
        keys += [(KeyType.DISPUTE, row["Transaction ID"])]
    return tuple(key for key in keys if key[1])
