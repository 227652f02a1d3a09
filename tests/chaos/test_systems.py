"""The four systems fail in all their ways, all at once, while returns flow."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.chaos.books import all_is_well
from tests.chaos.town import CHAOS, POLL_SECONDS, SENDERS, Town
from tests.chaos.traffic import ask, sell

pytestmark = CHAOS

Faults = Sequence[Mapping[str, Any]]
SYSTEMS = ("stripe", "netsuite", "shopify", "wms")
# Four in all: fewer than half of the first ten calls, so that no circuit opens and nothing waits for its half minute.
FAULTS: Mapping[str, Faults] = {
    "500 before and after the effect": [
        {"kind": "error_500", "times": 2},
        {"kind": "error_500", "times": 2, "after_effect": True},
    ],
    "429 and closed connections": [
        {"kind": "throttle_429", "times": 2, "retry_after_s": 1},
        {"kind": "reset", "times": 2},
    ],
    "done, but the answer is lost or later than our patience": [
        {"kind": "lost_answer", "times": 2},
        {"kind": "slow", "times": 2, "ms": 4500},
    ],
}
HOOKS_AWRY: Faults = [{"kind": "duplicate_webhooks"}, {"kind": "reorder_webhooks", "window_ms": 700}]


def latest(town: Town, system: str) -> int:
    """The number of the last request that the system has seen."""
    return max((entry["seq"] for entry in town.sandbox.journal(system, 1)), default=0)


def struck(town: Town, system: str, since: int) -> Counter[str]:
    """Which faults have struck requests to the system since then, and how often."""
    return Counter(
        kind
        for entry in town.sandbox.journal(system, 5000)
        if entry["seq"] > since
        for kind in entry["fault"].split(",")
        if kind
    )


@pytest.mark.parametrize("name", FAULTS)
def test_every_system_fails_and_nothing_happens_twice_or_not_at_all(town: Town, name: str) -> None:
    sales = sell(town, 16)
    before = {system: latest(town, system) for system in SYSTEMS}
    town.faults(**dict.fromkeys(SYSTEMS, FAULTS[name]))
    all_is_well(town, ask(town, sales))
    expected: Counter[str] = Counter()
    for fault in FAULTS[name]:
        expected[fault["kind"]] += fault["times"]

    def all_struck() -> dict[str, Counter[str]]:
        return {system: struck(town, system, before[system]) for system in SYSTEMS}

    # A slow request is journaled when it ends, which may be after the retry that overtook it has closed the return.
    _wait_for_the_slowest(FAULTS[name], lambda: all_struck() == dict.fromkeys(SYSTEMS, expected))
    assert all_struck() == dict.fromkeys(SYSTEMS, expected)


def _wait_for_the_slowest(faults: Faults, reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + max(fault.get("ms", 0) for fault in faults) / 1000 + 5
    while not reached() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def test_every_webhook_comes_twice_and_the_last_comes_first(town: Town) -> None:
    """What comes twice is stored once; what comes too early waits for what it needs."""
    sales = sell(town, 16)
    before = {system: len(town.sandbox.webhooks(system)) for system in SENDERS}
    town.faults(**dict.fromkeys(SENDERS, HOOKS_AWRY))
    all_is_well(town, ask(town, sales))
    turned = {system: turned_round(town, system, before[system]) for system in SENDERS}
    print(turned)
    assert min(turned["stripe"], turned["wms"]) > 0, turned


def turned_round(town: Town, system: str, known: int) -> int:
    """How many times messages about one subject came to us in reverse order; each was sent twice."""
    hooks = town.sandbox.webhooks(system)
    sent = hooks[: len(hooks) - known]
    assert set(Counter(hook["message_id"] for hook in sent).values()) == {2}
    rows = town.sql("select message_id, position from connectors_inboxmessage where kind = 'webhook'")
    position = {row["message_id"]: row["position"] for row in rows}
    together: dict[tuple[str, float], list[int]] = defaultdict(list)
    for message_id, hook in {hook["message_id"]: hook for hook in sent}.items():
        together[hook["lane"], hook["sort_at"]].append(position[message_id])
    for positions in together.values():
        assert positions == sorted(positions), "the newest of a window comes first"
    return sum(len(positions) > 1 for positions in together.values())
