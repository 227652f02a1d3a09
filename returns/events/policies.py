"""Events of policies: each version's life."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@dataclass(frozen=True)
class PolicyFact:
    """Which version, for what scope (empty: any), and the hash of its content."""

    policy_id: str
    name: str
    version: int
    content: str
    channel: str = ""
    region: str = ""
    brand: str = ""
    category: str = ""
    customer_group: str = ""


@event("policy.drafted")
@dataclass(frozen=True)
class PolicyDrafted(PolicyFact):
    """A new version was begun."""

    based_on: str = ""


@event("policy.edited")
@dataclass(frozen=True)
class PolicyEdited(PolicyFact):
    """A draft was changed; a word given on it before is void."""

    revision: int = 1


@event("policy.submitted")
@dataclass(frozen=True)
class PolicySubmitted(PolicyFact):
    """A second person is asked."""


@event("policy.approved")
@dataclass(frozen=True)
class PolicyApproved(PolicyFact):
    """A second person agreed to exactly this content; it is not in force yet."""


@event("policy.sent_back")
@dataclass(frozen=True)
class PolicySentBack(PolicyFact):
    """Refused or not answered in time: a draft again."""


@event("policy.activated")
@dataclass(frozen=True)
class PolicyActivated(PolicyFact):
    """In force from an instant on, for a share of the orders; `ended` are the versions that it ends there."""

    effective_from: str = ""
    effective_to: str = ""
    share: int = 100
    ended: list[str] = field(default_factory=list)


@event("policy.canary_changed")
@dataclass(frozen=True)
class PolicyCanaryChanged(PolicyFact):
    """It serves a larger share from now on; at 100 it ends the former versions."""

    before: int = 0
    share: int = 100
    ended: list[str] = field(default_factory=list)


@event("policy.retired")
@dataclass(frozen=True)
class PolicyRetired(PolicyFact):
    """It decides nothing any more."""
