"""Lists as CSV that streams, and that no spreadsheet takes for formulas."""

import csv
from collections.abc import Iterable, Iterator, Sequence


class _Echo:
    """A file that gives back what is written, so that rows stream."""

    def write(self, text: str) -> str:
        """Return the text."""
        return text


def csv_lines(head: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the head and each row as a line; None is an empty cell."""
    writer = csv.writer(_Echo())
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow([_safe(cell) for cell in row])


def _safe(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
