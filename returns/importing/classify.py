"""Say what each line is, by the mapping alone: goods sold, goods returned, an adjustment, or not goods at all."""

from dataclasses import dataclass
from enum import StrEnum

from returns.importing.mapping import Mapping, NotGoods
from returns.importing.reading import Document, SourceLine


class LineKind(StrEnum):
    """What a line of the file is."""

    SALE = "sale"
    RETURN = "return"
    STOCK_ADJUSTMENT = "stock_adjustment"
    NOT_GOODS = "not_goods"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Classified:
    """A line with its kind; `detail` says which kind of not-goods, or what is wrong."""

    line: SourceLine
    kind: LineKind
    detail: str = ""


def classify(document: Document, mapping: Mapping) -> list[Classified]:
    """Classify every line of a document; none is left out."""
    returned = document.number.startswith(mapping.documents.return_prefix)
    return [_classify(line, mapping, returned=returned) for line in document.lines]


def _classify(line: SourceLine, mapping: Mapping, *, returned: bool) -> Classified:
    if fault := _fault(line):
        return Classified(line, LineKind.UNREADABLE, fault)
    if kind := mapping.not_goods_kind(line.sku):
        return Classified(line, LineKind.NOT_GOODS, kind.value)
    if returned and line.quantity < 0:
        return Classified(line, LineKind.RETURN)
    if line.quantity > 0 and not returned:
        return Classified(line, LineKind.SALE)
    if line.quantity < 0 and mapping.documents.negative_elsewhere == "stock_adjustment":
        return Classified(line, LineKind.STOCK_ADJUSTMENT, line.title or "no reason given")
    return Classified(line, LineKind.UNREADABLE, "its sign does not fit its document")


def _fault(line: SourceLine) -> str:
    if line.fault:
        return line.fault
    if not line.document or not line.sku:
        return "it has no document number or no code"
    if line.quantity == 0:
        return "its quantity is zero"
    return "its price is negative" if line.unit_price < 0 else ""


def postage(classified: list[Classified]) -> list[SourceLine]:
    """Return the lines that charge postage."""
    return [c.line for c in classified if c.kind is LineKind.NOT_GOODS and c.detail == NotGoods.POSTAGE]
