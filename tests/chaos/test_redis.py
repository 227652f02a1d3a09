"""Redis forgets everything, or goes away: it carries only nudges, so nothing is lost and nobody is refused."""

import time

from tests.chaos.books import all_is_well
from tests.chaos.town import CHAOS, Town
from tests.chaos.traffic import Asking, asking, sell

pytestmark = CHAOS

AWAY_SECONDS = 6.0
FLOWS_AGAIN_SECONDS = 15.0
TOLD = """
    select count(*) from events_delivery d join events_event e on e.id = d.event_id
    where d.operation = 'inbound_notice.create' and d.status = 'delivered' and e.subject_id::text = any(%(returns)s)
"""


def told(town: Town, returns: list[str]) -> int:
    """How many of the returns the warehouse was told of."""
    return town.count(TOLD, returns=returns)


def test_it_forgets_everything_again_and_again_while_returns_flow(town: Town) -> None:
    """FLUSHALL: queued nudges, their keys and Celery's own bookkeeping are gone."""
    with asking(town, sell(town, 24), seconds=6) as load:
        while len(load.answers) < 24:
            with town.redis() as client:
                client.flushall()
            time.sleep(0.5)  # the rhythm of the fault, not a wait for anything
    assert load.refused == []
    all_is_well(town, load)


def test_while_it_is_away_the_api_answers_and_soon_after_its_return_all_flows(town: Town) -> None:
    with asking(town, sell(town, 36), seconds=AWAY_SECONDS * 2) as load:
        town.until(lambda: told(town, load.acknowledged()) > 0, "returns flow")
        answered_meanwhile = keep_away(town, load, AWAY_SECONDS)
        town.until(town.redis_answers, "Redis is back")
        back = time.monotonic()
        town.until(lambda: told(town, answered_meanwhile[-1:]) > 0, "returns flow again", FLOWS_AGAIN_SECONDS)
        print(f"flows again {time.monotonic() - back:.1f} s after Redis came back")
    assert load.refused == []
    assert len(answered_meanwhile) > 5
    all_is_well(town, load)


def keep_away(town: Town, load: Asking, seconds: float) -> list[str]:
    """Kill Redis whenever it runs, for so long; return the returns that were acknowledged while it was away."""
    before, until = set(load.acknowledged()), time.monotonic() + seconds
    while time.monotonic() < until:
        if town.part("redis") is not None:
            town.kill("redis")
        time.sleep(0.05)
    return [id for id in load.acknowledged() if id not in before]
