"""Terms as commands check them: remembered by each process for a short while, so that busy commands ask for nothing.

A code that is not known is looked for once more before it is refused, so that a new term holds at once; a retired one
may be taken for as long as the memory lasts.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from retailops.lib.errors import FieldError, Invalid
from returns.models import Term, Vocabulary

REMEMBERED_SECONDS = 20.0


@dataclass(frozen=True)
class KnownTerm:
    """A term as it stood when it was read."""

    code: str
    label: str
    active: bool
    merchant_fault: bool


class _Memory:
    """The terms by vocabulary and code, and until when they are believed."""

    def __init__(self) -> None:
        self.until = 0.0
        self.found: dict[str, dict[str, KnownTerm]] = {}
        self.lock = Lock()

    def terms(self, *, anew: bool = False) -> Mapping[str, Mapping[str, KnownTerm]]:
        """Return all terms; `anew` reads them again."""
        with self.lock:
            if anew or time.monotonic() >= self.until:
                self.found = _read()
                self.until = time.monotonic() + REMEMBERED_SECONDS
            return self.found


def _read() -> dict[str, dict[str, KnownTerm]]:
    found: dict[str, dict[str, KnownTerm]] = {}
    rows = Term.objects.order_by("vocabulary__sort", "sort", "code")
    for term in rows.select_related("vocabulary"):
        known = KnownTerm(term.code, term.label, term.active, term.merchant_fault)
        found.setdefault(term.vocabulary.code, {})[term.code] = known
    return found


_memory = _Memory()


def forget() -> None:
    """Read the terms anew at the next question."""
    _memory.until = 0.0


def choices(vocabulary: str) -> list[tuple[str, str]]:
    """Return the codes and labels that may be chosen now, in order."""
    terms = _memory.terms().get(vocabulary, {})
    return [(term.code, term.label) for term in terms.values() if term.active]


def labels() -> dict[str, str]:
    """Return what people call each vocabulary, in order."""
    return dict(Vocabulary.objects.values_list("code", "label"))


def label(vocabulary: str, code: str) -> str:
    """Return what people call the code, also a retired one; the code itself where the vocabulary does not know it."""
    found = _memory.terms().get(vocabulary, {}).get(code)
    return found.label if found else code


def knows(vocabulary: str, code: str) -> bool:
    """Tell whether the vocabulary has the code, retired or not."""
    if not code:
        return False
    return any(code in _memory.terms(anew=anew).get(vocabulary, {}) for anew in (False, True))


def merchant_faults() -> frozenset[str]:
    """Return the customer's reasons that are the merchant's fault."""
    terms = _memory.terms().get("customer_reason", {})
    return frozenset(term.code for term in terms.values() if term.merchant_fault)


def check(vocabulary: str, code: str, pointer: str) -> None:
    """Raise Invalid, naming the codes that there are, for one that may not be chosen; an empty code is none."""
    if not code or _chosen(vocabulary, code, anew=False) or _chosen(vocabulary, code, anew=True):
        return
    known = ", ".join(each for each, _ in choices(vocabulary)) or "none"
    detail = f"{code!r} is no code of {vocabulary}. Use one of: {known}."
    raise Invalid("The vocabulary has no such code.", code="unknown-code", errors=[FieldError(pointer, detail)])


def _chosen(vocabulary: str, code: str, *, anew: bool) -> bool:
    found = _memory.terms(anew=anew).get(vocabulary, {}).get(code)
    return found is not None and found.active
