"""What other systems may tell of a return, who owns it, and what we hold: as text that people can compare."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from django.db.models import Sum
from pydantic import AwareDatetime, Field, StringConstraints
from pydantic import model_validator as validator

from inventory.enums import DECIDABLE, Disposition
from retailops.lib.wire import Body
from returns.enums import DispositionStatus, ReturnStatus
from returns.models import DispositionSlice, ReceiptLine, Return, SourceOfTruth, TruthObject

# Without a rule a return and its fields are ours.
OURS = "retailops"
STATUS, TRACKING, RECEIVED, DISPOSITION = "status", "tracking", "received_count", "disposition"
# Other systems do not know what waits for whom here: for them it is asked for.
SHOWN_AS = {ReturnStatus.DRAFT: ReturnStatus.REQUESTED, ReturnStatus.IN_REVIEW: ReturnStatus.REQUESTED}
# A return told closed was authorized before; one that expired here is given up.
TELLABLE = frozenset(ReturnStatus) - {ReturnStatus.DRAFT, ReturnStatus.IN_REVIEW}
Units = Annotated[int, Field(ge=0, le=1_000_000)]


class ReturnTellingIn(Body):
    """How a return stands in another system. What is left out says nothing."""

    system: Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)] = Field(
        description="Who tells it, as the source of truth names it."
    )
    status: ReturnStatus | None = None
    tracking: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)] | None = None
    received: dict[Annotated[int, Field(gt=0)], Units] | None = Field(
        None, description="By line number: the units that have arrived, whether they were expected or not."
    )
    dispositions: dict[Annotated[int, Field(gt=0)], dict[Disposition, Units]] | None = Field(
        None, description="By line number: the units in each disposition, all of the line's that were judged."
    )
    told_at: AwareDatetime | None = Field(
        None, description="As of when; an earlier one than our last decision is late."
    )

    @validator(mode="after")
    def _tells(self) -> Self:
        if all(each is None for each in (self.status, self.tracking, self.received, self.dispositions)):
            raise ValueError("say its status, its tracking number, what arrived or where its units went")
        if self.status is not None and self.status not in TELLABLE:
            raise ValueError(f"{self.status} is no state that others see")
        decided = {each for parts in (self.dispositions or {}).values() for each in parts}
        if wrong := sorted(decided - DECIDABLE):
            raise ValueError(f"no inspection decides {', '.join(wrong)}")
        return self


@dataclass(frozen=True)
class Held:
    """One field of a return, as told and as held; `line_no` where it is of a line."""

    object: str
    field: str
    ours: str
    theirs: str
    line_no: int | None = None


def held_against(rma: Return, told: ReturnTellingIn) -> list[Held]:
    """Return each field that is told, with what is held here."""
    found = []
    if told.status is not None:
        found.append(Held(TruthObject.RETURN, STATUS, shown_status(rma), str(told.status)))
    if told.tracking is not None:
        found.append(Held(TruthObject.RETURN, TRACKING, rma.tracking, told.tracking))
    came = received_of(rma) if told.received else {}
    for line_no, units in sorted((told.received or {}).items()):
        found.append(Held(TruthObject.RETURN, RECEIVED, str(came.get(line_no, 0)), str(units), line_no))
    ours = dispositions_of(rma) if told.dispositions else {}
    for line_no, parts in sorted((told.dispositions or {}).items()):
        theirs = _words({str(where): units for where, units in parts.items()})
        found.append(Held(TruthObject.RETURN, DISPOSITION, ours.get(line_no, ""), theirs, line_no))
    return found


def shown_status(rma: Return) -> str:
    """Return the state as other systems know it."""
    return str(SHOWN_AS.get(ReturnStatus(rma.status), rma.status))


def received_of(rma: Return) -> dict[int, int]:
    """Return by line how many units its receipts brought, reversed ones left out."""
    rows = ReceiptLine.objects.filter(
        receipt__rma=rma, receipt__reverses=None, receipt__reversal=None, line__rma=rma
    ).values("line__line_no")
    return {row["line__line_no"]: row["units"] for row in rows.annotate(units=Sum("quantity"))}


def dispositions_of(rma: Return) -> dict[int, str]:
    """Return by line what was decided for its units, as text: `2 sellable, 1 scrap`."""
    parts = DispositionSlice.objects.filter(line__rma=rma).exclude(status=DispositionStatus.REVERSED)
    units: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line_no, where, quantity in parts.values_list("line__line_no", "disposition", "quantity"):
        units[line_no][where] += quantity
    return {line_no: _words(found) for line_no, found in units.items()}


def _words(units: dict[str, int]) -> str:
    return ", ".join(f"{count} {where}" for where, count in sorted(units.items()) if count)


def owner_of(rma: Return, name: str) -> str:
    """Return who owns a field of the return: a rule of its channel, else one of all channels, else we."""
    rows = SourceOfTruth.objects.filter(object=TruthObject.RETURN, field=name, channel__in=("", rma.channel))
    found = rows.order_by("-channel").values_list("system", flat=True).first()
    return found or OURS


def owner_of_quantities() -> str:
    """Return who owns quantities of stock by a rule of all channels; "" where they are ours."""
    rows = SourceOfTruth.objects.filter(object=TruthObject.STOCK, field="quantity", channel="")
    return rows.values_list("system", flat=True).first() or ""


def is_late(told_at: datetime | None, decided_at: datetime | None) -> bool:
    """Tell whether something was told as of an instant before our last decision."""
    return told_at is not None and decided_at is not None and told_at < decided_at
