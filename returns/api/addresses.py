"""Addresses name a return by its id or its human number."""

from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import hidden
from retailops.lib.ids import parse_uuid
from returns import selectors


def return_id_of(actor: Actor, key: str) -> UUID:
    """Return the id of the return that the address names. A UUID is taken at its word: the command looks it up.

    Raises NotFound for a number that the actor cannot see.
    """
    known = parse_uuid(key)
    if known is not None:
        return known
    found = selectors.returns_visible_to(actor).filter(number=key).values_list("id", flat=True).first()
    if found is None:
        raise hidden()
    return found


class ReturnCommand(CommandEndpoint):
    """A command on the return in the address."""

    def return_id(self, key: str) -> UUID:
        """Return the id of the return that the address names."""
        return return_id_of(self.actor, key)
