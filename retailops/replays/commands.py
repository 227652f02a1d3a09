"""What a bulk operation may do to each of its things, beside sending deliveries again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.errors import NotFound
from retailops.replays.models import REPLAY


@dataclass(frozen=True)
class Command:
    """One kind of operation: which things it is about, what it takes, and the command that each thing gets.

    `things(actor, permission)` are those that the actor holds the permission on; they have `region`, `brand`, `status`,
    `amount`, `currency`, and ids that sort by their making. `run(actor, id, given)` runs in the transaction that writes
    the item's result, and returns what to say of it; `given` is what the person chose, as JSON.
    """

    permission: str
    viewed_with: str
    things: Callable[[Actor, str], QuerySet[Any]]
    run: Callable[[Actor, UUID, Mapping[str, Any]], str]


_commands: dict[str, Command] = {}


def register_command(kind: str, command: Command) -> None:
    """Have operations of that kind run the command on each of their things."""
    _commands[kind] = command


def command_of(kind: str) -> Command:
    """Return the command of a kind. Raises NotFound for another."""
    if kind not in _commands:
        raise NotFound("There is no such bulk operation.")
    return _commands[kind]


def viewed_with(kind: str) -> str:
    """Return the permission to look at operations of a kind."""
    return Permission.DELIVERIES_VIEW if kind == REPLAY else command_of(kind).viewed_with


def acted_with(kind: str) -> str:
    """Return the permission to start, cancel and resume operations of a kind."""
    return Permission.DELIVERIES_REPLAY if kind == REPLAY else command_of(kind).permission


def kinds_by_view() -> dict[str, list[str]]:
    """Return the kinds by the permission to look at them."""
    found: dict[str, list[str]] = {str(Permission.DELIVERIES_VIEW): [REPLAY]}
    for kind, command in _commands.items():
        found.setdefault(str(command.viewed_with), []).append(kind)
    return found
