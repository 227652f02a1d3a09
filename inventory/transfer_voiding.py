"""Which transfers a warehouse is not told of any more: what was called off must not leave its shelf afterwards."""

from collections.abc import Sequence
from uuid import UUID

from inventory.models import StockTransfer, TransferStatus
from retailops.events.models import Delivery

SENT = "inventory.transfer_sent"
WHY = "The transfer was called off: the goods stay where they are."


def why_not_brought(delivery: Delivery) -> str:
    """Say why a transfer must not be told again: a void check of the verdict; "" where it may."""
    return why_many_not_brought([delivery]).get(delivery.id, "")


def why_many_not_brought(deliveries: Sequence[Delivery]) -> dict[UUID, str]:
    """Say the same of many in one query, by the delivery's id; what may be told is left out."""
    about = {each.id: each.event.subject_id for each in deliveries if each.event.type == SENT}
    rows = StockTransfer.objects.filter(pk__in=about.values(), status=TransferStatus.CANCELED)
    off = set(rows.values_list("id", flat=True)) if about else set()
    return {id: WHY for id, transfer in about.items() if transfer in off}
