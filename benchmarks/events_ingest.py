"""`POST /api/v1/events` in batches of 500 canonical events, through the web server, durable."""

import json
from uuid import uuid4

from benchmarks.load import Request, post_all
from benchmarks.report import Figure, Report
from benchmarks.stage import web
from retailops.accounts.api_keys import issue_api_key
from retailops.events.models import Event

BATCHES, WARM_UP, BATCH, CLIENTS = 120, 8, 500, 4
SOURCE = "/benchmark/pos"


def run(report: Report) -> None:
    """Measure events per second; every one of them must be in the log afterwards."""
    _, key = issue_api_key("benchmark events", ["events:write"], requests_per_minute=10_000_000)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents-batch+json"}
    requests = [Request("/api/v1/events", _batch(), headers) for _ in range(WARM_UP + BATCHES)]
    with web() as base:
        post_all(base, requests[:WARM_UP], CLIENTS)
        load = post_all(base, requests[WARM_UP:], CLIENTS)
    assert load.statuses == {200: BATCHES}, load.statuses
    taken = Event.objects.filter(source=SOURCE).count()
    assert taken == (WARM_UP + BATCHES) * BATCH, f"{taken} events were taken"
    report.add(
        Figure("POST /events, batches of 500", load.per_second(200) * BATCH, "events/s", at_least=5_000),
        Figure("POST /events, latency of a batch p95", load.percentile(0.95), "ms"),
    )


def _batch() -> bytes:
    return json.dumps([_event() for _ in range(BATCH)]).encode()


def _event() -> dict[str, object]:
    return_id = str(uuid4())
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": SOURCE,
        "type": "return_line.in_transit",
        "subject": f"return/{return_id}",
        "time": "2026-11-20T10:00:00Z",
        "region": "uk",
        "brand": "halden",
        "channel": "store-london",
        "data": {"return_id": return_id, "number": "RMA-1", "line_no": 1, "sku": "LMP-0412", "quantity": 1},
    }
