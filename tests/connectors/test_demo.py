"""The demo has something to try of everything, is made once, and leaves nothing that an audit complains of."""

from collections import Counter

import pytest
from django.core.management import call_command
from pytest_django import Settings

from connectors.books import compare
from connectors.demo.connections import ensure_connections
from connectors.demo.rules import ensure_rules
from connectors.demo.scenes import ensure_scenes, ensure_snapshot, scenes
from connectors.demo.shelves import CAMERA, ensure_shelves
from connectors.demo.shop import ensure_shop_order
from inventory.models import Reservation, SerialUnit, Snapshot, StockBalance, StockDrift, StockMove
from inventory.services.comparing import compare_snapshot
from reconciliation.models import Discrepancy
from retailops.cases.models import Approval, Case, EvidenceFile
from retailops.runtime.demo import seed_people
from returns.customer_reads import alike
from returns.models import (
    Exchange,
    FraudReview,
    Order,
    Refund,
    Return,
    ReturnPolicy,
    StoreBatchItem,
    StoredAccount,
    SupplierClaim,
    WarrantyAssessment,
)
from returns.policy import rules_of
from tests.connectors.sandbox_server import SandboxServer
from tests.factories import SYSTEM


@pytest.fixture
def demo(db: None, sandbox: SandboxServer, settings: Settings) -> SandboxServer:
    """The demo without its weeks of trade, set up twice: the second time changes nothing."""
    settings.SANDBOX_URL = sandbox.url
    seed_people()
    for _ in range(2):
        ensure_connections()
        ensure_rules()
        ensure_shelves()
        ensure_snapshot()
        ensure_scenes()
    return sandbox


def of(number: str) -> Return:
    """Return the return of the order."""
    return Return.objects.get(order__number=number)


def test_the_policy_was_written_by_one_person_and_agreed_to_by_another(demo: SandboxServer) -> None:
    policy = ReturnPolicy.objects.get(name="standard", version=2)
    assert policy.status == "active"
    rules = rules_of(policy)
    assert {"refund", "exchange", "replacement", "store_credit", "gift_card", "repair", "none"} == set(
        rules.resolutions
    )
    assert rules.keep_it_below["GBP"] == 1500
    assert rules.fraud.value_above == {"GBP": 250_000}
    approval = Approval.objects.get(kind="policy", subject_id=policy.id)
    assert approval.requested_by != approval.decided_by
    assert ReturnPolicy.objects.count() == 2


def test_each_order_is_there_once(demo: SandboxServer) -> None:
    numbers = Counter(Order.objects.values_list("number", flat=True))
    assert numbers == Counter(scene.sold.number for scene in scenes())


def test_stock_stands_here_and_at_the_warehouse(demo: SandboxServer) -> None:
    there = {
        (row.location.code, row.disposition): row.quantity
        for row in StockBalance.objects.filter(sku="LMP-0412").select_related("location")
    }
    assert there[("DC-1", "sellable")] == 12
    assert there[("STORE-LDN", "sellable")] == 4
    assert StockMove.objects.filter(effect_key="demo:delivery:DC-1:LMP-0412").count() == 1
    assert SerialUnit.objects.filter(sku=CAMERA.sku).count() == 4  # three on the shelf, one that came back
    buckets = demo.control("GET", "/wms/books")["stock"]
    assert [row["quantity"] for row in buckets if (row["sku"], row["location"]) == ("LMP-0412", "DC-1")] == [12]


def test_what_waits_for_people(demo: SandboxServer) -> None:
    exchange = Exchange.objects.get()
    assert (exchange.status, exchange.balance) == ("awaiting_payment", 500)
    assert Reservation.objects.filter(status="held").count() == 1
    refund = Refund.objects.get(rma=of("DEMO-OVERRIDE"))
    assert (refund.status, refund.amount) == ("pending_approval", 25_395)
    assert EvidenceFile.objects.get().content_type == "image/png"
    assert SupplierClaim.objects.get().status == "draft"
    assert FraudReview.objects.get().status == "pending"
    assert of("DEMO-FRAUD").status != "authorized"
    assert WarrantyAssessment.objects.get().rma == of("DEMO-WARRANTY")
    assert StoredAccount.objects.get().kind == "gift_card"
    assert Counter(StoreBatchItem.objects.values_list("status", flat=True)).total() == 2
    assert Case.objects.filter(status="open").exists()


def test_two_names_look_alike_and_nothing_is_merged(demo: SandboxServer) -> None:
    twins = Order.objects.filter(number__startswith="DEMO-TWIN").order_by("number")
    one, two = (order.customer for order in twins)
    assert one
    assert two
    assert one != two
    assert [(found.customer, set(found.by)) for found in alike(SYSTEM, one)] == [(two, {"e-mail", "name"})]


def test_other_systems_tell_otherwise(demo: SandboxServer) -> None:
    found = Discrepancy.objects.get()
    assert (found.field, found.ours, found.theirs) == ("shipping_charged", "495", "0")
    told = Snapshot.objects.get()
    compare_snapshot(told.id)
    drift = StockDrift.objects.get()
    assert (drift.sku, drift.status) == ("TBL-1901", "raised")


def test_one_order_and_its_return_come_from_the_shop(demo: SandboxServer) -> None:
    assert [ensure_shop_order(), ensure_shop_order()] == [True, False]
    books = demo.control("GET", "/shopify/books")
    [bought], [asked] = books["orders"], books["returns"]
    assert (bought["id"], bought["name"], bought["paid"]) == ("2026", "TRY-SHOP", "129.65")
    assert (asked["order"], asked["status"]) == ("2026", "REQUESTED")


def test_the_bank_took_one_payment_back(demo: SandboxServer) -> None:
    headers = {"Authorization": "Bearer sk_test_x"}
    [dispute] = demo.client.get("/stripe/v1/disputes", headers=headers).json()["data"]
    assert (dispute["reason"], dispute["amount"]) == ("product_not_received", 16_395)


def test_the_audits_find_nothing(demo: SandboxServer) -> None:
    call_command("audit")
    assert [difference for difference in compare().differences if difference.system == "stripe"] == []
