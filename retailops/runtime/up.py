"""`manage.py up`: the whole of RetailOps on one machine, from servers to beat, under one supervisor."""

import functools
import os
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from retailops.lib.environment import EmbeddedServers
from retailops.runtime import children, ports, probe, processes
from retailops.runtime.demo import sign_in_lines
from retailops.runtime.embedded import start_servers
from retailops.runtime.state import UpState, holding_servers, passed_on
from retailops.runtime.supervisor import Child, StopRequested, Supervisor

WEB_PORT = 8000
SANDBOX_PORT = 8090
READY_SECONDS = 180.0
TELL_SECONDS = 4.0  # a longer preparation says what it is at


@dataclass
class Up:
    """One run. `say` receives plain lines for the console; `host` is where the web listens."""

    base_dir: Path
    servers: EmbeddedServers
    say: Callable[[str], None]
    host: str = "127.0.0.1"
    port: int = WEB_PORT
    wanted_sandbox_port: int = SANDBOX_PORT
    demo: bool = True
    state: UpState = field(default_factory=UpState)
    web_port: int = 0
    sandbox_port: int = 0

    def run(self) -> None:
        """Start everything, say where it is, and keep it running until Ctrl-C.

        Raises AlreadyRunning when a run holds the data directory, RuntimeError when a part does not start.
        """
        with holding_servers(self.servers):
            self._stop_leftovers()
            supervisor = Supervisor(self.say, self._remember)
            with supervisor.signals():
                try:
                    self._start(supervisor)
                    supervisor.run()
                except StopRequested:
                    pass
                finally:
                    self.say("Stopping")
                    supervisor.stop()
            self.say("Stopped; the data is kept")

    def _stop_leftovers(self) -> None:
        if stopped := UpState.read(self.servers).stop_leftovers():
            self.say(f"Stopped {stopped} processes that an earlier run had left behind")

    def _start(self, supervisor: Supervisor) -> None:
        self._choose_ports()
        self._remember({})
        start_servers(supervisor, self.servers)
        if self.demo:
            supervisor.start(self._child("sandbox", processes.sandbox(self.servers.data_dir, self.sandbox_port)))
        # The web loads while the database is prepared: its address is told only when both are done.
        supervisor.start(self._child("web", processes.web(self.host, self.web_port)))
        self._prepare(supervisor)
        self._wait_until_ready(supervisor)
        for queue in processes.QUEUES:
            supervisor.start(self._child(f"worker-{queue}", processes.worker(queue)))
        supervisor.start(self._child("beat", processes.beat(self.servers.data_dir)))
        self._welcome()

    @property
    def _reachable(self) -> str:
        everywhere = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
        return "127.0.0.1" if self.host in everywhere else self.host

    def _choose_ports(self) -> None:
        known = UpState.read(self.servers).environment
        self.web_port = ports.choose(self.host, _port_of(known.get("PUBLIC_URL", "")), self.port)
        self.sandbox_port = ports.choose("127.0.0.1", _port_of(known.get("SANDBOX_URL", "")), self.wanted_sandbox_port)
        chosen = {
            "PUBLIC_URL": f"http://{self._reachable}:{self.web_port}",
            "SANDBOX_URL": f"http://127.0.0.1:{self.sandbox_port}",
            "RETAILOPS_DEMO": "1" if self.demo else "0",
        }
        self.state = UpState(os.getpid(), "up", chosen)

    def _remember(self, pids: dict[int, float]) -> None:
        self.state.children = pids
        self.state.write(self.servers)

    def _environment(self) -> dict[str, str]:
        return {**passed_on(self.state, os.environ), "PYTHONUNBUFFERED": "1"}

    def _log(self, name: str) -> Path:
        return self.servers.data_dir / "log" / f"{name}.log"

    def _child(self, name: str, argv: list[str]) -> Child:
        return Child(name, functools.partial(self._spawn, name, argv))

    def _spawn(self, name: str, argv: list[str]) -> "subprocess.Popen[bytes]":
        return children.spawn(argv, log=self._log(name), env=self._environment(), cwd=self.base_dir)

    def _prepare(self, supervisor: Supervisor) -> None:
        self.say("Preparing the database" + (" and the demo" if self.demo else ""))
        self._log("prepare").unlink(missing_ok=True)
        process = self._spawn("prepare", processes.manage(self.base_dir, "prepare"))
        try:
            told = time.monotonic()
            while process.poll() is None:
                supervisor.check()
                supervisor.tend()
                if time.monotonic() - told > TELL_SECONDS:
                    told = time.monotonic()
                    self.say(f"  {_tail(self._log('prepare'), 1).strip() or 'loading'}")
                time.sleep(0.05)
        finally:
            if process.poll() is None:
                children.stop(process.pid)
                process.wait()
        if process.returncode:
            raise RuntimeError(f"Preparing the database failed:\n{_tail(self._log('prepare'))}")

    def _wait_until_ready(self, supervisor: Supervisor) -> None:
        self.say("Starting web, workers and beat")
        deadline = time.monotonic() + READY_SECONDS
        host_header = probe.allowed_host(os.environ.get("ALLOWED_HOSTS", ""))
        while not probe.answers(self.web_port, host_header, self._reachable):
            supervisor.check()
            supervisor.tend()
            if time.monotonic() > deadline:
                raise RuntimeError(f"The web did not become ready:\n{_tail(self._log('web'))}")
            time.sleep(0.1)

    def _welcome(self) -> None:
        lines = ["", f"RetailOps is ready: {self.state.environment['PUBLIC_URL']}"]
        if self.demo:
            lines += ["Sign in as one of", *sign_in_lines()]
        lines += [f"Logs are in {self.servers.data_dir / 'log'}. Ctrl-C stops everything and keeps the data.", ""]
        for line in lines:
            self.say(line)


def _port_of(url: str) -> int:
    return urlsplit(url).port or 0


def _tail(log: Path, lines: int = 20) -> str:
    with log.open(errors="replace") as handle:
        return "".join(deque(handle, lines))
