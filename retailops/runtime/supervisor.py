"""Keep a set of processes running until told to stop: restart what dies, stop all of it and its descendants."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from retailops.runtime import children

POLL_SECONDS = 0.2
FIRST_PAUSE = 1.0  # seconds before the first restart; doubles with each death
LONGEST_PAUSE = 30.0
HEALTHY_AFTER = 60.0  # a process that ran this long starts with a fresh back-off
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """Somebody asked to stop while something was being waited for."""


@dataclass
class Child:
    """One supervised process. `stop` ends it in its own way; without it the process gets SIGTERM and a grace."""

    name: str
    start: Callable[[], "subprocess.Popen[bytes]"]
    stop: Callable[[int], None] | None = None
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float = 0.0

    def alive(self) -> bool:
        """Whether it runs right now."""
        return self.process is not None and self.process.poll() is None


@dataclass
class Supervisor:
    """Runs children in order and stops them in reverse; `say` receives plain lines, `changed` every new set of ids."""

    say: Callable[[str], None]
    changed: Callable[[dict[int, float]], None] = field(default=lambda pids: None)
    children: list[Child] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Turn Ctrl-C and its kin into a request to stop."""
        previous = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked.set()

    def check(self) -> None:
        """Raise StopRequested when somebody asked to stop."""
        if self.asked.is_set():
            raise StopRequested

    def start(self, child: Child) -> Child:
        """Start the child and keep it running from now on."""
        self.check()
        self.children.append(child)
        self._launch(child)
        return child

    def _launch(self, child: Child) -> None:
        child.process = child.start()
        child.started = time.monotonic()
        child.due = 0.0
        self._record()

    def _record(self) -> None:
        pids = [child.process.pid for child in self.children if child.process is not None and child.alive()]
        self.changed({pid: children.started_at(pid) for pid in pids})

    def run(self) -> None:
        """Supervise until somebody asks to stop."""
        while not self.asked.wait(POLL_SECONDS):
            self.tend()

    def tend(self) -> None:
        """Look after each child once: schedule a restart for the dead, restart what is due."""
        for child in self.children:
            if child.alive():
                continue
            if not child.due:
                self._schedule(child)
            elif time.monotonic() >= child.due:
                self._launch(child)

    def _schedule(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None:
            children.kill_group(child.process.pid)  # what a killed parent leaves behind must not work beside its heir
        if now - child.started > HEALTHY_AFTER:
            child.pause = FIRST_PAUSE
        code = child.process.returncode if child.process else None
        self.say(f"{child.name} stopped ({describe(code)}); it starts again in {child.pause:.0f} s")
        child.due = now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE)

    def stop(self) -> None:
        """Stop every child and its descendants: those without a way of their own first and together, then the rest."""
        running = [(child, child.process) for child in self.children if child.process is not None and child.alive()]
        children.stop_all(process.pid for child, process in running if child.stop is None)
        for child, process in reversed(running):
            if child.stop is not None:
                child.stop(process.pid)
        for _, process in running:
            process.wait(timeout=10)
        self.changed({})


def describe(code: int | None) -> str:
    """Say how a process ended, from its return code."""
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
