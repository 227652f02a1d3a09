"""The web dies while customers ask and systems send their webhooks."""

import signal
from collections.abc import Callable

import pytest

from tests.chaos.books import all_is_well
from tests.chaos.town import CHAOS, Town
from tests.chaos.traffic import asking, sell
from tests.runtime.processes import is_running, wait_until

pytestmark = CHAOS


def whole(town: Town) -> None:
    """kill -9 of the server with all its workers."""
    town.kill("web")


def one_worker(town: Town) -> None:
    """kill -9 of one of the server's workers, in the middle of its requests."""
    server = town.part("web")
    assert server is not None
    [victim, *_] = [child for child in server.children() if "tracker" not in " ".join(child.cmdline())]
    victim.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_running(victim.pid), 30)


@pytest.mark.parametrize("kill", [whole, one_worker])
def test_whoever_was_answered_has_a_return_and_whoever_asks_again_gets_the_same(
    town: Town, kill: Callable[[Town], None]
) -> None:
    with asking(town, sell(town, 30), seconds=6) as load:
        town.until(lambda: len(load.answers) > 8, "customers are being answered")
        kill(town)
        assert len(load.answers) < 30, "all had been answered before the fault"
        town.until(town.answers, "the web is there again")
    assert {told[:3] for told in load.refused if told[:3].isdigit()} <= {"409"}
    all_is_well(town, load)
