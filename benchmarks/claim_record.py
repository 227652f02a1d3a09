"""The engine's own share: claim, renew and record (attempt rows too), with a transport that answers at once."""

import time
from collections.abc import Iterable, Sequence

from django.db import connection

from benchmarks.queue_filling import fill, new_destination
from benchmarks.report import Figure, Report
from retailops.events.enums import OutcomeClass
from retailops.events.sending import drain
from retailops.events.transport import Claimed, Finding, Outcome, Recorded, register_transport, transport_of
from retailops.lib.clock import now

ROWS = 40_000


class AtOnce:
    """Delivers everything without going anywhere."""

    def send(self, batch: Sequence[Claimed]) -> Iterable[Outcome]:
        """Answer every delivery as delivered."""
        moment = now()
        return [Outcome(claimed, OutcomeClass.DELIVERED, http_status=204, started_at=moment) for claimed in batch]

    def find(self, claimed: Claimed) -> Finding:
        """Know nothing."""
        return Finding(None)

    def recorded(self, records: Sequence[Recorded]) -> None:
        """Tell nobody."""


def run(report: Report) -> None:
    """Measure deliveries per second, and hold that each has its attempt."""
    former = transport_of("webhook")
    register_transport("webhook", AtOnce())
    try:
        destination = new_destination("claim-record", batch_size=2000)
        fill(destination.id, ROWS)
        began = time.perf_counter()
        drain(destination.id, seconds=120)
        seconds = time.perf_counter() - began
    finally:
        register_transport("webhook", former)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM events_delivery d JOIN events_attempt a ON a.delivery_id = d.id "
            "WHERE d.destination_id = %s AND d.status = 'delivered'",
            [destination.id],
        )
        recorded = cursor.fetchone()[0]
    assert recorded == ROWS, f"{recorded} of {ROWS} have an attempt"
    report.add(Figure("claim + record alone", ROWS / seconds, "rows/s", at_least=20_000))
