"""CSV by column mapping: ERP credit memos, gift-card adjustments and tax reversals have theirs, any other is given one.

A mapping names the column of each field (`amount`, `currency`, `date`, and where there are: `id`, `type`, `refund`,
`provider_refund`, `payment`, `order`, `memo`, `batch`), and under `types` what each word of the type column means.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from reconciliation.keys import Key
from reconciliation.models import Fate, ItemType, KeyType, Lane
from reconciliation.reading.cells import Row, Twins, amount, code, instant, kept, rows_of
from reconciliation.reading.totals import Totals
from reconciliation.told import Line, Rules, Told

FIELDS = ("id", "type", "amount", "currency", "date", "refund", "provider_refund", "payment", "order", "memo", "batch")
NEEDED = ("amount", "currency", "date")
_POSTED = {"refund": "refund_ref", "amount": "amount", "currency": "currency", "date": "posted_on"}
MAPPINGS: Mapping[Lane, Mapping[str, str]] = {
    Lane.ERP_MEMO: _POSTED | {"id": "memo_no", "memo": "memo_no", "order": "order_ref"},
    Lane.GIFT_CARD: _POSTED | {"payment": "card_ref"},
    Lane.TAX: _POSTED | {"id": "tax_doc_ref", "memo": "tax_doc_ref"},
    Lane.PAYMENT: {name: name for name in FIELDS},
}
# What an amount is in each lane: money that leaves, and money that comes back.
TYPES = {
    Lane.PAYMENT: (ItemType.REFUND, ItemType.REFUND_FAILURE),
    Lane.ERP_MEMO: (ItemType.CREDIT_MEMO, ItemType.MEMO_REVERSAL),
    Lane.GIFT_CARD: (ItemType.GIFT_CARD, ItemType.GIFT_CARD),
    Lane.TAX: (ItemType.TAX, ItemType.TAX),
}
LANE_OF = {
    ItemType.CHARGE: Lane.SALE, ItemType.FEE: Lane.FEE, ItemType.PAYOUT: Lane.PAYOUT,
    ItemType.ADJUSTMENT: Lane.OTHER, ItemType.UNMAPPED: Lane.OTHER,
}  # fmt: skip
KEYS = {
    "refund": KeyType.REFUND, "provider_refund": KeyType.PROVIDER_REFUND, "payment": KeyType.PAYMENT,
    "order": KeyType.ORDER, "memo": KeyType.MEMO,
}  # fmt: skip


def reader(lane: Lane) -> Callable[[BinaryIO, Rules, Totals], Iterator[Line]]:
    """Return the reader of a lane's CSV."""
    return partial(read, lane)


def read(lane: Lane, file: BinaryIO, rules: Rules, totals: Totals) -> Iterator[Line]:
    """Yield every line. Raises Invalid, naming columns that are missing."""
    own = {name: value for name, value in rules.mapping.items() if isinstance(value, str)}
    columns = {**MAPPINGS[lane], **own}
    twins = Twins()
    for number, row in rows_of(file, [columns[name] for name in NEEDED]):
        yield _line(number, row, lane, columns, rules, twins, totals)


def _line(
    number: int, row: Row, lane: Lane, columns: Mapping[str, str], rules: Rules, twins: Twins, totals: Totals
) -> Line:
    def cell(name: str) -> str:
        return row.get(columns.get(name, ""), "")

    currency = code(number, cell("currency"))
    value = rules.sign * amount(number, cell("amount"), currency)
    at, day = instant(number, cell("date"), rules.time_zone, rules.date_format)
    type = type_of(lane, cell("type"), value, rules.mapping.get("types", {}))
    totals.add("amount", value, currency)
    if not value:
        return Line(number, kept(row), cell("type"), fate=Fate.EMPTY, currency=currency)
    name = twins.ordinal(cell("id")) if cell("id") else twins.name(str(lane), row)
    keys: tuple[Key, ...] = tuple((kind, cell(field)) for field, kind in KEYS.items() if cell(field))
    told = Told(
        LANE_OF.get(type, lane), type, name[:160], value, currency, at, day, keys=keys, told_type=cell("type"),
        batch=cell("batch"),
    )  # fmt: skip
    fate = Fate.UNMAPPED if type == ItemType.UNMAPPED else Fate.ITEM
    return Line(number, kept(row), cell("type"), (told,), fate, cell("batch"), currency, value if cell("batch") else 0)


def type_of(lane: Lane, word: str, value: int, types: Mapping[str, Any]) -> ItemType:
    """Return what a line is: by its word where there is a column of types, else by the sign of its amount."""
    if word:
        told = types.get(word, word.lower())
        return ItemType(told) if told in ItemType.values else ItemType.UNMAPPED
    leaves, returns = TYPES[lane]
    return leaves if value < 0 else returns
