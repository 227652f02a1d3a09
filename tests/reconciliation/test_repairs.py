"""A person settles a discrepancy: each way once, with a reason, and nothing that relies on ours is changed."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from connectors.webhooks_out.services import create_endpoint
from reconciliation import audits as own_audits
from reconciliation.models import Discrepancy
from reconciliation.services import leave_discrepancy, take_theirs, tell_ours
from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib import audit as registry
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from tests.factories import SYSTEM, everyone_with, make_inspected_return, make_return
from tests.reconciliation.telling import disputed, order_of, sold, tell
from tests.reconciliation.test_settlement_guards import SABOTAGE as SETTLEMENT_SABOTAGE
from tests.returns.proofs import breaches, prove
from tests.returns.test_concurrency import together

pytestmark = pytest.mark.django_db
ENDS = [take_theirs, leave_discrepancy]


def test_their_value_is_taken_over() -> None:
    row = disputed()
    take_theirs(actor=SYSTEM, discrepancy_id=row.id, reason="The carrier's bill says so.")
    row.refresh_from_db()
    order_of(row).refresh_from_db()
    assert (order_of(row).shipping_charged, row.status, row.resolution) == (500, "resolved", "took_theirs")
    assert row.evidence == {"ours": "450", "theirs": "500"}
    assert Case.objects.get(kind="order_drift").status == "resolved"
    corrected = Event.objects.get(type="order.corrected")
    assert (corrected.data["field"], corrected.data["system"]) == ("shipping_charged", "erp")
    prove()


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ({"placed_at": "2026-01-05T10:00:00Z"}, "placed_at", "2026-01-05T10:00:00+00:00"),
        ({"store": "Soho"}, "store", "Soho"),
        ({"currency": "EUR"}, "currency", "EUR"),
    ],
    ids=["time", "text", "currency"],
)
def test_each_kind_of_value_is_read_back(change: dict[str, Any], name: str, value: str) -> None:
    data = sold()
    tell(data, source="erp", **change)
    row = Discrepancy.objects.select_related("order").get(field=name)
    take_theirs(actor=SYSTEM, discrepancy_id=row.id, reason="theirs is right")
    order_of(row).refresh_from_db()
    found = getattr(order_of(row), name)
    assert (found.isoformat() if name == "placed_at" else found) == value


def test_taxes_of_a_line_bring_their_sum_along() -> None:
    data = sold()
    taxes = [{"code": "VAT", "amount": 600}, {"code": "ECO", "amount": 5, "included": True}]
    tell(data, source="erp", lines=[data["lines"][0] | {"taxes": taxes}, data["lines"][1]])
    row = Discrepancy.objects.select_related("order").get(field="taxes")
    assert row.amount == 605
    take_theirs(actor=SYSTEM, discrepancy_id=row.id, reason="theirs is right")
    line = order_of(row).lines.get(external_id="L1")
    assert (line.tax, [tax["code"] for tax in line.taxes]) == (600, ["VAT", "ECO"])


def test_what_a_return_relies_on_is_refused_and_nothing_happens() -> None:
    row = disputed()
    make_return(order_of(row), {1: 1})
    with pytest.raises(Conflict, match="relies on it"):
        take_theirs(actor=SYSTEM, discrepancy_id=row.id, reason="theirs is right")
    row.refresh_from_db()
    order_of(row).refresh_from_db()
    assert (row.status, order_of(row).shipping_charged) == ("open", 450)


def test_a_capture_is_not_taken_below_what_is_refunded_of_it() -> None:
    data = sold()
    tell(data, source="erp", payments=[data["payments"][0] | {"captured": 100}])
    row = Discrepancy.objects.select_related("order").get(field="captured")
    make_inspected_return(order_of(row), {2: 1})
    with pytest.raises(Conflict, match="refunded or reserved"):
        take_theirs(actor=SYSTEM, discrepancy_id=row.id, reason="theirs is right")
    assert order_of(row).payments.get().captured != 100


def test_ours_is_told_only_where_somebody_takes_it() -> None:
    row = disputed()
    with pytest.raises(Conflict, match="No connection or webhook"):
        tell_ours(actor=SYSTEM, discrepancy_id=row.id, reason="ours is right")
    create_endpoint(actor=SYSTEM, url="http://127.0.0.1:9/hook", types=["discrepancy.*"])
    tell_ours(actor=SYSTEM, discrepancy_id=row.id, reason="ours is right")
    row.refresh_from_db()
    wish = Event.objects.get(type="discrepancy.repair_asked")
    assert (row.resolution, wish.data["value"], wish.deliveries.count()) == ("told_ours", "450", 1)
    prove()


@pytest.mark.parametrize("end", ENDS, ids=lambda end: str(end.__name__))
def test_it_ends_once_with_a_reason(end: Callable[..., Any]) -> None:
    row = disputed()
    with pytest.raises(Invalid):
        end(actor=SYSTEM, discrepancy_id=row.id, reason=" ")
    end(actor=SYSTEM, discrepancy_id=row.id, reason="settled")
    with pytest.raises(Conflict):
        end(actor=SYSTEM, discrepancy_id=row.id, reason="again")
    assert Event.objects.filter(type="discrepancy.resolved").count() == 1
    prove()


def test_a_value_that_was_told_anew_is_not_taken_unseen() -> None:
    row = disputed()
    with pytest.raises(Conflict, match="told anew"):
        take_theirs(actor=SYSTEM, discrepancy_id=row.id, reason="theirs", expected="510")
    order_of(row).refresh_from_db()
    assert order_of(row).shipping_charged == 450


@pytest.mark.parametrize("end", [*ENDS, tell_ours], ids=lambda end: str(end.__name__))
def test_three_persons(end: Callable[..., Any]) -> None:
    row = disputed()
    _, elsewhere, nobody = everyone_with(P.DISCREPANCIES_VIEW, P.DISCREPANCIES_RESOLVE, P.ORDERS_VIEW)
    viewer, _, _ = everyone_with(P.DISCREPANCIES_VIEW, P.ORDERS_VIEW)
    for actor, refusal in ((elsewhere, NotFound), (nobody, NotFound), (viewer, Denied)):
        with pytest.raises(refusal):
            end(actor=actor, discrepancy_id=row.id, reason="x")
    row.refresh_from_db()
    assert row.status == "open"


def test_the_database_keeps_one_open_and_an_end_with_its_reason() -> None:
    row = disputed()
    twin = Discrepancy.objects.get(pk=row.pk)
    twin.pk = None
    twin._state.adding = True
    with pytest.raises(IntegrityError, match="one_open_discrepancy"), transaction.atomic():
        twin.save()
    with pytest.raises(IntegrityError, match="ends_with_actor"), transaction.atomic():
        Discrepancy.objects.filter(pk=row.pk).update(status="resolved")


SABOTAGE = {
    "discrepancies and their cases end together": "UPDATE reconciliation_discrepancy SET case_id = NULL",
    "every discrepancy ends with evidence": """
        UPDATE reconciliation_discrepancy SET status = 'resolved', resolved_by = 'x', resolution = 'left', reason = 'y',
        resolved_at = now(), evidence = '{}'""",
}


@pytest.mark.parametrize("audit", SABOTAGE)
def test_each_audit_finds_its_breach(audit: str) -> None:
    disputed()
    assert breaches(audit) == []
    with connection.cursor() as cursor:
        cursor.execute(SABOTAGE[audit])
    assert breaches(audit) != []


def test_every_audit_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_audits", {})
    own_audits.register()
    assert {audit.name for audit in registry.audits()} == set(SABOTAGE) | set(SETTLEMENT_SABOTAGE)


@pytest.mark.django_db(transaction=True)
def test_a_repair_against_a_telling_ends_in_one_story() -> None:
    for _ in range(4):
        data = sold()
        tell(data, source="erp", shipping_charged=500)
        row = Discrepancy.objects.select_related("order").latest("id")
        results = together(
            partial(take_theirs, actor=SYSTEM, discrepancy_id=row.id, reason="theirs is right"),
            partial(tell, data, source="erp", shipping_charged=520),
            partial(leave_discrepancy, actor=SYSTEM, discrepancy_id=row.id, reason="let it be"),
        )
        assert not isinstance(results[1], Exception)
        order_of(row).refresh_from_db()
        assert order_of(row).shipping_charged in (450, 500)
    prove()
