"""Command lines of RetailOps' own processes; `deploy/compose.yaml` runs the same ones."""

import os
import sys
from pathlib import Path

QUEUES = {"deliveries": 4, "handlers": 2, "inbox": 2, "maintenance": 2}  # queue → processes of its worker
WEB_THREADS = 8


def manage(base_dir: Path, *arguments: str) -> list[str]:
    """Return the command line of a management command."""
    return [sys.executable, str(base_dir / "manage.py"), *arguments]


def web(host: str, port: int) -> list[str]:
    """Return granian's command line: WSGI, blocking threads, at most one process for each of two cores."""
    workers = max(1, min(2, os.cpu_count() or 1))
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(workers), "--blocking-threads", str(WEB_THREADS), "--respawn-failed-workers",
        "--workers-kill-timeout", "5", "--no-ws", "--log-level", "warning", "retailops.wsgi:application",
    ]  # fmt: skip


def worker(queue: str) -> list[str]:
    """Return the command line of the Celery worker of one queue."""
    return [
        sys.executable, "-m", "celery", "--app", "retailops.celery", "worker", "--queues", queue,
        "--hostname", f"{queue}@%h", "--concurrency", str(QUEUES[queue]), "--loglevel", "INFO",
        "--without-gossip", "--without-mingle",
    ]  # fmt: skip


def beat(data_dir: Path) -> list[str]:
    """Return the command line of Celery's beat, the clock of sweeps."""
    schedule = str(data_dir / "beat-schedule")
    return [
        sys.executable, "-m", "celery", "--app", "retailops.celery", "beat", "--loglevel", "INFO",
        "--schedule", schedule, "--pidfile=",
    ]  # fmt: skip


def sandbox(data_dir: Path, port: int) -> list[str]:
    """Return the command line of the sandbox systems: shop, gateway, warehouse and ERP over HTTP."""
    state = str(data_dir / "sandbox.sqlite3")
    return [
        sys.executable, "-m", "connectors.sandbox", "--host", "127.0.0.1", "--port", str(port), "--state", state,
    ]  # fmt: skip
