"""Settlement files in the forms of their providers, made for a test."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reconciliation.models import Discrepancy, Item, Match, OpenItem
from reconciliation.services.importing import Imported, SourceIn, import_expectations, import_settlement
from reconciliation.services.reconciling import Run, reconcile
from tests.factories import SYSTEM

STRIPE = (
    "balance_transaction_id", "created_utc", "currency", "gross", "fee", "net", "reporting_category", "source_id",
    "customer_facing_amount", "customer_facing_currency", "charge_id", "automatic_payout_id",
    "payment_metadata[order_id]", "refund_metadata[refund_key]", "customer_email",
)  # fmt: skip


def stripe_row(id: str, gross: str, ref: str = "", **more: str) -> dict[str, str]:
    """Return a line of Stripe's report: a refund without a fee, unless it says otherwise."""
    row = {
        "balance_transaction_id": id, "created_utc": "2026-09-10 14:04:00", "currency": "gbp", "gross": gross,
        "fee": "0.00", "net": gross, "reporting_category": "refund", "automatic_payout_id": "po_1",
        "refund_metadata[refund_key]": ref, "customer_email": "ada@example.com",
    }  # fmt: skip
    return row | more


def csv_of(columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return rows as CSV."""
    names = list(columns)
    return "\n".join([",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]).encode()


def taken(format: str, content: bytes, name: str = "file.csv", **source: Any) -> Imported:
    """Take a file in."""
    told = SourceIn(format, **source)
    return import_settlement(actor=SYSTEM, source=told, name=name, content=io.BytesIO(content))


def stripe(*rows: dict[str, str], **source: Any) -> Imported:
    """Take a report of Stripe in."""
    return taken("stripe", csv_of(STRIPE, rows), **source)


EXPECTED = ("refund_ref", "order_ref", "lane", "psp_refund_ref", "amount", "currency", "approved_on", "note")


def expect(*rows: tuple[str, str], currency: str = "GBP", **more: str) -> Imported:
    """Take in that these references are expected with these amounts."""
    told = [
        {"refund_ref": ref, "amount": amount, "currency": currency, "approved_on": "2026-09-08", **more}
        for ref, amount in rows
    ]
    content = io.BytesIO(csv_of(EXPECTED, told))
    return import_expectations(actor=SYSTEM, lane="payment", name="expected.csv", content=content)


def run(**more: Any) -> Run:
    """Match everything."""
    return reconcile(actor=SYSTEM, **more)


def open_now() -> dict[str, tuple[str, str]]:
    """Return the open discrepancies by reference: type, and what is at risk."""
    rows = Discrepancy.objects.filter(status="open")
    return {row.external_id: (row.type, f"{row.amount} {row.currency}") for row in rows}


def stages() -> list[str]:
    """Return the stages of all matches in order."""
    return list(Match.objects.order_by("matched_at", "pk").values_list("stage", flat=True))


def remaining() -> dict[str, int]:
    """Return what is open, by natural key."""
    return dict(OpenItem.objects.values_list("item__natural_key", "remaining"))


def sample(shared_dir: Path, name: str) -> bytes:
    """Return a sample file."""
    return (shared_dir / "settlements" / name).read_bytes()


def item(natural_key: str) -> Item:
    """Return an item by its natural key."""
    return Item.objects.get(natural_key=natural_key)
