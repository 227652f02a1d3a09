"""How long an event takes from its commit to the customer's receiver, while nothing else is going on."""

import json
import random
import time
import urllib.request

from benchmarks.report import Figure, Report
from benchmarks.stage import workers
from benchmarks.webhook_delivery import receiver
from connectors.webhooks_out.services import create_endpoint, send_test
from retailops.accounts.actor import Actor

EVENTS = 200
ACTOR = Actor.system("benchmark")


def run(report: Report) -> None:
    """Publish one event at a time, at random moments; hold that every one arrived."""
    with receiver(0) as url:
        made = create_endpoint(actor=ACTOR, url=url, types=["credit_memo.reversed"])
        with workers("deliveries", "maintenance", with_beat=True):
            _warm_up(made.endpoint.id, url)
            committed = {}
            for _ in range(EVENTS):
                event = send_test(actor=ACTOR, endpoint_id=made.endpoint.id)
                committed[str(event.id)] = time.time()
                time.sleep(random.uniform(0.05, 0.25))
            time.sleep(1)
            arrived = _arrivals(url)
    milliseconds = sorted((arrived[key] - at) * 1000 for key, at in committed.items())
    report.add(
        Figure("idle latency, commit to arrival, p50", milliseconds[EVENTS // 2], "ms", below=50),
        Figure("idle latency, commit to arrival, p95", milliseconds[EVENTS * 95 // 100], "ms", below=200),
    )


def _warm_up(endpoint_id: object, url: str) -> None:
    """Wait until the workers have delivered a first event."""
    event = send_test(actor=ACTOR, endpoint_id=endpoint_id)  # type: ignore[arg-type]  # a UUID
    deadline = time.monotonic() + 60
    while str(event.id) not in _arrivals(url):
        if time.monotonic() > deadline:
            raise TimeoutError("the workers delivered nothing within 60 s")
        time.sleep(0.1)


def _arrivals(url: str) -> dict[str, float]:
    with urllib.request.urlopen(url + "times", timeout=10) as answer:  # noqa: S310  # loopback
        found: dict[str, float] = json.load(answer)
    return found
