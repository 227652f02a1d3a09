"""Who gave a second person's word, as an actor with the roles or scopes held now."""

from retailops.accounts.actor import Actor
from retailops.accounts.models import ApiClient, User
from retailops.lib.ids import parse_uuid


def approver(key: str) -> Actor:
    """Return the actor of an event's key, with what it holds now; only people hold roles, and so limits."""
    kind, _, identity = key.partition(":")
    id = parse_uuid(identity)
    found: User | ApiClient | None = None
    if id and kind == "user":
        found = User.objects.filter(pk=id).first()
    elif id and kind == "api_client":
        found = ApiClient.objects.filter(pk=id).first()
    return found.actor() if found else Actor(kind, identity, key)
