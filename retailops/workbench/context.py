"""What the shell of every page shows: the navigation with its queue counts, the person, demo mode."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Role
from retailops.accounts.second_factor import needs_second_factor
from retailops.lib.htmx import layout
from retailops.workbench.names import Names
from retailops.workbench.navigation import COOKIE, Entry, Group, entries, groups
from retailops.workbench.queues import counts


@dataclass(frozen=True)
class Person:
    """Who is signed in, as the bar shows it."""

    name: str
    initials: str
    roles: str


class Shell:
    """Evaluated only where a template asks, so that pages without a shell cost no query."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.demo: bool = settings.DEMO
        self.names = Names()

    @cached_property
    def actor(self) -> Actor:
        """Return who makes this request."""
        actor: Actor = self.request.actor  # type: ignore[attr-defined]  # set by ActorMiddleware
        return actor

    @cached_property
    def person(self) -> Person:
        """Return the person's name, initials and roles in words."""
        name = self.actor.label
        initials = "".join(part[0] for part in name.replace("@", " ").split()[:2]).upper()
        roles = ", ".join(str(Role(role).label) for role in sorted(self.actor.roles))
        return Person(name, initials or "?", roles or "No role yet")

    @cached_property
    def second_factor_needed(self) -> bool:
        """Tell whether a role of the person must sign in with a second factor."""
        return needs_second_factor(self.actor)

    @cached_property
    def navigation(self) -> list[Entry]:
        """Return the screens with their counts."""
        found = entries(self.actor, self.request.path)
        numbers = counts(self.actor)
        for entry in found:
            number = numbers.get(entry.screen.key)
            if number is not None:
                entry.counted, entry.count, entry.tone = True, number.text, number.tone
        return found

    @cached_property
    def groups(self) -> list[Group]:
        """Return the screens by heading; those without one first."""
        return groups(self.navigation, self.request.COOKIES.get(COOKIE, ""))


def shell(request: HttpRequest) -> dict[str, Any]:
    """Add `shell` (lazy) and the default layout to every template."""
    return {"shell": Shell(request), "layout": layout(request)}
