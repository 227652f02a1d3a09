"""What the commands of promises and calendars take."""

from datetime import date
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from retailops.events.catalog import registry
from retailops.lib.wire import Body
from retailops.sla.hours import WEEKDAYS

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Scope = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
TEN_YEARS = 10 * 366 * 86400


def _known_type(name: str) -> str:
    if name.startswith("sla.") or not any(declared == name for declared, _ in registry.types):
        raise ValueError("No event of the catalogue that may move a clock.")
    return name


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("Not a time zone of the IANA database, such as Europe/London.")
    return name


class MoveIn(Body):
    """An event that moves a clock; `at` and `where` as in `retailops.sla.moves.Move`."""

    type: Annotated[str, AfterValidator(_known_type)]
    at: Annotated[str, StringConstraints(max_length=40)] = ""
    where: dict[str, Any] = Field(default_factory=dict)


class PolicyDraftIn(Body):
    """The content of a draft. Times in seconds; `warn_seconds` None: no warning. `calendar` None: round the clock."""

    title: Title
    target_seconds: int = Field(ge=1, le=TEN_YEARS)
    warn_seconds: int | None = Field(default=None, ge=1)
    calendar: str | None = Field(default=None, description="A calendar's version, such as `weekdays@1`.")
    severity: Literal["low", "normal", "high"] = "normal"
    opens_case: bool = True
    channel: Scope = ""
    region: Annotated[str, StringConstraints(strip_whitespace=True, max_length=32)] = ""
    brand: Scope = ""
    connection: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    starts: list[MoveIn] | None = None
    stops: list[MoveIn] | None = None
    cancels: list[MoveIn] | None = None
    revives: list[MoveIn] | None = None
    pauses: list[MoveIn] | None = None
    resumes: list[MoveIn] | None = None

    @model_validator(mode="after")
    def _warns_before(self) -> Self:
        if self.warn_seconds is not None and self.warn_seconds >= self.target_seconds:
            raise ValueError("The warning must come before the time is up.")
        return self


class HolidayIn(Body):
    """A day on which nothing counts."""

    date: date
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""


class CalendarIn(Body):
    """The next version of a calendar: its zone, the open spans of each weekday in order, and its holidays."""

    name: Name
    title: Title
    timezone: Annotated[str, AfterValidator(_known_zone)]
    hours: dict[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], list[tuple[ClockTime, ClockTime]]]
    holidays: list[HolidayIn] = Field(default_factory=list, max_length=1000)

    @model_validator(mode="after")
    def _open_sometime(self) -> Self:
        if not any(self.hours.values()):
            raise ValueError("It must be open at some time of the week.")
        for day in WEEKDAYS:
            edges = [edge for span in self.hours.get(day, ()) for edge in span]  # type: ignore[call-overload]
            if edges != sorted(set(edges)):
                raise ValueError("The spans of a day must follow each other, each ending after it begins.")
        return self
