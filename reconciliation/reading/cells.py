"""Text files as rows by header name, and their cells as amounts, instants and ids."""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import BinaryIO
from zoneinfo import ZoneInfo

from retailops.lib.errors import Invalid
from retailops.lib.money import minor

Row = dict[str, str]
# Beyond it an amount is a mistake.
LARGEST = Decimal(10) ** 12
# What names or finds a person is not kept.
PERSONAL = re.compile(
    r"(customer|shopper|consumer|payer|buyer|recipient|card_?holder).*(name|email|e-mail|phone|description|id)"
    r"|e-?mail|phone|address|ip_address|issuer|card_?number|iban|consumer id",
    re.IGNORECASE,
)
# Zones by the names that reports call them; what is not here is a zone's own name.
ZONES = {
    "CEST": "CET", "BST": "Europe/London", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
    "EST": "America/New_York", "EDT": "America/New_York", "CST": "America/Chicago", "CDT": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney",
    "SGT": "Asia/Singapore", "JST": "Asia/Tokyo",
}  # fmt: skip


def unreadable(line: int, why: str) -> Invalid:
    """Return the refusal of a file that is not what it was said to be."""
    return Invalid(f"Line {line}: {why} Nothing of the file was taken.", code="file-not-readable", line=line)


def text_of(file: BinaryIO) -> io.TextIOWrapper:
    """Return the file as text: UTF-8 (a mark at its begin is dropped) or, where its mark says so, UTF-16."""
    head = file.read(2)
    file.seek(0)
    encoding = "utf-16" if head in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return io.TextIOWrapper(file, encoding=encoding, newline="")


def cells_of(file: BinaryIO, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line that is not blank. Raises Invalid."""
    reader = csv.reader(text_of(file), delimiter=delimiter)
    try:
        for cells in reader:
            if any("\0" in cell for cell in cells):
                raise unreadable(reader.line_num, "it holds a character that no text has.")
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except (UnicodeError, csv.Error) as broken:
        raise unreadable(reader.line_num + 1, "it is no text that can be read.") from broken


def rows_of(file: BinaryIO, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """Yield number and cells by header name of each line below the head. Raises Invalid, naming missing columns."""
    lines = cells_of(file)
    _, head = next(lines, (1, []))
    names = [squeezed(name) for name in head]
    if missing := [name for name in needed if name not in names]:
        raise unreadable(1, f"the columns {', '.join(missing)} are missing.")
    for number, cells in lines:
        if len(cells) > len(names):
            raise unreadable(number, f"it has {len(cells)} cells, but the head names {len(names)}.")
        yield number, dict(zip(names, [*map(str.strip, cells), *[""] * (len(names) - len(cells))], strict=True))


def squeezed(name: str) -> str:
    """Return a column's name with single blanks."""
    return " ".join(name.split())


def kept(row: Mapping[str, str]) -> Row:
    """Return the cells that are kept with a line: those that say something and are nobody's personal data."""
    return {name: value for name, value in row.items() if value and not PERSONAL.search(name)}


def amount(line: int, text: str, currency: str) -> int:
    """Return major units as minor ones; an empty cell is nothing. Raises Invalid."""
    if not text:
        return 0
    try:
        told = Decimal(text.replace(",", ""))
        if not told.is_finite() or abs(told) > LARGEST:
            raise ValueError(text)
        return minor(told, currency)
    except (InvalidOperation, ValueError) as wrong:
        raise unreadable(line, f"{text!r} is no amount of {currency}.") from wrong


def code(line: int, text: str) -> str:
    """Return a currency's code. Raises Invalid."""
    found = text.strip().upper()
    if not re.fullmatch("[A-Z]{3}", found):
        raise unreadable(line, f"{text!r} is no currency.")
    return found


def instant(line: int, text: str, zone: str, form: str = "") -> tuple[datetime, date]:
    """Return a local time as its instant (UTC) and its business date there. Raises Invalid."""
    try:
        told = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007  # zone below
        local = told if told.tzinfo else told.replace(tzinfo=zone_named(zone))
        return local.astimezone(UTC), local.date()
    except (ValueError, OverflowError) as wrong:
        raise unreadable(line, f"{text!r} is no date.") from wrong


@cache
def zone_named(name: str) -> ZoneInfo:
    """Return the zone of that name. Raises ValueError."""
    try:
        return ZoneInfo(ZONES.get(name, name) or "UTC")
    except (KeyError, OSError) as unknown:
        raise ValueError(f"no zone {name}") from unknown


class Twins:
    """Names lines that have no id: by all their cells, and the ordinal among lines that are the same."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def name(self, kind: str, row: Mapping[str, str]) -> str:
        """Return the next name for such a line."""
        told = "\x1f".join(f"{name}={value}" for name, value in sorted(row.items()) if value)
        digest = hashlib.sha256(told.encode()).hexdigest()[:40]
        return self.ordinal(f"{kind}:{digest}")

    def ordinal(self, key: str) -> str:
        """Return the key, with its number where it has come before."""
        self._seen[key] += 1
        return key if self._seen[key] == 1 else f"{key}#{self._seen[key]}"
