"""What the commands of cases and approvals take."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from retailops.events.catalog import Subject
from retailops.lib.money import Money


@dataclass(frozen=True)
class CaseIn:
    """A trouble that needs a person.

    `dedupe_key` (≤ 200) is what the same trouble would be called again: while its case is open, it occurs once more
    instead. `fingerprint` (≤ 64) groups cases of one cause; empty: one group for each kind, system and operation.
    `money` is what is at risk. `group_title` names the cause without ids; empty: the title.
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
    delivery_id: UUID | None = None
    money: Money | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None
    cause: UUID | None = None


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
