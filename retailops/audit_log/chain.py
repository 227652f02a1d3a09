"""Proofs of rows: the hash of each row, and a chain in which each link holds all rows before it."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64


def canonical(row: Any) -> str:
    """Return the one text of a row: sorted members, no white space, UTF-8 as it is."""
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(text: str) -> str:
    """Return the SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Link:
    """A row's own hash, and the hash over the link before it and this row."""

    row: str
    chain: str

    def __str__(self) -> str:
        return f"{self.row} {self.chain}"


def links(lines: Iterable[str]) -> Iterator[Link]:
    """Yield the link of each line; the first holds GENESIS as the one before it."""
    before = GENESIS
    for line in lines:
        own = digest(line)
        before = digest(before + own)
        yield Link(own, before)


@dataclass(frozen=True)
class Tampering:
    """The first row (from 1) that is not what was exported: `altered`, `removed` or `added`."""

    row: int
    what: str

    def __str__(self) -> str:
        return f"row {self.row} was {self.what}"


def first_tampering(lines: list[str], told: list[str]) -> Tampering | None:
    """Compare the lines of a file with the links that were told of it, and return where they first differ, or None."""
    found = [str(link) for link in links(lines)]
    if found == told:
        return None
    own, wanted = [digest(line) for line in lines], [link.split(" ", 1)[0] for link in told]
    at = next((n for n, (a, b) in enumerate(zip(own, wanted, strict=False)) if a != b), min(len(own), len(wanted)))
    if at == len(own) == len(wanted):
        return None  # The rows are right; the links are not, which their own hash tells.
    return Tampering(at + 1, _what(own[at:], wanted[at:]))


def _what(own: list[str], wanted: list[str]) -> str:
    """Tell a row that is missing from one too many, from one that is another: which of them makes the rest fit."""
    if not own or (len(own) < len(wanted) and own[0] in wanted):
        return "removed"
    if not wanted or (len(own) > len(wanted) and wanted[0] in own):
        return "added"
    return "altered"
