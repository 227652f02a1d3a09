"""Events of vocabularies and of what connections' codes mean."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class TermFact:
    """A term, and the version of its vocabulary that the change made."""

    vocabulary: str
    version: int
    code: str
    label: str
    merchant_fault: bool = False


@event("vocabulary.term_added")
@dataclass(frozen=True)
class TermAdded(TermFact):
    """A term may be chosen from now on."""


@event("vocabulary.term_changed")
@dataclass(frozen=True)
class TermChanged(TermFact):
    """Its label, order or merchant-fault flag is another; its code never changes."""


@event("vocabulary.term_retired")
@dataclass(frozen=True)
class TermRetired(TermFact):
    """A term may not be chosen any more; what names it stays."""


@event("vocabulary.term_revived")
@dataclass(frozen=True)
class TermRevived(TermFact):
    """A retired term may be chosen again."""


@dataclass(frozen=True)
class CodeFact:
    """A connection's code in one vocabulary."""

    connection: str
    vocabulary: str
    external_code: str


@event("vocabulary.code_unmapped")
@dataclass(frozen=True)
class CodeUnmapped(CodeFact):
    """A message bears a code that nobody has given a meaning: it waits."""


@event("vocabulary.code_mapped")
@dataclass(frozen=True)
class CodeMapped(CodeFact):
    """A code means this term from now on."""

    term: str = ""
    version: int = 1
    before: str = ""
