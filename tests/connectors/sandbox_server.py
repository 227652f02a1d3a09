"""The sandbox for tests: the real server in a process of its own, and a sink for the webhooks that it sends.

`sandbox` gives a running server with empty books (one process per test worker, reset before each test);
`sandbox_factory` starts further ones, on a state file that a test may hand on; `webhook_sink` takes webhooks in.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEMS = ("stripe", "netsuite", "shopify", "wms")
START_S = 30


@dataclass
class SandboxServer:
    """A running sandbox at `url`. Methods of the control API raise for a status that is not 200."""

    url: str
    process: subprocess.Popen[str]
    client: httpx.Client

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call `/_sandbox{path}`; the parsed answer."""
        response = self.client.request(method, f"/_sandbox{path}", json=body)
        assert response.status_code == 200, f"{method} {path}: {response.status_code} {response.text}"
        return response.json()

    def reset(self) -> None:
        """Empty books, no faults, no webhook endpoints, in all systems."""
        for system in SYSTEMS:
            self.control("POST", f"/{system}/reset", {"endpoint": True})

    def faults(self, system: str, *faults: dict[str, Any]) -> None:
        """Replace the faults of a system; none given clears them."""
        self.control("PUT", f"/{system}/faults", list(faults))

    def books(self, system: str) -> Any:
        return self.control("GET", f"/{system}/books")

    def journal(self, system: str, limit: int = 100) -> list[dict[str, Any]]:
        """The last requests, newest first."""
        found: list[dict[str, Any]] = self.control("GET", f"/journal?system={system}&limit={limit}")["requests"]
        return found

    def webhooks(self, system: str) -> list[dict[str, Any]]:
        """The last webhooks with their status, newest first."""
        found: list[dict[str, Any]] = self.control("GET", f"/{system}/webhooks?limit=5000")["webhooks"]
        return found

    def webhooks_settled(self, system: str, deadline_s: float = 10) -> list[dict[str, Any]]:
        """Wait until no webhook of the system is pending any more."""
        until = time.monotonic() + deadline_s
        while time.monotonic() < until:
            found = self.webhooks(system)
            if not any(item["status"] == "pending" for item in found):
                return found
            time.sleep(0.02)
        raise AssertionError(f"{system} webhooks are still pending after {deadline_s} s")

    def send_webhooks_to(self, system: str, url: str, secret: str) -> None:
        self.control("POST", f"/{system}/webhook-endpoint", {"url": url, "secret": secret})

    def seed_payments(self, *payments: dict[str, Any]) -> list[dict[str, Any]]:
        """Succeeded payment intents: `{amount, currency, id?, metadata?}` → `{id, charge, amount, currency}`."""
        made: list[dict[str, Any]] = self.control("POST", "/stripe/payment_intents", list(payments))["payment_intents"]
        return made

    def seed_order(self, **order: Any) -> Any:
        """One Shopify order; its `{id, gid, name, lines}`."""
        return self.control("POST", "/shopify/orders", order)["orders"][0]

    def stop(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(10)
        self.client.close()


@contextmanager
def running_sandbox(state: Path | str, log: Path, *arguments: str) -> Iterator[SandboxServer]:
    """Start `python -m connectors.sandbox` on a free port and stop it afterwards, if it still runs."""
    command = [sys.executable, "-m", "connectors.sandbox", "--port", "0", "--state", str(state), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))}
    with log.open("a") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    url = _announced(process, log)
    server = SandboxServer(url, process, httpx.Client(base_url=url, timeout=30))
    try:
        yield server
    finally:
        if process.poll() is None:
            server.stop()
        if process.stdout:
            process.stdout.close()


def _announced(process: "subprocess.Popen[str]", log: Path) -> str:
    """The address that the process prints once it listens."""
    timer = threading.Timer(START_S, process.kill)
    timer.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        timer.cancel()
    if not line.startswith("sandbox listening on "):
        process.kill()
        process.wait(10)
        raise AssertionError(f"the sandbox did not start: {line!r} {log.read_text()}")
    return line.removeprefix("sandbox listening on ").strip()


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """One server for the whole worker; use `sandbox`."""
    folder = tmp_path_factory.mktemp("sandbox")
    with running_sandbox(folder / "state.db", folder / "log", "--webhook-retry-base", "0.05") as server:
        yield server


@pytest.fixture
def sandbox(sandbox_process: SandboxServer) -> SandboxServer:
    """A running sandbox with empty books and no faults."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def sandbox_factory(tmp_path: Path) -> Iterator[Callable[..., SandboxServer]]:
    """`sandbox_factory(*arguments, state="…")`: a server of the test's own, to stop, kill and start again."""
    with ExitStack() as stack:

        def start(*arguments: str, state: str = "state.db") -> SandboxServer:
            options = ("--webhook-retry-base", "0.05", *arguments)
            return stack.enter_context(running_sandbox(tmp_path / state, tmp_path / "sandbox.log", *options))

        yield start


@dataclass(frozen=True)
class Received:
    """One webhook as it came in: raw body, headers with names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebhookSink:
    """An HTTP server that stores what it gets and answers 202, or the statuses put into `answers` first."""

    url: str
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    delay_s: float = 0

    def wait(self, count: int, deadline_s: float = 10) -> list[Received]:
        """What came in, once there are at least `count`."""
        until = time.monotonic() + deadline_s
        while len(self.received) < count:
            if time.monotonic() > until:
                raise AssertionError(f"{len(self.received)} webhooks instead of {count} after {deadline_s} s")
            time.sleep(0.01)
        return list(self.received)


@pytest.fixture
def webhook_sink() -> Iterator[WebhookSink]:
    sink = WebhookSink("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # name fixed by http.server
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(sink.delay_s)
            headers = {name.lower(): value for name, value in self.headers.items()}
            sink.received.append(Received(self.path, headers, body))
            self.send_response(sink.answers.pop(0) if sink.answers else 202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sink.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield sink
    server.shutdown()
    server.server_close()
    thread.join()
