"""Events that cases and approvals publish. Their subject is the case's (or approval's) subject."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class CaseFact:
    """Which case, of what kind, about what money (minor units)."""

    case_id: str
    group_id: str
    kind: str
    queue: str
    title: str
    delivery_id: str = ""
    amount: int | None = None
    currency: str = ""


@event("case.opened")
@dataclass(frozen=True)
class CaseOpened(CaseFact):
    """A trouble needs a person."""


@event("case.recurred")
@dataclass(frozen=True)
class CaseRecurred(CaseFact):
    """The trouble of an open case came again."""

    occurrences: int = 2


@event("case.assigned")
@dataclass(frozen=True)
class CaseAssigned(CaseFact):
    """A person owns the case; empty: nobody does any more."""

    owner: str = ""


@event("case.noted")
@dataclass(frozen=True)
class CaseNoted(CaseFact):
    """Somebody wrote a note; its text stays with the case."""


@event("case.snoozed")
@dataclass(frozen=True)
class CaseSnoozed(CaseFact):
    """The case is out of sight until a time."""

    until: str = ""


@event("case.escalated")
@dataclass(frozen=True)
class CaseEscalated(CaseFact):
    """The case needs somebody with more say."""


@event("case.resolved")
@dataclass(frozen=True)
class CaseResolved(CaseFact):
    """The case ended, with actor, reason and evidence."""

    reason: str = ""


@event("case.reopened")
@dataclass(frozen=True)
class CaseReopened(CaseFact):
    """A resolved case is open again."""


@dataclass(frozen=True)
class ApprovalFact:
    """Which approval, for what, over what money (minor units)."""

    approval_id: str
    kind: str
    subject_type: str
    subject_id: str
    requested_by: str
    decided_by: str = ""
    amount: int | None = None
    currency: str = ""


@event("approval.requested")
@dataclass(frozen=True)
class ApprovalRequested(ApprovalFact):
    """A second person is asked."""


@event("approval.approved")
@dataclass(frozen=True)
class ApprovalGiven(ApprovalFact):
    """A second person agreed."""


@event("approval.refused")
@dataclass(frozen=True)
class ApprovalRefused(ApprovalFact):
    """A second person refused."""


@event("approval.expired")
@dataclass(frozen=True)
class ApprovalExpired(ApprovalFact):
    """Nobody decided, or nobody used it, in time."""


@event("approval.voided")
@dataclass(frozen=True)
class ApprovalVoided(ApprovalFact):
    """What was asked for has changed."""


@event("approval.consumed")
@dataclass(frozen=True)
class ApprovalConsumed(ApprovalFact):
    """The approved thing was done; the approval cannot be used again."""


@event("evidence.added")
@dataclass(frozen=True)
class EvidenceAdded:
    """A file was kept with its subject; its content stays with us."""

    file_id: str
    subject_type: str
    subject_id: str
    sha256: str
    content_type: str
    size: int
