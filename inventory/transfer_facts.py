"""What is published of transfers between places."""

from dataclasses import dataclass
from typing import Any

from retailops.events.catalog import event


@dataclass(frozen=True)
class TransferFact:
    """A transfer with its lines: what was sent, received, is missing, and came beyond (units)."""

    transfer_id: str
    number: str
    reference: str
    source: str
    target: str
    status: str
    lines: list[dict[str, Any]]


@event("inventory.transfer_sent")
@dataclass(frozen=True)
class TransferSent(TransferFact):
    """The units left their place and are on their way."""


@event("inventory.transfer_received")
@dataclass(frozen=True)
class TransferReceived(TransferFact):
    """Units came; `status` says whether more is waited for."""


@event("inventory.transfer_canceled")
@dataclass(frozen=True)
class TransferCanceled(TransferFact):
    """The units stand where they were."""
