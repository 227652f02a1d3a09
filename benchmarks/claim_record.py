"""The engine's own share: claim and record (attempt rows too), with a transport that answers at once.

As many drains as cores, each a process with a destination of its own, as the processes of a worker are.
"""

import time
from collections.abc import Sequence
from multiprocessing import get_context
from uuid import UUID

from django.db import connection

from benchmarks.claim_record_drain import drain_when_told
from benchmarks.queue_filling import fill, new_destination
from benchmarks.report import Figure, Report

ROWS, DRAINS = 30_000, 2


def run(report: Report) -> None:
    """Measure deliveries per second over all drains, and hold that each has its attempt."""
    destinations = [new_destination(f"claim-record-{n}", batch_size=2000).id for n in range(DRAINS)]
    for destination in destinations:
        fill(destination, ROWS)
    seconds = _drained(destinations)
    recorded = _recorded(destinations)
    assert recorded == ROWS * DRAINS, f"{recorded} of {ROWS * DRAINS} have an attempt"
    report.add(Figure("claim + record alone", recorded / seconds, "rows/s", at_least=20_000))


def _drained(destinations: Sequence[UUID]) -> float:
    """Drain them all at once; return the seconds from the word to the last end. Starting up is not counted."""
    processes = get_context("spawn")
    pipes, drains = [], []
    for destination in destinations:
        ours, theirs = processes.Pipe()
        drain = processes.Process(target=drain_when_told, args=(destination, theirs))
        drain.start()
        theirs.close()  # else a drain that died would be waited for without end
        pipes.append(ours)
        drains.append(drain)
    for pipe in pipes:
        pipe.recv()
    began = time.monotonic()
    for pipe in pipes:
        pipe.send("go")
    ends = [pipe.recv() for pipe in pipes]
    for drain in drains:
        drain.join()
    return float(max(ends) - began)


def _recorded(destinations: Sequence[UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM events_delivery d JOIN events_attempt a ON a.delivery_id = d.id "
            "WHERE d.destination_id = ANY(%s) AND d.status = 'delivered'",
            [list(destinations)],
        )
        return int(cursor.fetchone()[0])
