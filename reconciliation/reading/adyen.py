"""Adyen's settlement detail report: one batch a payout, debit and credit apart, fees in columns of their own."""

from collections.abc import Iterator
from typing import BinaryIO

from reconciliation.keys import Key
from reconciliation.models import Fate, ItemType, KeyType, Lane
from reconciliation.reading.cells import Row, Twins, amount, code, instant, kept, rows_of, unreadable
from reconciliation.reading.totals import Totals, agree
from reconciliation.told import Line, Paid, Rules, Told

NEEDED = (
    "Psp Reference", "Creation Date", "Type", "Modification Reference", "Net Currency", "Net Debit (NC)",
    "Net Credit (NC)", "Batch Number",
)  # fmt: skip
KINDS = {
    "Settled": (Lane.SALE, ItemType.CHARGE),
    "SettledReversed": (Lane.SALE, ItemType.ADJUSTMENT),
    "Refunded": (Lane.PAYMENT, ItemType.REFUND),
    "RefundedReversed": (Lane.PAYMENT, ItemType.REFUND_FAILURE),
    "Chargeback": (Lane.PAYMENT, ItemType.CHARGEBACK),
    "SecondChargeback": (Lane.PAYMENT, ItemType.CHARGEBACK),
    "ChargebackReversed": (Lane.PAYMENT, ItemType.CHARGEBACK_WON),
    "Fee": (Lane.FEE, ItemType.FEE),
    "InvoiceDeduction": (Lane.FEE, ItemType.FEE),
    "MiscCosts": (Lane.FEE, ItemType.FEE),
    "MerchantPayout": (Lane.PAYOUT, ItemType.PAYOUT),
    "ReserveAdjustment": (Lane.OTHER, ItemType.ADJUSTMENT),
    "Balancetransfer": (Lane.OTHER, ItemType.ADJUSTMENT),
    "DepositCorrection": (Lane.OTHER, ItemType.ADJUSTMENT),
}
UNKNOWN = (Lane.OTHER, ItemType.UNMAPPED)
FEES = ("Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)")


def read(file: BinaryIO, rules: Rules, totals: Totals) -> Iterator[Line]:
    """Yield every line. Raises Invalid, and Unprocessable where a batch with its payout does not come to nothing."""
    twins, nets, payouts = Twins(), dict[tuple[str, str], int](), dict[tuple[str, str], int]()
    for number, row in rows_of(file, NEEDED):
        line = _line(number, row, rules, twins)
        place = (line.batch, line.currency)
        nets[place] = nets.get(place, 0) + (line.paid.amount if line.paid else line.net)
        totals.add("paid out" if line.paid else "net", line.paid.amount if line.paid else line.net, line.currency)
        if line.paid:
            payouts[place] = number
        yield line
    for place, number in payouts.items():
        batch, currency = place
        totals.declare(number, f"the sum of batch {batch}", 0, nets[place], currency)


def _line(number: int, row: Row, rules: Rules, twins: Twins) -> Line:
    kind, currency, batch = row["Type"], code(number, row["Net Currency"]), row["Batch Number"]
    net = _signed(number, row, "Net Debit (NC)", "Net Credit (NC)", currency)
    lane, type = KINDS.get(kind, UNKNOWN)
    items = _items(number, row, rules, twins, net)
    paid = Paid(net, items[0].value_date) if lane == Lane.PAYOUT and items else None
    fate = Fate.EMPTY if not items else Fate.UNMAPPED if type == ItemType.UNMAPPED else Fate.ITEM
    return Line(number, kept(row), kind, items, fate, batch, currency, 0 if paid else net, paid)


def _items(number: int, row: Row, rules: Rules, twins: Twins, net: int) -> tuple[Told, ...]:
    kind, currency, batch = row["Type"], code(number, row["Net Currency"]), row["Batch Number"]
    lane, type = KINDS.get(kind, UNKNOWN)
    fees = sum(amount(number, row.get(name, ""), currency) for name in FEES)
    at, day = instant(number, row["Creation Date"], row.get("TimeZone") or rules.time_zone)
    shown = _presentment(number, row)
    gross = net + fees
    if shown and shown[1] == currency and lane != Lane.FEE:
        agree(number, "gross less fees", net, shown[0] - fees, currency)
    foreign = shown is not None and shown[1] != currency and shown[0] != 0
    main = Told(
        lane, type, _name(number, row, twins), gross, currency, at, day, keys=_keys(row, type), told_type=kind,
        batch=batch, presentment_amount=shown[0] if shown and foreign else None,
        presentment_currency=shown[1] if shown and foreign else "",
    )  # fmt: skip
    cost = Told(
        Lane.FEE, ItemType.FEE, f"{main.natural_key}:fee", -fees, currency, at, day, told_type=f"{kind} fee",
        batch="" if lane == Lane.PAYOUT else batch,
    )  # fmt: skip
    return tuple(each for each in (main, cost) if each.amount)


def _presentment(number: int, row: Row) -> tuple[int, str] | None:
    if not row.get("Gross Currency"):
        return None
    currency = code(number, row["Gross Currency"])
    return _signed(number, row, "Gross Debit (GC)", "Gross Credit (GC)", currency), currency


def _signed(number: int, row: Row, debit: str, credit: str, currency: str) -> int:
    return amount(number, row.get(credit, ""), currency) - amount(number, row.get(debit, ""), currency)


def _name(number: int, row: Row, twins: Twins) -> str:
    """Return what the line is known by: its modification, which a refund and its coming back share; else all of it."""
    if not row["Type"]:
        raise unreadable(number, "it has no Type.")
    if not row["Psp Reference"]:
        return twins.name(row["Type"], row)
    return twins.ordinal(":".join((row["Type"], row["Psp Reference"], row["Modification Reference"])))


def _keys(row: Row, type: ItemType) -> tuple[Key, ...]:
    keys = [(KeyType.PAYMENT, row["Psp Reference"]), (KeyType.ORDER, row.get("Merchant Reference", ""))]
    if type in (ItemType.REFUND, ItemType.REFUND_FAILURE):
        keys += [(KeyType.REFUND, row.get("Modification Merchant Reference", ""))]
        keys += [(KeyType.PROVIDER_REFUND, row["Modification Reference"])]
    elif type in (ItemType.CHARGEBACK, ItemType.CHARGEBACK_WON):
        keys += [(KeyType.DISPUTE, row["Modification Reference"])]
    return tuple(key for key in keys if key[1])
