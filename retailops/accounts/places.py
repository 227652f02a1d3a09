"""Where the object of an API address stands, for attempts that are refused before anybody looks at the object.

Who calls is told nothing of it: it is kept with the denied attempt, for whoever audits that place.
"""

import re
from collections.abc import Callable

Finder = Callable[[str], tuple[str, str] | None]
_finders: dict[str, Finder] = {}
_ADDRESS = re.compile(r"/api/v\d+/([a-z-]+)/([^/]+)")


def register_place(kind: str, find: Finder) -> None:
    """Have `find(key)` return region and brand of what `/api/v1/<kind>/<key>` names, or None where there is nothing."""
    _finders[kind] = find


def place_of(path: str) -> tuple[str, str]:
    """Return region and brand of the object that the address names; empty where that is not known."""
    named = _ADDRESS.match(path)
    find = _finders.get(named[1]) if named else None
    found = find(named[2]) if named and find else None
    return found or ("", "")
