"""Who stands behind the key of an actor, with what they may do now."""

from retailops.accounts.actor import Actor
from retailops.accounts.models import ApiClient, User
from retailops.lib.errors import Denied
from retailops.lib.ids import parse_uuid


def actor_behind(key: str) -> Actor:
    """Return the person or client of an actor's key with the rights held now. Raises Denied when they are gone."""
    kind, _, rest = key.partition(":")
    id = parse_uuid(rest)
    person = User.objects.filter(pk=id, is_active=True).first() if id and kind == "user" else None
    client = ApiClient.objects.filter(pk=id).first() if id and kind == "api_client" else None
    if person is not None:
        return person.actor()
    if client is not None and client.is_live():
        return client.actor()
    if kind == "system":
        return Actor.system(rest)
    raise Denied("Who started it is not here any more, or may not act any more: somebody else must.")
