"""What is expected, as CSV: refunds made elsewhere, with which a retailer arrives."""

from collections.abc import Iterator
from typing import BinaryIO

from reconciliation.keys import Key
from reconciliation.lanes import due_after
from reconciliation.models import Fate, KeyType, Lane, Side
from reconciliation.reading.cells import Row, Twins, amount, code, instant, kept, rows_of, unreadable
from reconciliation.reading.generic import type_of
from reconciliation.reading.totals import Totals
from reconciliation.told import Line, Rules, Told

NEEDED = ("refund_ref", "amount", "currency", "approved_on")
LANES = {
    "payment": Lane.PAYMENT, "psp": Lane.PAYMENT, "marketplace": Lane.PAYMENT, "erp": Lane.ERP_MEMO,
    "erp_memo": Lane.ERP_MEMO, "memo": Lane.ERP_MEMO, "credit_memo": Lane.ERP_MEMO, "gift_card": Lane.GIFT_CARD,
    "giftcard": Lane.GIFT_CARD, "tax": Lane.TAX,
}  # fmt: skip


def read(file: BinaryIO, rules: Rules, totals: Totals) -> Iterator[Line]:
    """Yield every line; those that name no lane are of `rules.mapping["lane"]`. Raises Invalid."""
    twins = Twins()
    for number, row in rows_of(file, NEEDED):
        yield _line(number, row, rules, twins, totals)


def _line(number: int, row: Row, rules: Rules, twins: Twins, totals: Totals) -> Line:
    lane = _lane(number, row, rules)
    currency = code(number, row["currency"])
    value = rules.sign * amount(number, row["amount"], currency)
    at, day = instant(number, row["approved_on"], rules.time_zone, rules.date_format)
    totals.add(f"expected {lane}", value, currency)
    if not value:
        return Line(number, kept(row), str(lane), fate=Fate.EMPTY, currency=currency)
    told = Told(
        lane, type_of(lane, "", value, {}), twins.name(f"csv:{lane}", _business(row)), value, currency, at, day,
        Side.EXPECTED, _keys(row), due_on=due_after(lane, day),
    )  # fmt: skip
    return Line(number, kept(row), str(lane), (told,), Fate.ITEM, currency=currency)


def _business(row: Row) -> Row:
    """Return what tells one expectation from another: a note does not."""
    return {name: value for name, value in row.items() if name != "note"}


def _lane(number: int, row: Row, rules: Rules) -> Lane:
    told = row.get("lane", "").lower() or str(rules.mapping.get("lane", Lane.PAYMENT))
    if told not in LANES:
        raise unreadable(number, f"there is no lane {told!r}.")
    return LANES[told]


def _keys(row: Row) -> tuple[Key, ...]:
    keys = (
        (KeyType.REFUND, row["refund_ref"]),
        (KeyType.PROVIDER_REFUND, row.get("psp_refund_ref", "")),
        (KeyType.ORDER, row.get("order_ref", "")),
    )
    return tuple(key for key in keys if key[1])
