"""Read a file into documents, in its own order; every line keeps its number."""

import csv
import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import IO

from retailops.lib.errors import FieldError, Invalid
from returns.importing.mapping import Mapping

GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class SourceLine:
    """One line of the file, as written: `number` counts from 1 after the header; the price is in major units."""

    number: int
    document: str
    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    customer: str
    country: str
    date: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Document:
    """Consecutive lines of one document number, and when it was written."""

    number: str
    lines: tuple[SourceLine, ...]
    at: datetime


@dataclass
class SourceFile:
    """A file with its digest, so that the same file is known again."""

    path: Path
    sha256: str
    documents: list[Document] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many lines the file has, the header not counted."""
        return sum(len(document.lines) for document in self.documents)


def read_file(path: Path, mapping: Mapping) -> SourceFile:
    """Read the whole file. Raises Invalid when it is missing or lacks a mapped column."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Invalid(f"Cannot read {path}: {error.strerror}.") from error
    digest = hashlib.sha256(raw).hexdigest()
    with _text(raw, mapping) as text:
        lines = list(_lines(text, mapping))
    return SourceFile(path, digest, _documents(lines, mapping))


def _text(raw: bytes, mapping: Mapping) -> IO[str]:
    packed = mapping.file.compression == "auto" and raw.startswith(GZIP)
    plain = gzip.decompress(raw) if packed else raw
    return io.TextIOWrapper(io.BytesIO(plain), encoding=mapping.file.encoding, errors="replace", newline="")


def _lines(text: IO[str], mapping: Mapping) -> Iterator[SourceLine]:
    rows = csv.DictReader(text, delimiter=mapping.file.delimiter)
    _check_header(rows.fieldnames or [], mapping)
    for number, row in enumerate(rows, start=1):
        yield _line(number, row, mapping)


def _check_header(header: Iterable[str], mapping: Mapping) -> None:
    wanted = [name for name in mapping.columns.model_dump().values() if name]
    wanted += [mapping.dates.column] if mapping.dates.column else []
    missing = [name for name in wanted if name not in set(header)]
    if missing:
        raise Invalid(
            "The file lacks mapped columns.",
            errors=[FieldError(f"/columns/{name}", "is not in the file's header") for name in missing],
        )


def _line(number: int, row: dict[str, str | None], mapping: Mapping) -> SourceLine:
    def cell(column: str | None) -> str:
        return (row.get(column) or "").strip() if column else ""

    columns, fault = mapping.columns, ""
    try:
        quantity = int(cell(columns.quantity))
        price = Decimal(cell(columns.unit_price))
    except (ValueError, InvalidOperation):
        fault = f"quantity {cell(columns.quantity)!r} or price {cell(columns.unit_price)!r} is not a number"
        quantity, price = 0, Decimal(0)
    return SourceLine(
        number=number,
        document=cell(columns.document),
        sku=cell(columns.sku),
        title=cell(columns.title),
        quantity=quantity,
        unit_price=price,
        customer=cell(columns.customer),
        country=cell(columns.country),
        date=cell(mapping.dates.column),
        fault=fault,
    )


def _documents(lines: list[SourceLine], mapping: Mapping) -> list[Document]:
    groups = [(number, tuple(group)) for number, group in groupby(lines, key=lambda line: line.document)]
    step = timedelta(days=mapping.dates.days) / max(len(groups), 1)
    return [
        Document(number, group, _when(group[0], mapping.dates.start + index * step))
        for index, (number, group) in enumerate(groups)
    ]


def _when(line: SourceLine, spaced: datetime) -> datetime:
    if not line.date:
        return spaced
    try:
        moment = datetime.fromisoformat(line.date)
    except ValueError as error:
        raise Invalid(
            f"Line {line.number}: {line.date!r} is not an ISO 8601 time.",
            errors=[FieldError(f"/lines/{line.number}/date", "write it like 2010-12-01T08:26:00+00:00")],
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=spaced.tzinfo)
