"""Files of items and snapshots: read by header name, every fault with its line; nothing is dropped in silence."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

from inventory.inputs import ROWS_LIMIT, ItemIn, SnapshotIn, SnapshotRowIn, read
from retailops.lib.errors import DomainError, FieldError, Invalid
from retailops.lib.money import minor

# What the FBA ledger counts (Amazon Seller Central, "Inventory Ledger", summary view).
FBA_STATE, FBA_UNITS, FBA_SKU, FBA_DAY = "Disposition", "Ending Warehouse Balance", "MSKU", "Date"
FBA_KEY = (FBA_DAY, "FNSKU", FBA_SKU, FBA_STATE, "Location", "Store")
YES = frozenset({"1", "true", "yes", "y"})
Row = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """Rows of a file, and the instant that the file itself tells (None: it does not)."""

    rows: list[SnapshotRowIn]
    as_of: datetime | None = None


def read_items(path: Path) -> list[ItemIn]:
    """Return the items of a CSV: sku, title, serialized, lot_tracked, and `value_GBP`, … in major units.

    Raises Invalid, naming each line that is wrong.
    """
    return list(_each(path, ",", {"sku"}, _item))


def read_snapshot(path: Path, form: str) -> Told:
    """Return the rows of a file in one of FORMS. Raises Invalid, naming each line that is wrong."""
    return FORMS[form](path)


def snapshot_of(
    path: Path, form: str, *, source: str, reference: str, location: str, as_of: datetime | None
) -> SnapshotIn:
    """Return the snapshot that a file tells; its own instant where none is given. Raises Invalid."""
    told = read_snapshot(path, form)
    instant = as_of or told.as_of
    if instant is None:
        raise Invalid("The file does not tell its instant: give it.", errors=[FieldError("/as_of", "is needed")])
    if len(told.rows) > ROWS_LIMIT:
        raise Invalid(f"A snapshot has at most {ROWS_LIMIT:,} rows; this has {len(told.rows):,}.")
    return SnapshotIn(source=source, reference=reference, location=location, as_of=instant, rows=told.rows)


def _rows_csv(path: Path) -> Told:
    return Told(list(_each(path, ",", {"sku", "state", "quantity"}, _row)))


def _row(row: Row) -> SnapshotRowIn:
    return read(SnapshotRowIn, {"sku": row["sku"], "state": row["state"], "quantity": _whole(row["quantity"])})


def _item(row: Row) -> ItemIn:
    values = [
        {"currency": name.removeprefix("value_"), "amount": minor(text, name.removeprefix("value_"))}
        for name, text in row.items()
        if name.startswith("value_") and text
    ]
    flags = {name: row.get(name, "").lower() in YES for name in ("serialized", "lot_tracked")}
    return read(ItemIn, {"sku": row["sku"], "title": row.get("title", ""), "values": values, **flags})


def _fba_ledger(path: Path) -> Told:
    """Read the ledger's closing balances: the last day that it tells, each sku and state summed over its rows.

    The same row may come twice: it counts once where all of it agrees. The day ends at midnight UTC.
    """
    seen: dict[tuple[str, ...], Row] = {}
    for row in _each(path, "\t", {FBA_STATE, FBA_UNITS, FBA_SKU, FBA_DAY}, dict):
        key = tuple(row.get(name, "") for name in FBA_KEY)
        if seen.setdefault(key, row) != row:
            raise Invalid(f"Two rows of {row[FBA_SKU]} {row[FBA_STATE]} on {row[FBA_DAY]} differ.")
    days = {_day(row) for row in seen.values()}
    if not days:
        raise Invalid("The file has no rows.")
    last = max(days)
    units: dict[tuple[str, str], int] = {}
    for row in seen.values():
        if _day(row) == last:
            place = row[FBA_SKU], row[FBA_STATE]
            units[place] = units.get(place, 0) + _whole(row[FBA_UNITS])
    rows = [SnapshotRowIn(sku=sku, state=state, quantity=count) for (sku, state), count in units.items()]
    return Told(rows, last + timedelta(days=1))


def _day(row: Row) -> datetime:
    day = datetime.strptime(row[FBA_DAY], "%m/%d/%Y").date()  # noqa: DTZ007  # a date
    return datetime.combine(day, time(), UTC)


def _whole(text: str) -> int:
    if not text.lstrip("-").isdigit():
        raise ValueError(f"“{text}” is no whole number")
    return int(text)


FORMS: dict[str, Callable[[Path], Told]] = {"csv": _rows_csv, "fba_ledger": _fba_ledger}


def _each(path: Path, delimiter: str, needed: set[str], make: Callable[[Row], T]) -> Iterator[T]:
    faults: list[FieldError] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        if missing := sorted(needed - set(reader.fieldnames or ())):
            raise Invalid(f"The file has no column {', '.join(missing)}.")
        for number, row in enumerate(reader, start=2):
            try:
                yield make({name: (text or "").strip() for name, text in row.items() if name})
            except DomainError as refused:
                faults += [FieldError(f"line {number}{fault.pointer}", fault.detail) for fault in refused.errors]
            except ValueError as wrong:
                faults.append(FieldError(f"line {number}", str(wrong)))
    if faults:
        raise Invalid("Some lines are wrong; nothing was taken.", errors=faults)
