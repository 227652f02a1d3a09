"""Dashboards at 2,000,000 returns over 90 days: each board as a page at its first view, exact, with nothing kept."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client, override_settings

from benchmarks.dashboards_fill import fill
from benchmarks.report import Figure, Report
from retailops.workbench.dashboards.boards import BOARDS

ROUNDS = 20
BOUND = 200  # ms
BOUNDED = {"all, 7 days": "", "one region, 30 days": "?range=30&region=GB"}
SCOPES = BOUNDED | {"all, 30 days": "?range=30", "all, 90 days": "?range=90"}


class Took(NamedTuple):
    """What one page took: from asking to answering, and the processors' share of it (PostgreSQL and Python), in ms."""

    wall: float
    processors: float


def run(report: Report) -> None:
    """Fill the database, then ask each board as a manager does."""
    fill()
    measure(report)


@override_settings(DASHBOARD_KEEP_SECONDS=0)
def measure(report: Report) -> None:
    """Ask each board of a filled database again and again; every answer must be 200."""
    client = manager()
    for scope, query in SCOPES.items():
        for key in BOARDS:
            took = list(_ask(client, f"/dashboards/{key}/{query}"))
            wall, work = sorted(each.wall for each in took), sorted(each.processors for each in took)
            below = BOUND if scope in BOUNDED else None
            report.add(
                Figure(f"dashboard {key}, {scope}, p50", statistics.median(wall), "ms"),
                Figure("… p95", wall[int(len(wall) * 0.95) - 1], "ms", below=below),
                Figure("… processor time, least and p50", work[0], f"ms, {statistics.median(work):.0f}"),
            )


def manager() -> Client:
    """Return the browser of a manager of everything."""
    from retailops.accounts.models import RoleGrant

    user, new = get_user_model().objects.get_or_create(email="bench@shop.example", defaults={"name": "Bench"})
    if new:
        RoleGrant.objects.create(user=user, role="manager")
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def _ask(client: Client, address: str) -> Iterator[Took]:
    client.get(address)
    for _ in range(ROUNDS):
        spent, began = _processors(), time.perf_counter()
        answer = client.get(address)
        yield Took(1000 * (time.perf_counter() - began), _processors() - spent)
        assert answer.status_code == 200, answer.status_code


def _processors() -> float:
    """Return the processor time (ms) of this process and of its server process, which lives as long."""
    connection.ensure_connection()
    told = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return 1000 * time.process_time() + int(told.split()[0]) / 1e6
