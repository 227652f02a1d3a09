"""Workers die while returns flow; several of them send at once."""

from tests.chaos.books import REST_SECONDS, all_is_well
from tests.chaos.town import CHAOS, Row, Town
from tests.chaos.traffic import ask, asking, sell

pytestmark = CHAOS

SENDING = """
    select d.id, d.effect_key from events_delivery d join events_lease l on l.delivery_id = d.id
    where d.operation = 'refund.create' and l.expires_at is not null and l.sending_since is not null
"""
ATTEMPTS = """
    select delivery_id as id, array_agg(code order by recorded_at) as codes
    from events_attempt where delivery_id = any(%(ids)s) group by delivery_id
"""
FOUND = "select count(*) from events_attempt where code = 'found'"


def refunded_keys(town: Town) -> list[str]:
    """The effect keys that Stripe has refunded, one for each refund."""
    charges = town.sandbox.books("stripe")["charges"]
    return [refund["metadata"]["refund_key"] for charge in charges for refund in charge["refunds"]]


def paid_but_not_recorded(town: Town) -> list[Row]:
    """Deliveries under way whose refund Stripe has made."""
    under_way = town.sql(SENDING)
    paid = set(refunded_keys(town))
    return [row for row in under_way if row["effect_key"] in paid]


def test_killed_between_send_and_record_the_refund_is_looked_up_and_settled_once(town: Town) -> None:
    """Stripe has refunded, the answer is on its way, the worker is gone: nobody recorded what it did."""
    town.faults(stripe=[{"kind": "lost_answer", "times": 6, "hang_ms": 2500, "operations": ["refunds.create"]}])
    load = ask(town, sell(town, 12))
    town.until(lambda: bool(paid_but_not_recorded(town)), "a refund was made and its answer is awaited")
    town.kill("deliveries")
    struck = paid_but_not_recorded(town)
    assert struck, "everything had been recorded before the worker died"
    all_is_well(town, load)
    codes = {row["id"]: row["codes"] for row in town.sql(ATTEMPTS, ids=[row["id"] for row in struck])}
    for row in struck:
        assert codes[row["id"]] == ["lease_expired", "found"]
        assert refunded_keys(town).count(row["effect_key"]) == 1


def test_all_workers_and_beat_are_killed_while_returns_flow(town: Town) -> None:
    """Claimed, nudged and half-translated work comes back by itself once the processes do."""
    with asking(town, sell(town, 24), seconds=5) as load:
        town.until(lambda: bool(town.sql(SENDING)), "refunds are on their way")
        town.kill("deliveries", "handlers", "inbox", "maintenance", "beat")
    assert load.refused == []
    all_is_well(town, load)


def test_two_nodes_send_at_once_and_lose_answers_and_nothing_happens_twice(town: Town) -> None:
    """A second worker and a `pump` drain the same connections while some of the answers never come."""
    # Fewer than half of the first ten calls, so that no circuit opens.
    lost = [{"kind": "lost_answer", "probability": 0.3, "times": 4}]
    found_before = town.count(FOUND)
    with town.second_node():
        town.faults(stripe=lost, netsuite=lost, shopify=lost, wms=lost)
        load = ask(town, sell(town, 24))
        town.until(town.at_rest, "every return is closed or has a case", REST_SECONDS)
    assert town.count(FOUND) > found_before, "no answer was lost"
    all_is_well(town, load)
