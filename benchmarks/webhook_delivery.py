"""Signed webhooks through the whole engine, beside the same work as one Celery task per delivery."""

import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from benchmarks.queue_filling import fill
from benchmarks.report import Figure, Report
from benchmarks.stage import process, wait_for, workers
from connectors.webhooks_out.services import create_endpoint
from retailops.accounts.actor import Actor
from retailops.events.models import Delivery, Destination
from retailops.runtime.ports import choose

AT_ONCE, SLOW, PER_TASK = 15_000, 9_000, 3_000
PAUSE_MS = 20
RECORDED_WITHIN = 30.0
UNLIMITED = {"rate_per_second": 1e6, "burst": 1_000_000, "tokens": 1e6, "max_in_flight": 4000, "batch_size": 1000}


def run(report: Report) -> None:
    """Measure both, on the same servers and against the same receiver, one after the other."""
    engine = _engine(AT_ONCE, 0)
    report.add(Figure("webhooks through the engine, receiver answers at once", engine, "deliveries/s", at_least=2_500))
    slow = _engine(SLOW, PAUSE_MS)
    report.add(Figure("webhooks through the engine, receiver takes 20 ms", slow, "deliveries/s", at_least=1_500))
    per_task = _celery(PER_TASK)
    report.add(Figure("the same work, one Celery task per delivery", per_task, "deliveries/s"))
    report.add(Figure("engine ÷ Celery per task", engine / per_task, "×", at_least=5))


@contextmanager
def receiver(pause_ms: int) -> Iterator[str]:
    """Run a receiver in a process of its own and yield its address."""
    port = choose("127.0.0.1", 18100, 18101)
    with process(sys.executable, "-m", "benchmarks.receiver", str(port), str(pause_ms)):
        wait_for(f"http://127.0.0.1:{port}/count")
        yield f"http://127.0.0.1:{port}/"


def endpoint(url: str) -> UUID:
    """Return the destination of a new endpoint that no event is routed to by itself."""
    made = create_endpoint(actor=Actor.system("benchmark"), url=url, types=["credit_memo.reversed"])
    destination_id = made.endpoint.destination_id
    Destination.objects.filter(id=destination_id).update(**UNLIMITED)
    return destination_id


def _engine(count: int, pause_ms: int) -> float:
    with receiver(pause_ms) as url:
        destination_id = endpoint(url)
        fill(destination_id, count)
        with workers("deliveries", "maintenance", with_beat=True):
            return _rate(destination_id, url, count)


def _celery(count: int) -> float:
    with receiver(0) as url:
        destination_id = endpoint(url)
        fill(destination_id, count)
        from benchmarks.celery_per_task import send_one

        for delivery_id in Delivery.objects.filter(destination_id=destination_id).values_list("id", flat=True):
            send_one.apply_async((str(delivery_id),), ignore_result=True)
        command = ("-m", "celery", "-A", "benchmarks.celery_per_task", "worker", "--pool", "prefork")
        with process(sys.executable, *command, "--queues", "per-task", "--concurrency", "4", "--loglevel", "ERROR"):
            return _rate(destination_id, url, count)


def _rate(destination_id: UUID, url: str, count: int) -> float:
    """Return deliveries per second between the first tenth and all of them: starting up is not what is measured."""
    from retailops.events.nudge import nudge_now

    nudge_now(str(destination_id))
    first = _wait(url, count // 10)
    last = _wait(url, count)
    while undelivered := Delivery.objects.filter(destination_id=destination_id).exclude(status="delivered").count():
        if time.perf_counter() - last[0] > RECORDED_WITHIN:
            raise TimeoutError(f"{undelivered} webhooks arrived, but were not recorded")
        time.sleep(0.02)
    last = (time.perf_counter(), last[1])
    return (last[1] - first[1]) / (last[0] - first[0])


def _wait(url: str, wanted: int, seconds: float = 180) -> tuple[float, int]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with urllib.request.urlopen(url + "count", timeout=10) as answer:  # noqa: S310  # loopback
            got = int(json.load(answer))
        if got >= wanted:
            return time.perf_counter(), got
        time.sleep(0.1)  # asking more often would take the processors from those who are asked
    raise TimeoutError(f"only {got} of {wanted} webhooks arrived within {seconds:.0f} s")
