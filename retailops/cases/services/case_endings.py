"""Who ends the open cases of a mended cause: bulk operations, which stand above cases, say so when they are set up."""

from collections.abc import Callable
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.cases.models import GroupEnding

Ends = Callable[[Actor, GroupEnding], UUID]
_ends: list[Ends] = []


def register_ending(ends: Ends) -> None:
    """Have the open cases of a mended cause ended by `ends(actor, ending)`, which returns the operation's id."""
    _ends[:] = [ends]


def ends_cases(actor: Actor, ending: GroupEnding) -> UUID:
    """Begin to end the cases that are open at the moment of the ending; return the operation that does it."""
    return _ends[0](actor, ending)
