"""A real Celery worker and a real Redis that goes away and comes back."""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.db import connection, transaction

from retailops.celery import app
from retailops.events.models import Heartbeat
from retailops.lib.environment import EmbeddedServers, celery_url
from retailops.runtime import children, processes
from retailops.runtime.redis_server import RedisServer
from retailops.runtime.server_user import current
from tests.runtime.processes import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


class Broker:
    """A Redis of this test's own, to be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.server = RedisServer(EmbeddedServers(folder), current())
        self.url = self.server.servers.redis_url()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.server.prepare()
        process = self.process = self.server.spawn()
        self.server.wait_ready(lambda: process.poll() is None)

    def kill(self) -> None:
        """End it as a crash does: no connection is closed in good order."""
        if self.process is not None:
            children.kill_group(self.process.pid)
            self.process.wait(timeout=5)
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            children.stop(self.process.pid)
            self.process.wait(timeout=5)
            self.process = None


@pytest.fixture
def broker() -> Iterator[Broker]:
    """Started; stopped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder))
        broker.start()
        yield broker
        broker.stop()
        for left in broker.server.servers.socket_dir.glob("*"):
            left.unlink()
        broker.server.servers.socket_dir.rmdir()


@pytest.fixture
def worker(broker: Broker, server_environment: Mapping[str, str], tmp_path: Path) -> Iterator[Path]:
    """A worker of the maintenance queue; yields its log."""
    environment = {**server_environment, "REDIS_URL": broker.url}
    log = tmp_path / "worker.log"
    process = children.spawn(processes.worker("maintenance"), log=log, env=environment, cwd=Path.cwd())
    wait_until(lambda: "ready." in log.read_text(), seconds=60)
    yield log
    children.stop(process.pid)
    process.wait(timeout=5)


def tick(broker: Broker, task: str = "events.sweep") -> None:
    """What beat does: ask for a sweep."""
    with app.connection_for_write(celery_url(broker.url)) as there:
        app.send_task(task, queue="maintenance", connection=there)


def swept() -> bool:
    """Whether a sweep was recorded since it was last asked; forgets it."""
    connection.close()
    return Heartbeat.objects.filter(name="sweep").delete()[0] > 0


def test_a_worker_finds_its_broker_again_within_seconds(broker: Broker, worker: Path) -> None:
    tick(broker)
    wait_until(swept)

    broker.stop()
    # Celery's own pause would be ten seconds by now, and grow.
    wait_until(lambda: "Trying again in 1.00 second... (5/" in worker.read_text(), seconds=30)
    broker.start()
    tick(broker)

    wait_until(swept, seconds=20)


def test_a_worker_outlives_its_broker_while_it_holds_nudges_that_it_has_not_begun(broker: Broker, worker: Path) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE events_heartbeat IN ACCESS EXCLUSIVE MODE")
        # One task for each of the worker's two processes, which wait for the table, and one that waits for them.
        for task in ("events.sweep", "events.housekeeping", "events.sweep"):
            tick(broker, task)
        wait_until(lambda: worker.read_text().count("] received") > processes.QUEUES["maintenance"])
        broker.kill()
        wait_until(lambda: "Trying again in 1.00 second" in worker.read_text(), seconds=30)
    broker.start()
    tick(broker)

    wait_until(swept, seconds=20)
    assert "Unrecoverable error" not in worker.read_text()


def test_each_queue_that_a_task_is_sent_to_has_its_worker() -> None:
    queues = {route["queue"] for route in app.conf.task_routes.values()} | {app.conf.task_default_queue}

    assert queues == set(processes.QUEUES)


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()

    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
