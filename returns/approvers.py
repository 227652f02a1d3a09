"""Who gave a second person's word, as an actor with the roles held now."""

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.lib.ids import parse_uuid


def approver(key: str) -> Actor:
    """Return the actor of an event's key; only people hold roles, and so limits."""
    kind, _, identity = key.partition(":")
    id = parse_uuid(identity) if kind == "user" else None
    person = User.objects.filter(pk=id).first() if id else None
    return person.actor() if person else Actor(kind, identity, key)
