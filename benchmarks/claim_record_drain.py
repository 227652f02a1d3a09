"""One drain of the claim-and-record benchmark, a process of its own, which sets Django up before it imports more."""

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from benchmarks.stage import set_up_django

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from multiprocessing.connection import Connection

    from retailops.events.transport import Claimed, Finding, Outcome, Recorded


class AtOnce:
    """Delivers everything without going anywhere."""

    def send(self, batch: "Sequence[Claimed]") -> "Iterable[Outcome]":
        """Answer every delivery as delivered."""
        from retailops.events.enums import OutcomeClass
        from retailops.events.transport import Outcome
        from retailops.lib.clock import now

        moment = now()
        return [Outcome(claimed, OutcomeClass.DELIVERED, http_status=204, started_at=moment) for claimed in batch]

    def find(self, claimed: "Claimed") -> "Finding":
        """Know nothing."""
        from retailops.events.transport import Finding

        return Finding(None)

    def recorded(self, records: "Sequence[Recorded]") -> None:
        """Tell nobody."""


def drain_when_told(destination: UUID, pipe: "Connection[Any, Any]") -> None:
    """Get ready as a worker does, say so, wait for the word, drain the destination, and send the instant of its end."""
    set_up_django()
    from django.db import connection

    from retailops.events.sending import drain
    from retailops.events.transport import register_transport
    from retailops.lib.memory import settle_in

    register_transport("webhook", AtOnce())
    connection.ensure_connection()
    settle_in()
    pipe.send("ready")
    pipe.recv()
    drain(destination, seconds=120)
    pipe.send(time.monotonic())
    connection.close()
