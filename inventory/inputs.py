"""What commands of stock take: frozen, checked; unknown fields are refused. Amounts are minor units."""

from typing import Annotated, Self, TypeVar

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError
from pydantic import model_validator as validator

from inventory.enums import SHELF, Disposition, LocationKind
from retailops.lib.wire import Body, as_invalid

Sku = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Place = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
SOURCE_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
Source = Annotated[str, StringConstraints(pattern=SOURCE_PATTERN)]
Serial = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Serials = Annotated[list[Serial], Field(max_length=2000)]
LotCode = Annotated[str, StringConstraints(max_length=64, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
MAX_UNITS, MAX_AMOUNT = 1_000_000, 10**15
Units = Annotated[int, Field(gt=0, le=MAX_UNITS)]
ROWS_LIMIT = 50_000
T = TypeVar("T", bound=Body)


class ShiftIn(Body):
    """Units that go to another disposition, another location, or both. `reference` makes it happen once."""

    reference: Reference
    sku: Sku
    quantity: Units
    location: Place
    source: Disposition
    target: Disposition
    target_location: Annotated[str, StringConstraints(max_length=40)] = Field(
        "", description="Code of the location they go to; empty: they stay at `location`."
    )
    reason: Reason
    serials: Serials = Field(default_factory=list, description="Numbers of the units, where the sku has serials.")
    lot: LotCode = ""

    @validator(mode="after")
    def _goes(self) -> Self:
        if self.source == self.target and self.target_location in ("", self.location):
            raise ValueError("it stays where it is")
        if len(self.serials) > self.quantity:
            raise ValueError("more serials than units")
        return self


class ReleaseIn(Body):
    """What becomes of goods in quarantine. `reference` makes it happen once."""

    reference: Reference
    target: Disposition = Field(description="Where they go: `sellable` releases them.")
    quantity: Units | None = Field(None, description="Without it: all that is left of what came with that move.")
    target_location: Annotated[str, StringConstraints(max_length=40)] = Field(
        "", description="Code of the location they go to; empty: they stay where they are."
    )
    reason: Reason
    serials: Serials = Field(default_factory=list, description="Numbers of the units, where the sku has serials.")
    lot: LotCode = ""


class AdjustmentIn(Body):
    """A counted difference: `change` units more (or fewer) stand there than are booked."""

    reference: Reference
    sku: Sku
    location: Place
    disposition: Disposition
    change: int = Field(ge=-MAX_UNITS, le=MAX_UNITS, description="Positive: more than is booked.")
    reason: Reason
    serials: Serials = Field(default_factory=list)
    lot: LotCode = ""

    @validator(mode="after")
    def _changes(self) -> Self:
        if not self.change:
            raise ValueError("the change is nothing")
        if self.disposition not in SHELF:
            raise ValueError(f"what is {self.disposition} belongs to a return: declare it missing there")
        if len(self.serials) > abs(self.change):
            raise ValueError("more serials than units")
        return self


class ValueIn(Body):
    """What a unit is worth in one currency."""

    currency: Code
    amount: int = Field(ge=0, le=MAX_AMOUNT, description="Minor units.")


class ItemIn(Body):
    """What is known of a sku; `values` replace those that are there."""

    sku: Sku
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    serialized: bool = False
    lot_tracked: bool = False
    values: list[ValueIn] = Field(default_factory=list, max_length=20)

    @validator(mode="after")
    def _once(self) -> Self:
        if len({value.currency for value in self.values}) < len(self.values):
            raise ValueError("a currency is given twice")
        return self


class LocationIn(Body):
    """A place where goods are, and its limits in minor units of its currency."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
    kind: LocationKind = LocationKind.WAREHOUSE
    region: Annotated[str, StringConstraints(max_length=32)] = ""
    sellable: bool = True
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    adjustment_limit: int = Field(50_000, ge=0, le=MAX_AMOUNT)
    drift_limit: int = Field(50_000, ge=0, le=MAX_AMOUNT)
    quarantine_days: int = Field(14, ge=1, le=3650)


class SnapshotRowIn(Body):
    """A quantity of a sku in one of the source's own states."""

    sku: Sku
    state: Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
    quantity: int = Field(ge=-(10**9), le=10**9)


class SnapshotIn(Body):
    """Stock of one location as another system had it at an instant; `source` and `reference` make it come once."""

    source: Source = Field(description="Name of the system, as its state map is called: `wms`, `erp`.")
    reference: Reference = Field(description="The source's own id of the snapshot.")
    location: Place
    as_of: AwareDatetime
    complete: bool = Field(True, description="A sku that is not named stands at nothing there.")
    rows: list[SnapshotRowIn] = Field(max_length=ROWS_LIMIT)


class StateMapIn(Body):
    """What a source's states mean here; an empty disposition: not our stock."""

    states: dict[Annotated[str, StringConstraints(min_length=1, max_length=64)], Disposition | None] = Field(
        min_length=1, max_length=200
    )

    @validator(mode="after")
    def _countable(self) -> Self:
        wrong = sorted({str(each) for each in self.states.values() if each and each not in MAPPABLE})
        if wrong:
            raise ValueError(f"no snapshot can show stock in {', '.join(wrong)}")
        return self


MAPPABLE = SHELF | {Disposition.IN_TRANSIT, Disposition.RECEIVED, Disposition.PENDING_INSPECTION}


def read(model: type[T], data: object) -> T:
    """Return the input that plain data spells. Raises Invalid with a pointer to each fault."""
    try:
        return model.model_validate(data)
    except ValidationError as refused:
        raise as_invalid(refused) from None
