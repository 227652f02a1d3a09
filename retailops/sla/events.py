"""Events of promises and their clocks. A clock's events are told in the story and scope of what it is about."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class ClockFact:
    """Which clock of which promise about what. Instants are ISO 8601 in UTC; empty: none. Seconds count open time."""

    clock_id: str
    name: str
    title: str
    subject_type: str
    subject_id: str
    target_seconds: int
    started_at: str
    due_at: str
    severity: str = "normal"
    opens_case: bool = False
    connection: str = ""


@event("sla.warned")
@dataclass(frozen=True)
class ClockWarned(ClockFact):
    """The time that was promised is nearly up."""


@event("sla.breached")
@dataclass(frozen=True)
class ClockBreached(ClockFact):
    """The time that was promised was up at `due_at`, and it is not done."""


@event("sla.met")
@dataclass(frozen=True)
class ClockMet(ClockFact):
    """What was warned of or breached is done; `late` tells whether after its time. Others are met without a word."""

    ended_at: str = ""
    late: bool = False


@event("sla.breach_withdrawn")
@dataclass(frozen=True)
class BreachWithdrawn(ClockFact):
    """A fact that was recorded late shows that the promise is not broken after all."""


@event("sla.canceled")
@dataclass(frozen=True)
class ClockCanceled(ClockFact):
    """What was warned of or breached is moot."""


@dataclass(frozen=True)
class SlaPolicyFact:
    """Which version of which promise, for which scope."""

    policy_id: str
    name: str
    version: int
    channel: str = ""
    region: str = ""
    brand: str = ""
    connection: str = ""


@event("sla.policy_drafted")
@dataclass(frozen=True)
class SlaPolicyDrafted(SlaPolicyFact):
    """A new version was begun."""


@event("sla.policy_edited")
@dataclass(frozen=True)
class SlaPolicyEdited(SlaPolicyFact):
    """A draft was changed."""


@event("sla.policy_activated")
@dataclass(frozen=True)
class SlaPolicyActivated(SlaPolicyFact):
    """In force from an instant on; `ended` are the versions of the same scope that it ends there."""

    effective_from: str = ""
    ended: list[str] | None = None


@event("sla.policy_retired")
@dataclass(frozen=True)
class SlaPolicyRetired(SlaPolicyFact):
    """It starts no clock any more, or never did; clocks that run go on."""


@event("sla.calendar_revised")
@dataclass(frozen=True)
class SlaCalendarRevised:
    """A calendar has a new version, and so have the promises in force that count by it."""

    calendar_id: str
    name: str
    version: int
    policies: list[str] | None = None
