"""`manage.py up`, the whole of it: in a data directory of its own, with servers of its own, ended like a user would."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from retailops.lib.environment import EmbeddedServers
from retailops.runtime.demo import DEMO_PASSWORD, PEOPLE
from retailops.runtime.state import UpState
from tests.runtime.processes import is_running, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("up"), pytest.mark.timeout(600)]
READY = re.compile(r"RetailOps is ready: http://127\.0\.0\.1:(\d+)")


@pytest.fixture
def servers() -> Iterator[EmbeddedServers]:
    """A data directory of its own that every account can enter."""
    folder = Path(tempfile.mkdtemp(prefix="retailops-up-"))
    folder.chmod(0o755)
    servers = EmbeddedServers(folder / "var")
    yield servers
    while RUNS:  # a test that failed has not ended its run
        RUNS.pop().end(signal.SIGTERM)
    UpState.read(servers).stop_leftovers()
    shutil.rmtree(servers.socket_dir, ignore_errors=True)
    shutil.rmtree(folder)


RUNS: "list[Run]" = []


class Run:
    """One `manage.py up` in the background."""

    def __init__(self, servers: EmbeddedServers) -> None:
        RUNS.append(self)
        self.servers = servers
        self.output = servers.data_dir.parent / f"output-{time.monotonic_ns()}"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                # Ports of its own: other runs on this machine may be choosing from the usual ones right now.
                manage("up", "--port", str(free_port()), "--sandbox-port", str(free_port())),
                cwd=settings.BASE_DIR,
                env=environment(servers),
                stdout=output,
                stderr=output,
            )

    def said(self) -> str:
        """Everything that the console shows."""
        return self.output.read_text()

    def port(self) -> int:
        """The web's port, once it is ready."""
        wait_until(lambda: bool(READY.search(self.said())) or self.process.poll() is not None, seconds=240)
        found = READY.search(self.said())
        assert found, self.said()
        return int(found[1])

    def children(self) -> list[psutil.Process]:
        """Everything that it started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def cpu_seconds(self) -> float:
        """Processor time that it and everything it started have used so far."""
        own = psutil.Process(self.process.pid).cpu_times()
        living = [process.cpu_times() for process in self.children()]
        return sum(t.user + t.system for t in [own, *living]) + own.children_user + own.children_system

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal and return the exit code; one that has ended already is left alone."""
        self.process.send_signal(number)
        return self.process.wait(timeout=120)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def environment(servers: EmbeddedServers) -> dict[str, str]:
    """A plain user's environment: no server is named."""
    hidden = {
        "SANDBOX_URL",
        "PUBLIC_URL",
        "DATABASE_URL",
        "REDIS_URL",
        "BROKER_URL",
        "REDIS_PREFIX",
        "RETAILOPS_ENV",
        "RETAILOPS_DATA_DIR",
    }
    inherited = {k: v for k, v in os.environ.items() if k not in hidden and not k.startswith("PYTEST")}
    return {**inherited, "RETAILOPS_DATA_DIR": str(servers.data_dir)}


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def command(servers: EmbeddedServers, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run another management command beside it, as in a second terminal."""
    return subprocess.run(
        manage(*arguments), cwd=settings.BASE_DIR, env=environment(servers), capture_output=True, text=True, check=False
    )


COUNT_PEOPLE = "from retailops.accounts.models import User; print(User.objects.count())"


def test_a_first_start_a_second_start_and_the_data_in_between(servers: EmbeddedServers) -> None:
    first = Run(servers)
    port = first.port()
    assert get(port, "/healthz") == (200, b'{"status": "ok"}')
    for person in PEOPLE:
        assert person.email in first.said()
    assert DEMO_PASSWORD in first.said()

    again = command(servers, "up")
    assert again.returncode == 1
    assert f"RetailOps is already running at http://127.0.0.1:{port}" in again.stderr
    beside = command(servers, "shell", "--no-imports", "-c", COUNT_PEOPLE)
    assert beside.stdout.strip() == str(len(PEOPLE)), beside.stderr

    family = first.children()
    assert len(family) > 10
    assert first.end() == 0
    assert [process for process in family if is_running(process.pid)] == []
    assert first.said().rstrip().endswith("Stopped; the data is kept")

    second = Run(servers)
    assert second.port() == port, "the address stays"
    assert "Creating the database cluster" not in second.said()
    # Ten seconds on two cores that do nothing else; the clock on the wall would measure the other tests.
    assert second.cpu_seconds() < 20
    assert second.end(signal.SIGTERM) == 0


def test_what_a_killed_run_left_behind_is_ended_by_the_next(servers: EmbeddedServers) -> None:
    first = Run(servers)
    first.port()
    recorded = json.loads(servers.state_file.read_text())["children"]
    first.process.kill()
    first.process.wait()
    orphans = [int(pid) for pid in recorded]
    assert all(map(is_running, orphans))

    second = Run(servers)
    second.port()

    assert [pid for pid in orphans if is_running(pid)] == []
    assert f"Stopped {len(orphans)} processes that an earlier run had left behind" in second.said().splitlines()[0]
    assert second.end() == 0


def test_a_command_alone_gets_servers_for_its_duration(servers: EmbeddedServers) -> None:
    result = command(servers, "migrate", "--verbosity", "0")
    assert result.returncode == 0, result.stderr

    alone = command(servers, "shell", "--no-imports", "-c", COUNT_PEOPLE)

    assert alone.stdout.strip() == "0", alone.stderr
    assert not (servers.data_dir / "postgres" / "postmaster.pid").exists()


def test_production_has_no_embedded_servers(servers: EmbeddedServers) -> None:
    result = subprocess.run(
        manage("up"),
        cwd=settings.BASE_DIR,
        env={**environment(servers), "RETAILOPS_ENV": "production"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode != 0
    assert "is not set" in result.stderr
    assert not servers.data_dir.exists()
