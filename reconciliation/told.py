"""What readers and expectations tell of money, before it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from reconciliation.keys import Key
from reconciliation.models import Fate, ItemType, Lane, Side


@dataclass(frozen=True)
class Told:
    """One item. Amounts in minor units with the merchant's sign; `natural_key` is unique in its source.

    `batch` is the payout's id. `amount` 0 moves nothing and is not stored.
    """

    lane: Lane
    type: ItemType
    natural_key: str
    amount: int
    currency: str
    occurred_at: datetime
    value_date: date
    side: Side = Side.ACTUAL
    keys: tuple[Key, ...] = ()
    told_type: str = ""
    presentment_amount: int | None = None
    presentment_currency: str = ""
    batch: str = ""
    due_on: date | None = None
    gateway: str = ""
    refund_id: UUID | None = None
    correlation_id: UUID | None = None
    region: str = ""
    brand: str = ""
    channel: str = ""


@dataclass(frozen=True)
class Paid:
    """What was paid out for a batch, in minor units as seen from the balance (negative: it went to the bank)."""

    amount: int
    on: date


@dataclass(frozen=True)
class Line:
    """One line of a file: what it says and the items that it becomes, the main one first.

    `net` (minor units of `currency`) is what it adds to its batch; `paid` says that it is the batch's payout itself.
    """

    number: int
    content: Mapping[str, Any]
    type: str = ""
    items: tuple[Told, ...] = ()
    fate: Fate = Fate.ITEM
    batch: str = ""
    currency: str = ""
    net: int = 0
    paid: Paid | None = None


@dataclass(frozen=True)
class Rules:
    """How a source is read: its zone, sign, date format, and the columns of a generic CSV."""

    time_zone: str = "UTC"
    sign: int = 1
    date_format: str = ""
    mapping: Mapping[str, Any] = field(default_factory=dict)
