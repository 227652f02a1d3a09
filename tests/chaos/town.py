"""The town: all of RetailOps as `manage.py up` starts it, on servers and a data directory of its own, and a sandbox.

The tests look at it from outside only: HTTP, SQL, the sandbox's books, management commands, signals to its processes.
"""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psutil
import psycopg
import pytest
import redis
from django.conf import settings
from psycopg.rows import dict_row

from retailops.lib.environment import EmbeddedServers
from retailops.runtime import children, processes
from retailops.runtime.state import UpState
from tests.connectors.sandbox_server import SandboxServer, running_sandbox
from tests.runtime.processes import is_running, wait_until

CHAOS = [pytest.mark.chaos, pytest.mark.xdist_group("town"), pytest.mark.timeout(420)]
READY = re.compile(r"RetailOps is ready: (http://127\.0\.0\.1:\d+)")
START_SECONDS = 180.0
PROOF_SECONDS = 60.0
POLL_SECONDS = 0.1  # asking more often would take the processors from those who are asked
# What to look for in the command line of each part.
PARTS = {
    "postgres": "/bin/postgres",
    "redis": "redis-server",
    "web": "granian",
    "deliveries": "deliveries@",
    "handlers": "handlers@",
    "inbox": "inbox@",
    "maintenance": "maintenance@",
    "beat": " beat ",
}
HIDDEN = {
    "DATABASE_URL", "REDIS_URL", "BROKER_URL", "REDIS_PREFIX", "RETAILOPS_ENV", "RETAILOPS_DEMO", "PUBLIC_URL",
    "SANDBOX_URL", "SANDBOX_CONTROL_TOKEN",
}  # fmt: skip
Row = dict[str, Any]


class Town:
    """Everything that runs. `url` is the web's address, `key` an API key with every scope."""

    def __init__(self, folder: Path, sandbox: SandboxServer) -> None:
        self.servers = EmbeddedServers(folder / "var")
        self.output = folder / "output"
        self.sandbox = sandbox
        self.url = self.key = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.prover: subprocess.Popen[str] | None = None

    # Life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, connect it to the sandbox, let the warehouse work by itself."""
        argv = [sys.executable, "manage.py", "up", "--no-demo", "--port", str(_free_port())]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                argv, cwd=settings.BASE_DIR, env=self.environment(), stdout=output, stderr=output
            )
        process = self.process
        wait_until(lambda: bool(READY.search(self.said())) or process.poll() is not None, START_SECONDS)
        found = READY.search(self.said())
        assert found, self.said()
        self.url = found[1]
        opened = self.run("-m", "tests.chaos.opening")
        assert opened.returncode == 0, opened.stderr
        self.key = json.loads(opened.stdout.splitlines()[-1])["key"]
        self.sandbox.control("PUT", "/wms/autopilot", {"enabled": True, "delay_ms": 50, "grade_mix": {"A": 1}})
        self.prover = self._prover()

    def _prover(self) -> "subprocess.Popen[str]":
        with (self.output.parent / "proofs.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.proofs"],
                cwd=settings.BASE_DIR,
                env=self.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def stop(self) -> None:
        """Stop every process that was started, whatever has become of it, and forget the sockets."""
        if self.prover is not None:
            self.prover.kill()
            self.prover.communicate()
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        UpState.read(self.servers).stop_leftovers()
        shutil.rmtree(self.servers.socket_dir, ignore_errors=True)

    def said(self) -> str:
        """Everything on its console."""
        return self.output.read_text()

    def environment(self) -> dict[str, str]:
        """The environment of a newcomer who named a data directory, and the sandbox's address."""
        inherited = {k: v for k, v in os.environ.items() if k not in HIDDEN and not k.startswith(("PYTEST", "COV_"))}
        return inherited | {
            "RETAILOPS_DATA_DIR": str(self.servers.data_dir),
            "SANDBOX_URL": self.sandbox.url,
            "RETAILOPS_DEMO": "0",
        }

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run Python beside it, as in a second terminal."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def prove(self, *commands: str) -> dict[str, tuple[int, str]]:
        """Run management commands; name → exit code and what it said."""
        assert self.prover is not None
        assert self.prover.stdin is not None
        self.prover.stdin.write(" ".join(commands) + "\n")
        self.prover.stdin.flush()
        assert self.prover.stdout is not None
        readable, _, _ = select.select([self.prover.stdout], [], [], PROOF_SECONDS)
        said = self.prover.stdout.readline() if readable else ""
        assert said, f"no proof within {PROOF_SECONDS:.0f} s\n{(self.output.parent / 'proofs.log').read_text()}"
        return {name: (code, text) for name, (code, text) in zip(commands, json.loads(said), strict=True)}

    # Parts -------------------------------------------------------------------------------------------------------

    def part(self, name: str) -> psutil.Process | None:
        """The process that `up` started for this part, if it runs now."""
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            try:
                if PARTS[name] in " ".join(child.cmdline()) and is_running(child.pid):
                    return child
            except psutil.NoSuchProcess:
                continue
        return None

    def kill(self, *names: str) -> None:
        """kill -9 of parts with their own children, all of a sudden; returns when they are gone."""
        found = [process for name in names if (process := self.part(name)) is not None]
        assert len(found) == len(names), f"not all of {names} run"
        families = [process for head in found for process in children.descendants(head.pid)]
        for process in families:
            _signal(process, signal.SIGKILL)
        wait_until(lambda: not any(is_running(process.pid) for process in families), 30)

    def answers(self) -> bool:
        """Whether the web says that it is ready, its database included."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def redis(self) -> "redis.Redis":
        """A client of its Redis."""
        return redis.Redis.from_url(self.servers.redis_url(), socket_timeout=2)

    def redis_answers(self) -> bool:
        """Whether its Redis answers right now."""
        try:
            with self.redis() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    @contextmanager
    def second_node(self) -> Iterator[None]:
        """Another node that sends: a worker of the deliveries queue, and an engine without Celery (`pump`)."""
        worker = [part.replace("deliveries@", "deliveries-2@") for part in processes.worker("deliveries")]
        pump = processes.manage(settings.BASE_DIR, "pump")
        environment = self.environment() | UpState.read(self.servers).environment
        started: list[subprocess.Popen[bytes]] = []
        try:
            for name, argv in (("worker-2", worker), ("pump", pump)):
                log = self.servers.data_dir / "log" / f"{name}.log"
                started.append(children.spawn(argv, log=log, env=environment, cwd=settings.BASE_DIR))
            wait_until(lambda: "ready." in (self.servers.data_dir / "log" / "worker-2.log").read_text(), 60)
            yield
            assert [process.poll() for process in started] == [None, None], "the second node died"
        finally:
            children.stop_all([process.pid for process in started])
            for process in started:
                process.wait(timeout=10)

    # Data --------------------------------------------------------------------------------------------------------

    def sql(self, statement: LiteralString, **values: Any) -> list[Row]:
        """Rows of one statement on its database."""
        with psycopg.connect(self.servers.database_url(), autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def count(self, statement: LiteralString, **values: Any) -> int:
        """The one number that the statement gives."""
        [row] = self.sql(statement, **values)
        [number] = row.values()
        return int(number)

    def faults(self, **by_system: Sequence[Mapping[str, Any]]) -> None:
        """Replace the faults of the systems named."""
        for system, faults in by_system.items():
            self.sandbox.faults(system, *map(dict, faults))

    def calm(self) -> None:
        """No faults, closed circuits that remember nothing: each test begins alike."""
        self.faults(stripe=[], netsuite=[], shopify=[], wms=[])
        self.sql(
            "update events_destination set circuit = 'closed', circuit_until = null, circuit_open_seconds = 30, "
            "circuit_closed_at = null, window_started_at = null, window_calls = 0, window_transient = 0"
        )

    def hurry(self) -> None:
        """Let the minutes pass: what waits for a longer pause between two tries is due. Doubts and circuits are not."""
        self.sql(
            "update events_delivery set next_attempt_at = clock_timestamp() "
            "where status = 'ready' and next_attempt_at > clock_timestamp() + interval '3 seconds'"
        )
        self.sql(
            "update connectors_inboxmessage set next_try_at = clock_timestamp() "
            "where status in ('pending', 'waiting') and next_try_at > clock_timestamp() + interval '3 seconds'"
        )

    def until(self, reached: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Wait for it. Raises AssertionError with what is open."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}\n{self.open_ends()}"
            time.sleep(POLL_SECONDS)

    def at_rest(self) -> bool:
        """Whether each return has ended or has a case, and nobody owes a message. Also lets the minutes pass."""
        self.hurry()
        return not self.sql(_OPEN_RETURNS) and not self.sql(_OPEN_WORK) and self._webhooks_sent()

    def _webhooks_sent(self) -> bool:
        return not any(hook["status"] == "pending" for name in SENDERS for hook in self.sandbox.webhooks(name))

    def open_ends(self) -> str:
        """What is not at rest, for the message of a failed test."""
        rows = [*self.sql(_CIRCUITS), *self.sql(_OPEN_WORK), *self.sql(_STOPPED), *self.sql(_OPEN_RETURNS)]
        hooks = [h for name in SENDERS for h in self.sandbox.webhooks(name) if h["status"] == "pending"]
        waiting = [f"webhook {h['system']} {h['topic']} {h['last_status']} {h['last_error']}" for h in hooks]
        return "\n".join([*map(str, rows[:60]), *waiting[:20], *self.said().splitlines()[-10:]])


SENDERS = ("stripe", "shopify", "wms")
_OPEN_RETURNS: LiteralString = (
    "select number, status, logistics, inspection, money, stock, erp from returns_return "
    "where status not in ('closed', 'declined', 'canceled', 'expired') and open_cases = 0"
)
_OPEN_WORK: LiteralString = (
    "select operation as what, status, failure_code as why, failure_message as more, next_attempt_at::text as at "
    "from events_delivery where status in ('ready', 'leased', 'in_doubt') union all "
    "select topic, status, '', error, next_try_at::text from connectors_inboxmessage "
    "where status in ('pending', 'waiting')"
)
_STOPPED: LiteralString = (
    "select 'delivery' as dead, operation as what, failure_code as why, failure_message as more, count(*) "
    "from events_delivery where status = 'dead' group by 2, 3, 4 union all "
    "select 'message', topic, '', error, count(*) from connectors_inboxmessage where status = 'dead' group by 2, 4 "
    "union all select 'refund', status, failure_code, '', count(*) from returns_refund group by 2, 3"
)
_CIRCUITS: LiteralString = (
    "select name, circuit, window_calls, window_transient from events_destination where circuit <> 'closed'"
)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_town() -> Iterator[Town]:
    """Start a town in a temporary folder that every account can enter; stop all of it, whatever happens."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="retailops-town-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        sandbox = stack.enter_context(
            running_sandbox(folder / "sandbox.db", folder / "sandbox.log", "--webhook-retry-base", "0.1")
        )
        town = Town(folder, sandbox)
        stack.callback(town.stop)
        town.start()
        yield town
