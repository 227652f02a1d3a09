"""What a change of a connection would mean is told before it is made; nothing is changed by telling."""

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connectors.impact import Impact, Proposal, Rerouted, impact_of
from connectors.models import Connection
from connectors.services import create_connection
from retailops.events.catalog import Subject
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.events.publish import publish
from retailops.lib.ids import uuid7
from returns.events import CreditMemoQueued, RefundLineFact
from tests.connectors.conftest import ADMIN

pytestmark = pytest.mark.django_db
BOOKED = {"client_id": "c", "customer_id": "7", "goods_item_id": "5", "adjustment_item_id": "6"}


def ledger(name: str, **scope: Any) -> Connection:
    return create_connection(
        actor=ADMIN, vendor="netsuite", name=name, label=name.upper(),
        config=BOOKED | {"base_url": "http://127.0.0.1:9"}, **scope,
    )  # fmt: skip


def memo(region: str, brand: str = "acme") -> Delivery:
    id, rma = uuid7(), uuid7()
    fact = CreditMemoQueued(
        memo_id=str(id), return_id=str(rma), refund_id=str(uuid7()), number="R-1", amount=1000, currency="GBP",
        order_number="O-1", effect_key=f"memo:{id}", legal_entity="", lines=[RefundLineFact(1, "MUG", 1, amount=1000)],
    )  # fmt: skip
    event = publish(fact, subject=Subject("credit_memo", id, rma, str(rma), region, brand, "web"), actor=ADMIN)
    return Delivery.objects.get(event=event)


def outcome(impact: Impact) -> tuple[int, int, int, int]:
    return impact.looked_at, impact.differently, impact.broken, impact.mended


def test_what_waits_is_rendered_with_both_settings() -> None:
    erp = ledger("erp")
    for _ in range(3):
        memo("uk")
    dead = memo("uk")
    Delivery.objects.filter(pk=dead.pk).update(status=DeliveryStatus.DEAD)
    impact = impact_of(erp, Proposal(config=erp.config | {"customer_id": "8"}))
    assert (impact.queue.ready, impact.queue.dead) == (3, 1)
    assert outcome(impact) == (4, 4, 0, 0)
    assert outcome(impact_of(erp, Proposal(mapping={"currencies": {"EUR": "2"}}))) == (4, 0, 4, 0)
    Connection.objects.filter(pk=erp.pk).update(mapping={"currencies": {"EUR": "2"}})
    erp.refresh_from_db()
    assert outcome(impact_of(erp, Proposal(mapping={}))) == (4, 0, 0, 4)
    assert outcome(impact_of(erp, Proposal(config=erp.config))) == (0, 0, 0, 0)
    assert Delivery.objects.get(pk=dead.pk).attempt_no == 0


def test_scopes_that_lose_their_route_are_named() -> None:
    erp = ledger("erp", regions=["uk", "us"])
    memo("uk"), memo("us"), memo("us")
    impact = impact_of(erp, Proposal(regions=["uk"]))
    assert impact.rerouted == [Rerouted("credit_memo.post", "us", "acme", "web", "ERP", "", 2)]
    assert impact.lost == impact.rerouted
    everywhere = ledger("everywhere")
    assert [(each.region, each.to) for each in impact_of(erp, Proposal(regions=["uk"])).rerouted] == [
        ("us", "EVERYWHERE")
    ]
    retired = impact_of(erp, Proposal(retired=True))
    assert {(each.region, each.to) for each in retired.rerouted} == {("uk", "EVERYWHERE"), ("us", "EVERYWHERE")}
    assert retired.lost == []
    # Of others' events, too: the more narrowly scoped takes them.
    memo("fr")
    taken = impact_of(erp, Proposal(regions=["uk", "us", "fr"])).rerouted
    assert [(each.region, each.came_to, each.to) for each in taken] == [("fr", "EVERYWHERE", "ERP")]
    assert impact_of(everywhere, Proposal(brands=["other"])).lost[0].region == "fr"


def test_nothing_changes_where_nothing_is_changed() -> None:
    erp = ledger("erp")
    memo("uk")
    impact = impact_of(erp, Proposal(config=erp.config, regions=[], brands=[], channels=[]))
    assert (impact.looked_at, impact.rerouted, impact.lost) == (0, [], [])


def test_the_queries_do_not_grow_with_what_waits() -> None:
    erp = ledger("erp", regions=["uk", "us"])
    counts = []
    for _ in range(2):
        memo("uk"), memo("us")
        with CaptureQueriesContext(
            database,
        ) as captured:
            impact_of(erp, Proposal(config=erp.config | {"customer_id": "8"}, regions=["uk"]))
        counts.append(len(captured))
    assert counts[0] == counts[1]
