"""A storm of made-up lives through the real commands leaves every invariant true."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from connectors.books import compare
from connectors.demo import connections_without_sandbox
from connectors.outbound_http import close_clients
from connectors.simulation.storm import ground, selling
from connectors.simulation.storm.ground import prepared
from connectors.simulation.storm.living import Storm, Totals, chunks_of, live, spread
from connectors.simulation.storm.report import lines_of
from connectors.simulation.storm.selling import KINDS, sell
from connectors.simulation.storm.telling import SYSTEMS, systems
from retailops.events.models import Delivery
from returns.enums import RefundStatus, ReturnKind
from returns.models import Order, Payment, Refund, Return, StoredAccount, StoredEntry
from returns.money_paths import OWN_LEDGER
from tests.connectors.sandbox_server import SandboxServer
from tests.factories import ensure_policy, make_return
from tests.returns.proofs import breaches

pytestmark = pytest.mark.django_db

# A hundred have the kinds in their exact shares.
LIVES, FAULTY_LIVES = 100, 40


def lived(seed: int, count: int) -> Totals:
    """Live some lives in which no other system takes part."""
    connections_without_sandbox()
    storm = Storm(prepared(), Totals())
    assert sum(live(seed, chunks_of(count), count, storm)) == count
    return storm.totals


def test_lives_of_every_kind_leave_the_audits_clean() -> None:
    totals = lived(11, LIVES)
    assert set(Return.objects.values_list("kind", flat=True)) == set(ReturnKind.values)
    # An offline till brings returns of orders that nobody knows besides.
    assert Return.objects.count() >= totals.returns >= LIVES * 0.8
    assert totals.done.total() >= LIVES * 5
    assert set(Refund.objects.values_list("currency", flat=True)) >= {"GBP", "EUR", "USD"}
    assert breaches() == []


def test_the_same_seed_sells_the_same_and_goes_on_where_it_was_stopped() -> None:
    prepared()
    first, more = ([each.order.external_id for each in sell(3, chunk, 5, shop=True)] for chunk in (0, 1))
    assert len(set(first) | set(more)) == 10
    assert [each.order.external_id for each in sell(3, 0, 5, shop=True)] == first
    make_return(Order.objects.get(external_id=first[1]))
    assert [each.order.external_id for each in sell(3, 0, 5, shop=True)] == [first[0], *first[2:]]


def test_value_that_waits_for_a_second_person_pays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody_gives = [
        (name, scope, {**rules, "stored_value": {**rules.get("stored_value", {}), "gift_limit": {}}})
        for name, scope, rules in ground.POLICIES
    ]
    monkeypatch.setattr(ground, "POLICIES", nobody_gives)
    monkeypatch.setattr(selling, "STORED", 1)
    prepared()
    for _ in range(2):
        assert len(sell(3, 0, 5, shop=True)) == 5
    assert StoredAccount.objects.exists()
    assert not StoredEntry.objects.exists()
    assert not Payment.objects.filter(gateway=OWN_LEDGER).exists()


def test_the_ground_is_made_once() -> None:
    assert prepared() == prepared()


def test_the_report_names_seed_kinds_and_commands() -> None:
    totals = Totals()
    totals.kinds["mail_in"] = 2
    totals.done["begin mail_in"] = 2
    totals.refused["cancel_return"] = 1
    totals.seconds.update({"begin mail_in": 0.5, "cancel_return": 0.1})
    totals.reasons["cancel_return: received: Goods have arrived"] = 1
    assert list(lines_of(7, totals, refusals=True)) == [
        "2 returns lived with seed 7: 2 commands done, 1 refused, 0 deadlocks lost.",
        "  2 mail_in",
        "        2 done       0 refused      0.5 s  begin mail_in",
        "        0 done       1 refused      0.1 s  cancel_return",
        "        1  cancel_return: received: Goods have arrived",
    ]


def test_the_lives_are_shared_out_whole() -> None:
    assert spread(11, 3) == [4, 4, 3]
    assert sum(KINDS.values()) == 100


def test_production_knows_no_storm(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="real ones"):
        call_command("storm", returns=1)
    assert Return.objects.count() == 0


@pytest.fixture
def connected(sandbox: SandboxServer, transactional_db: None, settings: Settings) -> Iterator[SandboxServer]:
    """The sandbox, nobody who takes webhooks in, and the policy of a fresh installation."""
    settings.SANDBOX_URL, settings.PUBLIC_URL = sandbox.url, "http://127.0.0.1:9"
    ensure_policy()
    yield sandbox
    sandbox.reset()
    close_clients()


@pytest.mark.timeout(600)
def test_with_the_sandbox_s_faults_on_nothing_is_lost_and_nothing_done_twice(connected: SandboxServer) -> None:
    totals = Totals()
    ground = prepared()
    with systems() as told:
        storm = Storm(ground, totals, systems=told)
        assert sum(live(5, [0], FAULTY_LIVES, storm)) == FAULTY_LIVES
        told.calm()
        assert told.settle(300) == []
    assert connected.control("GET", "/stripe/faults") == {"faults": []}
    struck = {
        mark for system in SYSTEMS for each in connected.journal(system, 5000) for mark in each["fault"].split(",")
    }
    assert struck >= {"error_500", "throttle_429"}
    assert not Delivery.objects.filter(status__in=("ready", "leased", "in_doubt")).exists()
    assert Refund.objects.filter(status=RefundStatus.SUCCEEDED, payment__gateway="stripe").exists()
    assert connected.books("stripe")["charges"]
    assert compare().differences == []
    assert breaches() == []
