"""What a running `manage.py up` writes down: that it runs, what it started, what it chose."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from retailops.lib.environment import EmbeddedServers
from retailops.runtime import children


@dataclass
class UpState:
    """Contents of `up.json`. `children` maps a process id to its start (seconds since the epoch)."""

    pid: int = 0
    command: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    children: dict[int, float] = field(default_factory=dict)

    @classmethod
    def read(cls, servers: EmbeddedServers) -> "UpState":
        """Return what the last run wrote down; an empty state when there was none."""
        try:
            raw = json.loads(servers.state_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return cls()
        known = {int(pid): float(started) for pid, started in raw.get("children", {}).items()}
        return cls(raw.get("pid", 0), raw.get("command", ""), raw.get("environment", {}), known)

    def write(self, servers: EmbeddedServers) -> None:
        """Replace the file in one step, so that a reader never sees half of it."""
        servers.data_dir.mkdir(parents=True, exist_ok=True)
        draft = servers.state_file.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self), indent=1))
        draft.replace(servers.state_file)

    def stop_leftovers(self) -> int:
        """Stop recorded children that outlived the process which had started them; returns how many there were."""
        left = [pid for pid, started in self.children.items() if children.is_same(pid, started)]
        children.stop_all(left)
        return len(left)


class AlreadyRunning(Exception):
    """Another process holds the data directory's servers."""


@contextlib.contextmanager
def holding_servers(servers: EmbeddedServers) -> Iterator[None]:
    """Hold the data directory's servers; the system lets go of the lock when this process dies, however it dies.

    Raises AlreadyRunning when another process holds them.
    """
    servers.data_dir.mkdir(parents=True, exist_ok=True)
    with _open_lock(servers.data_dir / "up.lock") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(_who(UpState.read(servers))) from error
        yield


@contextlib.contextmanager
def _open_lock(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)


def _who(state: UpState) -> str:
    url = state.environment.get("PUBLIC_URL")
    where = f" at {url}" if url and state.command == "up" else ""
    return f"RetailOps is already running{where} (`{state.command or 'up'}`, process {state.pid}). Stop it there first."


def passed_on(state: UpState, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child: this one's, with what was chosen at the start."""
    return {**environment, **state.environment}
