"""The stage that every benchmark plays on: fresh embedded servers with fsync on, and the product's own processes."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from retailops.lib.environment import EmbeddedServers
from retailops.runtime import processes
from retailops.runtime.embedded import start_servers
from retailops.runtime.ports import choose
from retailops.runtime.supervisor import Supervisor

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def stage() -> Iterator[EmbeddedServers]:
    """Run PostgreSQL (durable) and Redis in a new folder, migrate, and set Django up against them; clean up after."""
    for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL"):
        os.environ.pop(name, None)
    folder = Path(tempfile.mkdtemp(prefix="retailops-bench-"))
    folder.chmod(0o755)
    os.environ.update(RETAILOPS_DATA_DIR=str(folder), RETAILOPS_ENV="development", LOG_LEVEL="ERROR")
    servers = EmbeddedServers(folder)
    supervisor = Supervisor(lambda line: None)
    try:
        start_servers(supervisor, servers)
        # Named, so that no command takes them for leftovers of a dead run and replaces them.
        os.environ.update(DATABASE_URL=servers.database_url(), REDIS_URL=servers.redis_url())
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"], cwd=ROOT, check=True
        )
        set_up_django()
        yield servers
    finally:
        supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(servers.socket_dir, ignore_errors=True)


def set_up_django() -> None:
    """Set Django up against the stage's servers."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "retailops.settings"
    import django

    django.setup()


@contextlib.contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one process for the block, in the product's folder, and end it (and only it) afterwards."""
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # our own commands
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextlib.contextmanager
def web() -> Iterator[str]:
    """Serve the product as `make run` does (granian) and yield its address."""
    port = choose("127.0.0.1", 18000, 18001)
    with process(*processes.web("127.0.0.1", port)):
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def workers(*queues: str, with_beat: bool = False) -> Iterator[None]:
    """Run the workers of these queues as `make run` does, and beat where asked."""
    commands = [processes.worker(queue) for queue in queues]
    commands += [processes.beat(Path(os.environ["RETAILOPS_DATA_DIR"]))] if with_beat else []
    with contextlib.ExitStack() as stack:
        for command in commands:
            stack.enter_context(process(*command))
        yield


def wait_for(address: str, seconds: float = 60) -> None:
    """Return once the address answers. Raises TimeoutError when it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):  # noqa: S310  # loopback
            return
        time.sleep(0.1)
    raise TimeoutError(f"{address} did not answer within {seconds:.0f} s")
