"""Undo where it is safe: a command's reverse, offered with its message, is a command of its own with its own event.

A face that ran a command describes the reverse as steps (`Step`: a name and what it needs, as JSON) and seals them for
the person: nobody else can use them, and not for longer than `LASTS` seconds. Apps register what a name does with
`undoes`; it checks that what is undone is still so, and calls the service, which checks access again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.lib.errors import Conflict, NotFound

# Seconds for which a message's undo may be used: as long as a page without JavaScript may stay unread.
LASTS = 900
SALT = "retailops.undo"

Reverse = Callable[[Actor, Mapping[str, Any]], object]
_reverses: dict[str, Reverse] = {}


@dataclass(frozen=True)
class Step:
    """One command to run: its registered name, and what it is given (JSON)."""

    name: str
    given: Mapping[str, Any]


@dataclass(frozen=True)
class Offer:
    """What a person may undo: the sealed steps, and the page to look at afterwards."""

    steps: Sequence[Step]
    back: str


def undoes(name: str) -> Callable[[Reverse], Reverse]:
    """Register what runs a step of that name. It raises Conflict where what is undone has changed since."""

    def register(reverse: Reverse) -> Reverse:
        _reverses[name] = reverse
        return reverse

    return register


def sealed(actor: Actor, back: str, *steps: Step) -> str:
    """Return an offer as text that only this actor can use, and only for a while; nothing where there is no step."""
    if not steps:
        return ""
    told = [[step.name, dict(step.given)] for step in steps]
    return signing.dumps({"by": actor.key, "back": back, "steps": told}, salt=SALT, compress=True)


def opened(actor: Actor, text: str) -> Offer:
    """Return a sealed offer. Raises NotFound for what is none or somebody else's, Conflict for one that is over."""
    try:
        found = signing.loads(text, salt=SALT, max_age=LASTS)
    except signing.SignatureExpired:
        raise Conflict("It is too long ago to be undone from here: change it on its page.") from None
    except signing.BadSignature:
        raise NotFound("There is nothing to undo.") from None
    if found["by"] != actor.key:
        raise NotFound("There is nothing to undo.")
    return Offer([Step(name, given) for name, given in found["steps"]], found["back"])


def undo(actor: Actor, offer: Offer) -> None:
    """Run the steps, all or none. Raises what the commands raise, and Conflict where something has changed since."""
    with transaction.atomic(durable=True):
        for step in offer.steps:
            _reverses[step.name](actor, step.given)


def require_same(left: object, present: object) -> None:
    """Raise Conflict unless what was left is what is there: somebody has changed it since, and that stays."""
    if str(left) != str(present):
        raise Conflict("Somebody has changed it since: nothing was undone.")
