"""The engine's own share: claim and record (attempt rows too), with a transport that answers at once.

As many drains as cores, each of a destination of its own, as the workers do it.
"""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.db import connection

from benchmarks.queue_filling import fill, new_destination
from benchmarks.report import Figure, Report
from retailops.events.enums import OutcomeClass
from retailops.events.sending import drain
from retailops.events.transport import Claimed, Finding, Outcome, Recorded, register_transport, transport_of
from retailops.lib.clock import now
from retailops.lib.memory import settle_in

ROWS, DRAINS = 30_000, 2


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
    """Measure deliveries per second over all drains, and hold that each has its attempt."""
    former = transport_of("webhook")
    register_transport("webhook", AtOnce())
    try:
        destinations = [new_destination(f"claim-record-{n}", batch_size=2000).id for n in range(DRAINS)]
        for destination in destinations:
            fill(destination, ROWS)
        settle_in()  # as every worker does
        began = time.perf_counter()
        with ThreadPoolExecutor(DRAINS) as pool:
            list(pool.map(_drain, destinations))
        seconds = time.perf_counter() - began
    finally:
        register_transport("webhook", former)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM events_delivery d JOIN events_attempt a ON a.delivery_id = d.id "
            "WHERE d.destination_id = ANY(%s) AND d.status = 'delivered'",
            [destinations],
        )
        recorded = cursor.fetchone()[0]
    assert recorded == ROWS * DRAINS, f"{recorded} of {ROWS * DRAINS} have an attempt"
    report.add(Figure("claim + record alone", recorded / seconds, "rows/s", at_least=20_000))


def _drain(destination_id: UUID) -> None:
    try:
        drain(destination_id, seconds=120)
    finally:
        connection.close()
