"""What other vocabularies call our dispositions: a crosswalk as data, one row a meaning, read in both directions.

A row's codes belong to all of its dispositions; what a vocabulary has no word for is left empty. Nothing is guessed: a
code that means several dispositions yields all of them, and one that is not there yields none.
"""

from dataclasses import dataclass

from inventory.enums import Disposition

D = Disposition


@dataclass(frozen=True)
class Meaning:
    """Dispositions that the vocabularies do not tell apart, with their codes."""

    dispositions: tuple[Disposition, ...]
    shopify: tuple[str, ...] = ()
    loop: tuple[str, ...] = ()
    arts: tuple[str, ...] = ()
    x12_1292: tuple[str, ...] = ()


VOCABULARIES = ("shopify", "loop", "arts", "x12_1292")
CROSSWALK = (
    Meaning((D.SELLABLE,), ("RESTOCKED",), ("back_to_stock",), ("ReturnToStock",)),
    Meaning((D.QUARANTINE, D.PENDING_INSPECTION), ("PROCESSING_REQUIRED",), ("resale_hold",), ("Undecided",)),
    Meaning((D.REFURBISH, D.REPAIR), ("PROCESSING_REQUIRED",), (), ("Repair",), ("RF", "KR", "MW")),
    Meaning((D.RETURN_TO_VENDOR,), ("NOT_RESTOCKED",), (), ("ReturnToSupplier",), ("RA", "RN")),
    Meaning((D.RECYCLE,), ("NOT_RESTOCKED",), ("recycle",), ("WriteOff",), ("RT", "SC", "DI", "SD")),
    Meaning((D.DONATE,), ("NOT_RESTOCKED",), ("donate",), ("WriteOff",), ("RT", "SC", "DI", "SD")),
    Meaning((D.LIQUIDATE, D.SCRAP), ("NOT_RESTOCKED",), (), ("WriteOff",), ("RT", "SC", "DI", "SD")),
    Meaning((D.KEEP_IT,), ("NOT_RESTOCKED",), (), (), ("KA",)),
    Meaning((D.MISSING,), ("MISSING",), ("missing",)),
)


def codes_of(vocabulary: str, disposition: str) -> tuple[str, ...]:
    """Return what the vocabulary calls the disposition, the usual code first; empty where it has no word."""
    rows = (row for row in CROSSWALK if disposition in row.dispositions)
    return next((_codes(row, vocabulary) for row in rows), ())


def meanings_of(vocabulary: str, code: str) -> frozenset[Disposition]:
    """Return every disposition that the code may mean; empty for an unknown code."""
    return frozenset(each for row in CROSSWALK if code in _codes(row, vocabulary) for each in row.dispositions)


def _codes(row: Meaning, vocabulary: str) -> tuple[str, ...]:
    if vocabulary not in VOCABULARIES:
        raise KeyError(vocabulary)
    found: tuple[str, ...] = getattr(row, vocabulary)
    return found
