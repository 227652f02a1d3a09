"""The supervisor with real processes: restarts, and an end that leaves nobody behind."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from django.conf import settings

from retailops.runtime import children
from retailops.runtime.supervisor import Child, Supervisor, describe
from tests.runtime.processes import is_running, wait_until

FAMILY = textwrap.dedent("""
    import os, pathlib, signal, subprocess, sys, time
    if "deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
    new_session = "away" in sys.argv
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=new_session)
    pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {grandchild.pid}")
    time.sleep(600)
""")
SUPERVISE = textwrap.dedent("""
    import json, pathlib, sys
    from retailops.runtime import children
    from retailops.runtime.supervisor import Child, Supervisor
    argv, log = json.loads(sys.argv[1]), pathlib.Path(sys.argv[2])
    supervisor = Supervisor(lambda line: print(line, flush=True))
    with supervisor.signals():
        supervisor.start(Child("family", lambda: children.spawn(argv, log=log, env={}, cwd=log.parent)))
        supervisor.run()
        supervisor.stop()
    print("stopped", flush=True)
""")


def family(folder: Path, *flags: str) -> list[str]:
    """Command line of a process that starts another and writes both ids down."""
    return [sys.executable, "-c", FAMILY, str(folder / "pids"), *flags]


def pids(folder: Path) -> list[int]:
    """The two ids, once they are written."""
    wait_until(lambda: (folder / "pids").exists() and len((folder / "pids").read_text().split()) == 2)
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def supervised(folder: Path, argv: list[str]) -> Child:
    """A child for a supervisor inside the test."""
    return Child("family", lambda: children.spawn(argv, log=folder / "log", env={}, cwd=folder))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_supervisor_its_child_and_its_grandchild(tmp_path: Path, number: signal.Signals) -> None:
    argv = [sys.executable, "-c", SUPERVISE, json.dumps(family(tmp_path)), str(tmp_path / "log")]
    process = subprocess.Popen(argv, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    child, grandchild = pids(tmp_path)

    process.send_signal(number)

    output, _ = process.communicate(timeout=20)
    assert output == "stopped\n"
    assert process.returncode == 0
    assert not is_running(child)
    assert not is_running(grandchild)


@pytest.mark.parametrize("flags", [("away",), ("deaf",), ("deaf", "away")])
def test_neither_deafness_nor_a_session_of_its_own_saves_a_descendant(tmp_path: Path, flags: tuple[str, ...]) -> None:
    process = children.spawn(family(tmp_path, *flags), log=tmp_path / "log", env={}, cwd=tmp_path)
    child, grandchild = pids(tmp_path)

    children.stop_all([process.pid], grace=1.0)

    process.wait(timeout=5)
    assert not is_running(child)
    assert not is_running(grandchild)


def test_a_dead_child_is_restarted_and_said_so_and_its_orphans_are_ended(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    child = supervisor.start(supervised(tmp_path, family(tmp_path)))
    first, orphan = pids(tmp_path)
    (tmp_path / "pids").unlink()

    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not child.alive())
    supervisor.tend()

    assert said == ["family stopped (killed by SIGKILL); it starts again in 1 s"]
    wait_until(lambda: not is_running(orphan))
    assert not child.alive(), "it waits before it starts again"

    def tended() -> bool:
        supervisor.tend()
        return child.alive()

    wait_until(tended)
    second, _ = pids(tmp_path)
    assert second != first
    supervisor.stop()
    assert not is_running(second)


def test_each_death_doubles_the_pause_up_to_a_limit(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    child = supervisor.start(supervised(tmp_path, [sys.executable, "-c", "raise SystemExit(3)"]))
    for _ in range(7):
        wait_until(lambda: not child.alive())
        supervisor.tend()
        child.due = 1e-9  # the pause is over
        supervisor.tend()
    supervisor.stop()

    pauses = [line.rpartition(" in ")[2] for line in said]
    assert pauses == ["1 s", "2 s", "4 s", "8 s", "16 s", "30 s", "30 s"]
    assert said[0].startswith("family stopped (exit code 3)")


def test_what_runs_is_recorded_at_each_change(tmp_path: Path) -> None:
    recorded: list[dict[int, float]] = []
    supervisor = Supervisor(lambda line: None, recorded.append)
    child = supervisor.start(supervised(tmp_path, family(tmp_path)))
    assert child.process is not None
    pid = child.process.pid
    assert children.is_same(pid, recorded[0][pid])
    assert not children.is_same(pid, recorded[0][pid] - 60), "an id that was used again is another process"

    supervisor.stop()

    assert recorded[-1] == {}
    assert not children.is_same(pid, recorded[0][pid])


def test_an_end_is_described_plainly() -> None:
    assert describe(1) == "exit code 1"
    assert describe(-15) == "killed by SIGTERM"
