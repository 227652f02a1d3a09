"""Readers of settlement files: each yields every line with its items, and refuses what does not add up."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from reconciliation.models import Lane, Side
from reconciliation.reading import adyen, expectations, generic, paypal, shopify, stripe
from reconciliation.reading.totals import Totals
from reconciliation.told import Line, Rules

Reader = Callable[[BinaryIO, Rules, Totals], Iterator[Line]]


@dataclass(frozen=True)
class Format:
    """A kind of file: its title, its reader, and whether it tells of what happened or of what is expected."""

    title: str
    reader: Reader
    side: Side = Side.ACTUAL
    # Other names that it goes by.
    also: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = {
    "stripe": Format(
        "Stripe: payout reconciliation or payouts, itemized", stripe.read, also=("stripe_payout_reconciliation",)
    ),
    "adyen": Format("Adyen: settlement details", adyen.read, also=("adyen_settlement_details",)),
    "paypal": Format("PayPal: settlement report (STL)", paypal.read, also=("paypal_stl", "paypal_settlement_stl")),
    "shopify": Format("Shopify: payouts or balance transactions", shopify.read, also=("shopify_payouts",)),
    "erp_memo": Format("ERP: credit memos (CSV)", generic.reader(Lane.ERP_MEMO), also=("erp", "erp_credit_memos")),
    "gift_card": Format("Gift cards: adjustments (CSV)", generic.reader(Lane.GIFT_CARD)),
    "tax": Format("Tax: reversals (CSV)", generic.reader(Lane.TAX)),
    "csv": Format("Any CSV, by column mapping", generic.reader(Lane.PAYMENT)),
}
EXPECTED = Format("Expectations (CSV)", expectations.read, Side.EXPECTED)


def format_named(name: str) -> str:
    """Return the format that goes by the name; "" for none."""
    if name in FORMATS:
        return name
    return next((key for key, each in FORMATS.items() if name in each.also), "")
