"""What commands of transfers take: frozen, checked; unknown fields are refused."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, StringConstraints
from pydantic import model_validator as validator

from inventory.enums import DECIDABLE, Disposition
from inventory.inputs import LotCode, Place, Reason, Reference, Serials, Sku, Units
from retailops.lib.wire import Body

# What may be sent: whatever stands on a shelf. What waits for a verdict goes where it is inspected, with its return.
SENDABLE = DECIDABLE
# How a unit may arrive otherwise than it was sent.
ARRIVES_AS = frozenset({Disposition.DAMAGED, Disposition.QUARANTINE})


class TransferLineIn(Body):
    """Units of one sku that are sent; they keep their disposition."""

    sku: Sku
    quantity: Units
    disposition: Disposition = Disposition.SELLABLE
    serials: Serials = Field(default_factory=list, description="Numbers of the units, where the sku has serials.")
    lot: LotCode = ""

    @validator(mode="after")
    def _sendable(self) -> Self:
        if self.disposition not in SENDABLE:
            raise ValueError(f"what is {self.disposition} is not sent by a transfer")
        if len(self.serials) > self.quantity:
            raise ValueError("more serials than units")
        return self


class TransferIn(Body):
    """Stock that goes from one place to another. `reference` makes it happen once."""

    reference: Reference
    source: Place
    target: Place
    reason: Reason
    due_on: date | None = Field(None, description="When all of it should have arrived; without it, in a week.")
    carrier: Annotated[str, StringConstraints(max_length=64, strip_whitespace=True)] = ""
    tracking: Annotated[str, StringConstraints(max_length=80, strip_whitespace=True)] = ""
    lines: list[TransferLineIn] = Field(min_length=1, max_length=200)

    @validator(mode="after")
    def _goes(self) -> Self:
        if self.source == self.target:
            raise ValueError("it stays where it is")
        return self


class ArrivedIn(Body):
    """Units that came: of a line of the transfer, or of a sku that it does not name."""

    line_no: int | None = Field(None, ge=1, description="Of the transfer; null where it names no such goods.")
    sku: Annotated[str, StringConstraints(max_length=64, strip_whitespace=True)] = ""
    quantity: Units
    disposition: Disposition | None = Field(None, description="`damaged` or `quarantine`, where it is not as sent.")
    serials: Serials = Field(default_factory=list, description="Numbers that were read.")

    @validator(mode="after")
    def _named(self) -> Self:
        if self.line_no is None and not self.sku:
            raise ValueError("give the line or the sku")
        if self.disposition is not None and self.disposition not in ARRIVES_AS:
            raise ValueError("goods arrive as they were sent, damaged, or in quarantine")
        if len(self.serials) > self.quantity:
            raise ValueError("more serials than units")
        return self


class TransferReceiptIn(Body):
    """What came at once. `complete`: nothing more is waited for; what did not come is missing."""

    reference: Reference
    complete: bool = False
    lines: list[ArrivedIn] = Field(max_length=400)

    @validator(mode="after")
    def _says_something(self) -> Self:
        if not self.lines and not self.complete:
            raise ValueError("say what came, or that nothing more will")
        return self
