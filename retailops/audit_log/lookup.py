"""What a person types into the search: layers above register how their numbers are found."""

from collections.abc import Callable, Iterable
from uuid import UUID

from django.db.models import Q

from retailops.accounts.actor import Actor
from retailops.accounts.models import ApiClient, User
from retailops.lib.ids import parse_uuid

Finder = Callable[[Actor, str], Iterable[UUID]]
_finders: list[Finder] = []
KINDS = ("user:", "api_client:", "connection:", "system:", "policy:", "unproven:")
MOST = 50


def register_finder(finder: Finder) -> None:
    """Ask `finder(actor, text)` for the transactions (correlation ids) of a number or reference. Idempotent."""
    if finder not in _finders:
        _finders.append(finder)


def actors_of(text: str) -> list[str]:
    """Return the keys of the actors that the text names: a key, an id, or words of a name or e-mail address."""
    if text.startswith(KINDS):
        return [text]
    id = parse_uuid(text)
    if id is not None:
        return [f"user:{id}", f"api_client:{id}"]
    people = User.objects.filter(Q(name__icontains=text) | Q(email__icontains=text)).order_by("pk")
    clients = ApiClient.objects.filter(name__icontains=text).order_by("pk")
    found = [f"user:{pk}" for pk in people.values_list("pk", flat=True)[:MOST]]
    found += [f"api_client:{pk}" for pk in clients.values_list("pk", flat=True)[:MOST]]
    return [*found, f"connection:{text}", f"system:{text}", f"unproven:{text}"]


def about(actor: Actor, text: str) -> Q:
    """Return the condition of events about what the text names: any id, a number, a person's e-mail address."""
    id = parse_uuid(text)
    if id is not None:
        return Q(subject_id=id) | Q(correlation_id=id) | Q(pk=id)
    stories = {story for finder in _finders for story in finder(actor, text)}
    people = User.objects.filter(email__iexact=text).values_list("pk", flat=True)
    return Q(correlation_id__in=sorted(stories)) | Q(subject_id__in=list(people))
