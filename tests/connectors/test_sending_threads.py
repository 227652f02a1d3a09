"""Threads that send keep no connection to the database, whatever a connector read in them."""

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import connection

from connectors.failures import delivered
from connectors.protocol import ConnectionContext, Connector
from connectors.transport import _all_at_once
from retailops.events.transport import Claimed, Outcome
from tests.connectors.test_unforeseen import claimed
from tests.runtime.processes import wait_until

TOGETHER = 4


class Reader(Connector):
    """Reads something of ours before its call, as connectors may."""

    def __init__(self) -> None:
        self.backends: list[int] = []
        self.all_here = threading.Barrier(TOGETHER, timeout=30)

    def send(self, conn: ConnectionContext, claimed: Claimed) -> Outcome:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self.backends.append(cursor.fetchone()[0])
        self.all_here.wait()
        return delivered(claimed)


def alive(backends: list[int]) -> int:
    with connection.cursor() as cursor:
        # What a transaction has once seen of other backends it would see until its end.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [backends])
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_what_a_thread_read_by_is_closed_after_its_call() -> None:
    conn: Any = SimpleNamespace(name="reader", vendor="reader", config_version=1, mapping_version=1)
    reader = Reader()
    ready = [(cast(ConnectionContext, conn), claimed(repeat_safe=True)) for _ in range(TOGETHER)]
    outcomes = list(_all_at_once(reader, ready))
    assert [outcome.result.value for outcome in outcomes] == ["delivered"] * TOGETHER
    assert len(set(reader.backends)) == TOGETHER
    wait_until(lambda: alive(reader.backends) == 0, seconds=10)
