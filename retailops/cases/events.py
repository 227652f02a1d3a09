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
    # Of which connection, where it is one's; what the same trouble would be called again.
    connection: str = ""
    trouble: str = ""


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


@event("case.note_taken_back")
@dataclass(frozen=True)
class CaseNoteTakenBack(CaseFact):
    """Who wrote a note took it back: its words are shown to nobody any more."""

    note: int = 0


@event("case.snoozed")
@dataclass(frozen=True)
class CaseSnoozed(CaseFact):
    """The case is out of sight until a time."""

    until: str = ""


@event("case.woken")
@dataclass(frozen=True)
class CaseWoken(CaseFact):
    """A person brought a case back that was put off."""


@event("case.escalated")
@dataclass(frozen=True)
class CaseEscalated(CaseFact):
    """The case needs somebody with more say."""


@event("case.resolved")
@dataclass(frozen=True)
class CaseResolved(CaseFact):
    """The case ended, with actor, reason and evidence."""


@event("case.reopened")
@dataclass(frozen=True)
class CaseReopened(CaseFact):
    """A resolved case is open again."""


@dataclass(frozen=True)
class GroupFact:
    """Which group of cases, of what cause, and in what state it is now."""

    group_id: str
    kind: str
    queue: str
    title: str
    state: str


@event("case_group.acknowledged")
@dataclass(frozen=True)
class GroupAcknowledged(GroupFact):
    """Somebody knows of the cause and deals with it."""


@event("case_group.ignored")
@dataclass(frozen=True)
class GroupIgnored(GroupFact):
    """The group is out of sight until a time, a number of occurrences or an amount (minor units) is reached."""

    until: str = ""
    count: int | None = None
    amount: int | None = None
    currency: str = ""


@event("case_group.woke")
@dataclass(frozen=True)
class GroupWoke(GroupFact):
    """An ignored group is back: what it was ignored until has come."""


@event("case_group.taken_up")
@dataclass(frozen=True)
class GroupTakenUp(GroupFact):
    """A person works the group again that was acknowledged or ignored."""


@event("case_group.resolved")
@dataclass(frozen=True)
class GroupResolved(GroupFact):
    """The cause is mended, in these versions of its connection where they were named."""

    cases: int = 0
    config_version: int | None = None
    mapping_version: int | None = None


@event("case_group.regressed")
@dataclass(frozen=True)
class GroupRegressed(GroupFact):
    """A mended cause was seen again."""


@event("case_group.assigned")
@dataclass(frozen=True)
class GroupAssigned(GroupFact):
    """A person answers for the group; empty: nobody does any more."""

    owner: str = ""


@event("case_group.tagged")
@dataclass(frozen=True)
class GroupTagged(GroupFact):
    """The group's tags are these now."""

    tags: tuple[str, ...] = ()


@event("case_group.noted")
@dataclass(frozen=True)
class GroupNoted(GroupFact):
    """Somebody wrote a note; its text stays with the group."""


@event("case_group.note_taken_back")
@dataclass(frozen=True)
class GroupNoteTakenBack(GroupFact):
    """Who wrote a note took it back: its words are shown to nobody any more."""

    note: int = 0


@event("case_rule.changed")
@dataclass(frozen=True)
class CaseRuleChanged:
    """A rule for cases was made, changed, moved or removed (`change`)."""

    rule_id: str
    kind: str
    change: str
    position: int


@event("mentions.seen")
@dataclass(frozen=True)
class MentionsSeen:
    """A person has read where notes name them."""

    person: str
    count: int


@event("saved_view.changed")
@dataclass(frozen=True)
class SavedViewChanged:
    """A person kept a list under a name, or gave it up (`change`)."""

    view_id: str
    owner: str
    shown_to: str
    change: str


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
