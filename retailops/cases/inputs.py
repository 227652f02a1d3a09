"""What the commands of cases and approvals take."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import TextChoices

from retailops.events.catalog import Subject
from retailops.lib.money import Money


@dataclass(frozen=True)
class CaseIn:
    """A trouble that needs a person.

    `dedupe_key` (≤ 200) is what the same trouble would be called again: while its case is open, it occurs once more
    instead. `fingerprint` (≤ 64) groups cases of one cause; empty: one group for each kind, system and operation.
    `money` is what is at risk. `group_title` names the cause without ids; empty: the title. `connection` is the
    destination that failed, `versions` its configuration's and mapping's version at that time.
    """

    kind: str
    queue: str
    title: str
    dedupe_key: str
    subject: Subject
    detail: str = ""
    next_action: str = ""
    fingerprint: str = ""
    group_title: str = ""
    system: str = ""
    operation: str = ""
    connection: str = ""
    failure_class: str = ""
    failure_code: str = ""
    versions: tuple[int, int] | None = None
    delivery_id: UUID | None = None
    money: Money | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    cause: UUID | None = None


@dataclass(frozen=True)
class IgnoreIn:
    """Until when a group is ignored, whichever comes first: a time, so many occurrences more, cases worth so much more.

    At least one is given; money in minor units.
    """

    until: datetime | None = None
    count: int | None = None
    money: Money | None = None


class InVersion(TextChoices):
    """In which versions of its connection a group is mended."""

    ANY = "any", "In whatever version: seen again, it has regressed"
    PRESENT = "present", "In the versions that are in force now"
    NEXT_MAPPING = "next_mapping", "In the next version of the mapping"
    NEXT_CONFIG = "next_config", "In the next version of the configuration"


@dataclass(frozen=True)
class RuleIn:
    """A rule for cases; an empty field fits everything. `owner` and `after_seconds` as its kind wants them."""

    kind: str
    queue: str = ""
    case_kind: str = ""
    system: str = ""
    operation: str = ""
    failure_class: str = ""
    code: str = ""
    words: str = ""
    region: str = ""
    title: str = ""
    owner: UUID | None = None
    after_seconds: int | None = None


@dataclass(frozen=True)
class ViewIn:
    """A list under a name: its address' query, and who sees it (`role` where that is one role)."""

    name: str
    query: str
    shown_to: str = "owner"
    role: str = ""


@dataclass(frozen=True)
class ApprovalIn:
    """A request for a second person's word on one exact thing.

    `payload` is hashed with subject and amount: an approval covers nothing else. `asked` says what is broken, permitted
    and requested, for the approver to read.
    """

    kind: str
    subject: Subject
    payload: dict[str, Any]
    reason: str
    money: Money | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    policy_version: str = ""
    valid_for: timedelta = timedelta(days=7)
