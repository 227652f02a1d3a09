"""What the inbox holds of a person who is to be forgotten: bodies as other systems sent them."""

import json
import re
from typing import Any

from django.db.models import Q
from django.db.models.expressions import RawSQL

from connectors.models import InboxMessage, InboxStatus
from retailops.lib.erasing import MARK, replaced
from returns.person import Person
from returns.selectors import erased_stories

# What an address is made of; its country stays, because prices and policies are told by it.
PLACES = frozenset({
    "name", "first_name", "last_name", "company", "address1", "address2", "line1", "line2", "city", "zip", "province",
    "postal_code", "phone", "latitude", "longitude", "email",
})  # fmt: skip
STREETS = ("address1", "address2", "line1", "line2")
BATCH = 2000


def addresses(person: Person) -> set[str]:
    """Return the streets that messages about the person tell."""
    bodies = InboxMessage.objects.filter(correlation_id__in=person.stories).exclude(body=b"")
    return {street for body in bodies.values_list("body", flat=True) for street in _streets(_read(bytes(body)))}


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _streets(told: Any) -> set[str]:
    if isinstance(told, list):
        return {street for item in told for street in _streets(item)}
    if not isinstance(told, dict):
        return set()
    here = {told[key].strip() for key in STREETS if isinstance(told.get(key), str)}
    return here.union(*map(_streets, told.values())) - {""}


def forget_person(person: Person) -> int:
    """Empty the bodies of messages about the person that were taken; take the person out of those that were not.

    What still has to be taken stays a message that can be taken. Returns how many changed.
    """
    messages = InboxMessage.objects.exclude(body=b"").filter(_about(person))
    taken = messages.filter(status=InboxStatus.DONE)
    emptied = taken.update(body=b"")
    others = list(messages.select_for_update().exclude(status=InboxStatus.DONE))
    for message in others:
        message.body = _without(bytes(message.body), person)
        message.save(update_fields=["body"])
    return emptied + len(others)


def _about(person: Person) -> Q:
    about = Q(correlation_id__in=person.stories)
    if person.everywhere:
        mentioned = RawSQL("encode(body, 'escape') ~* %s", [person.everywhere])  # parameters are bound
        about |= Q(pk__in=InboxMessage.objects.annotate(hit=mentioned).filter(hit=True).values("pk"))
    for text in person.strings:
        if not text.isascii():
            for spelled in (text.encode(), json.dumps(text)[1:-1].encode()):
                here = RawSQL("position(%s::bytea in body) > 0", [spelled])  # parameters are bound
                about |= Q(pk__in=InboxMessage.objects.annotate(hit=here).filter(hit=True).values("pk"))
    return about


def _without(body: bytes, person: Person) -> bytes:
    found = re.compile(person.in_stories or r"(?!)", re.IGNORECASE)
    try:
        told = json.loads(body)
    except ValueError:
        return found.sub(MARK, body.decode(errors="replace")).encode()
    return json.dumps(_placeless(replaced(found, told))).encode()


def _placeless(value: Any, *, address: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            key: MARK
            if address and key in PLACES and item and not isinstance(item, dict | list)
            else _placeless(item, address=str(key).lower().endswith(("address", "addresses", "customer")))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_placeless(item, address=address) for item in value]
    return value


def forget_what_came_since() -> int:
    """Empty a batch of bodies that came for erased people after they were erased; a registered sweep."""
    taken = InboxMessage.objects.filter(status=InboxStatus.DONE, correlation_id__in=erased_stories()).exclude(body=b"")
    return InboxMessage.objects.filter(id__in=list(taken.values_list("id", flat=True)[:BATCH])).update(body=b"")
