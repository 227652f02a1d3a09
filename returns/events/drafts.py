"""Events of drafts: nobody outside is told of them."""

from dataclasses import dataclass

from retailops.events.catalog import event
from returns.events.returns import ReturnFact


@event("return.drafted")
@dataclass(frozen=True)
class ReturnDrafted(ReturnFact):
    """A draft was saved; it takes no units."""


@event("return.draft_changed")
@dataclass(frozen=True)
class ReturnDraftChanged(ReturnFact):
    """The lines of a draft are others now."""


@event("return.draft_discarded")
@dataclass(frozen=True)
class ReturnDraftDiscarded(ReturnFact):
    """A draft was given up before anything was asked for."""
