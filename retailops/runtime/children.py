"""Child processes in sessions of their own: started, recognized again, and stopped with all their descendants."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from retailops.runtime.server_user import Identity

POLL_SECONDS = 0.05
ORPHAN_SECONDS = 0.5  # for descendants that were asked to end by a parent which is gone by now
LOG_LIMIT = 10_000_000  # bytes; a longer log is set aside as <name>.log.1 at the next start


def spawn(
    argv: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path, identity: Identity | None = None
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that the terminal's Ctrl-C reaches only the supervisor."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - every argv is built by this package
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            **(identity or Identity()),
        )


def descendants(pid: int) -> list[psutil.Process]:
    """Return the process and everything that it started, whatever sessions they moved to; none if it is gone."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def stop(pid: int, *, first: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> None:
    """Ask the process to stop, wait up to `grace` seconds, then kill what is left of it and of its descendants."""
    stop_all([pid], first=first, grace=grace)


def stop_all(pids: Iterable[int], *, first: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> None:
    """Stop several processes side by side, so that the slowest one sets the time and not their sum.

    Only they are asked: each knows best how to end its own descendants. Those who outlive it are killed soon after.
    """
    pids = list(pids)
    family = {process.pid: process for pid in pids for process in descendants(pid)}
    heads = [family[pid] for pid in pids if pid in family]
    _send(heads, first)
    _wait(heads, grace)
    remaining = _wait(list(family.values()), ORPHAN_SECONDS)
    for pid in pids:
        kill_group(pid)
    _send(remaining, signal.SIGKILL)
    _wait(remaining, 5.0)


def is_same(pid: int, started: float) -> bool:
    """Whether the process with that id is still the one that was started then (ids are used again)."""
    try:
        return abs(psutil.Process(pid).create_time() - started) < 2
    except psutil.NoSuchProcess:
        return False


def started_at(pid: int) -> float:
    """Return the start of the process in seconds since the epoch; 0 if it is already gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def _send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def kill_group(pid: int) -> None:
    """Kill what is left in the process group of a child: also descendants that were born while it was being stopped."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _wait(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    deadline = time.monotonic() + seconds
    alive = [process for process in processes if _runs(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        alive = [process for process in alive if _runs(process)]
    return alive


def _runs(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
