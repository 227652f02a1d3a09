"""What holds for each lane: when the other side is due, and how its absence is called."""

from datetime import date, timedelta
from uuid import UUID

from reconciliation.models import DiscrepancyType, Lane, Source

# This house as the source of what it expects (a migration writes its row).
HOUSE = UUID("01970000-0000-7000-8000-000000000033")
HOUSE_PROVIDER = "retailops"
# Days until the other side should have come.
LAG_DAYS = {Lane.PAYMENT: 7, Lane.ERP_MEMO: 3, Lane.GIFT_CARD: 3, Lane.TAX: 5}
MISSING = {
    Lane.PAYMENT: DiscrepancyType.MISSING_SETTLEMENT,
    Lane.ERP_MEMO: DiscrepancyType.MISSING_CREDIT_MEMO,
    Lane.GIFT_CARD: DiscrepancyType.GIFT_CARD_MISMATCH,
    Lane.TAX: DiscrepancyType.MISSING_TAX_REVERSAL,
}


def house() -> Source:
    """Return the source of our own expectations, without reading it."""
    return Source(id=HOUSE, provider=HOUSE_PROVIDER)


def due_after(lane: Lane, day: date) -> date:
    """Return until when the other side of what happened that day should have come."""
    return day + timedelta(days=LAG_DAYS[lane])
