"""PostgreSQL is restarted, and killed, while customers ask: what was acknowledged is there, and there once.

It runs with fsync on, as for a user: durability is the point.
"""

import signal
from collections import Counter
from collections.abc import Callable

import pytest

from tests.chaos.books import all_is_well
from tests.chaos.town import CHAOS, Town
from tests.chaos.traffic import asking, sell
from tests.runtime.processes import is_running, wait_until

pytestmark = CHAOS


def restarted(town: Town) -> None:
    """Fast shutdown, as for an upgrade: sessions are ended, what is open is rolled back."""
    process = town.part("postgres")
    assert process is not None
    process.send_signal(signal.SIGINT)
    wait_until(lambda: not is_running(process.pid), 60)


def killed(town: Town) -> None:
    """kill -9 of the server's first process alone: its sessions find out by themselves, and the next one waits."""
    process = town.part("postgres")
    assert process is not None
    process.kill()
    wait_until(lambda: not is_running(process.pid), 30)


def all_killed(town: Town) -> None:
    """kill -9 of the server and all its sessions, as when the machine loses power."""
    town.kill("postgres")


STARTED = "select pg_postmaster_start_time()::text as at"


@pytest.mark.parametrize("stop", [restarted, killed, all_killed])
def test_nothing_that_was_acknowledged_is_lost(town: Town, stop: Callable[[Town], None]) -> None:
    assert town.sql("show fsync") == [{"fsync": "on"}]
    assert town.sql("show synchronous_commit") == [{"synchronous_commit": "on"}]
    started = town.sql(STARTED)
    with asking(town, sell(town, 30), seconds=8) as load:
        town.until(lambda: len(load.answers) > 8, "customers are being answered")
        stop(town)
        assert len(load.answers) < 30, "all had been answered before the fault"
        town.until(town.answers, "the web finds its database again")
    assert town.sql(STARTED) != started, "it had not gone"
    print(Counter(told[:3] for told in load.refused))
    # A refusal changes nothing: who asks again with the same key gets the one return there is.
    assert {told[:3] for told in load.refused if told[:3].isdigit()} <= {"409", "500", "503"}, load.refused
    all_is_well(town, load)
