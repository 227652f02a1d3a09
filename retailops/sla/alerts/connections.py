"""Whether the alerts of a connection are held: the layer of the connections knows, and is asked here."""

from collections.abc import Callable
from datetime import datetime

Holder = Callable[[str], datetime | None]
_holders: list[Holder] = []


def register_holder(holder: Holder) -> None:
    """Have `holder(name)` say until when the alerts of the connection of that name are held; None: they are not."""
    if holder not in _holders:
        _holders.append(holder)


def held_until(name: str) -> datetime | None:
    """Return until when the alerts of the connection are held; None where they are not."""
    return max((until for holder in _holders if (until := holder(name))), default=None)
