"""What other systems count: taken in once, compared as of its instant, raised when it stays, ended when it agrees."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, transaction

from inventory import in_flight
from inventory.enums import Disposition
from inventory.inputs import SnapshotIn, StateMapIn, read
from inventory.models import (
    DriftStatus,
    Location,
    Snapshot,
    SnapshotDifference,
    SnapshotRow,
    StateMap,
    StockDrift,
)
from inventory.services import accept_theirs, ask_recount, explain_drift, put_state_map, take_snapshot
from inventory.services.comparing import compare_snapshot
from inventory.services.snapshots import compare_due
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Approval, Case
from retailops.events.models import Event
from retailops.lib.audit import audits
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound
from returns.models import SourceOfTruth
from tests.factories import SYSTEM, actor_with, everyone_with, unique
from tests.inventory.test_by_hand import item, place, stock
from tests.inventory.test_moving import balance
from tests.workbench import world

pytestmark = pytest.mark.django_db
STATES = {"AVAIL": "sellable", "HOLD": "quarantine", "WAIT": "pending_inspection", "LENT": None}
Rows = Sequence[tuple[str, str, int]]


@pytest.fixture
def here() -> Location:
    """A place where the warehouse system's states have a meaning."""
    put_state_map(actor=SYSTEM, source="wms", told=read(StateMapIn, {"states": STATES}))
    return place(region="uk")


def told(where: Location, told_rows: Rows, **fields: Any) -> SnapshotIn:
    data = {
        "source": "wms", "reference": unique("snap-"), "location": where.code, "as_of": now(),
        "rows": [{"sku": sku, "state": state, "quantity": units} for sku, state, units in told_rows],
    }  # fmt: skip
    return read(SnapshotIn, data | fields)


def counted(location: Location, *rows: tuple[str, str, int], actor: Actor = SYSTEM, **fields: Any) -> Snapshot:
    """Return a snapshot of this moment that was compared, as the sweep does it a minute later."""
    return compare_snapshot(take_snapshot(actor=actor, snapshot=told(location, rows, **fields)).id)


def breaches() -> list[object]:
    return [each for audit in audits() for each in audit.run()]


def test_equal_books_differ_in_nothing(here: Location) -> None:
    stock(here)
    stock(here, "quarantine", 2)
    found = counted(here, ("SKU", "AVAIL", 5), ("SKU", "HOLD", 2), ("SKU", "LENT", 9))
    assert (found.row_count, found.sku_count, found.differing_count) == (3, 1, 0)
    assert not SnapshotDifference.objects.exists()
    assert not StockDrift.objects.exists()


def test_the_same_snapshot_comes_once(here: Location) -> None:
    first = told(here, [("SKU", "AVAIL", 5)])
    assert take_snapshot(actor=SYSTEM, snapshot=first).id == take_snapshot(actor=SYSTEM, snapshot=first).id
    other = told(here, [("SKU", "AVAIL", 6)], reference=first.reference)
    with pytest.raises(Conflict) as refused:
        take_snapshot(actor=SYSTEM, snapshot=other)
    assert refused.value.code == "key-reused"
    assert SnapshotRow.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"as_of": now() + timedelta(days=400)},
        {"location": "nowhere"},
        {"rows": [{"sku": "S", "state": "A", "quantity": 1}] * 2},
    ],
    ids=["to-come", "nowhere", "twice"],
)
def test_a_snapshot_that_cannot_be_is_refused(here: Location, fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        take_snapshot(actor=SYSTEM, snapshot=told(here, [], **fields))
    assert not Snapshot.objects.exists()


def test_it_is_compared_with_the_balance_as_of_its_instant(here: Location) -> None:
    stock(here)
    instant = now()
    stock(here, quantity=4)
    found = counted(here, ("SKU", "AVAIL", 5), as_of=instant)
    assert found.differing_count == 0
    later = counted(here, ("SKU", "AVAIL", 5))
    [difference] = later.differences.all()
    assert (difference.theirs, difference.ours, difference.unexplained) == (5, 9, -4)
    assert breaches() == []


def test_an_instant_that_has_not_settled_waits_for_the_sweep(here: Location) -> None:
    fresh = take_snapshot(actor=SYSTEM, snapshot=told(here, []))
    settled = take_snapshot(actor=SYSTEM, snapshot=told(here, [], as_of=now() - timedelta(minutes=2)))
    assert (fresh.compared_at is None, settled.compared_at is None) == (True, False)
    assert compare_due() == 0
    Snapshot.objects.filter(pk=fresh.pk).update(as_of=now() - timedelta(minutes=2))
    assert compare_due() == 1


def test_what_is_in_flight_is_no_difference(here: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    def decided(location: object, as_of: datetime) -> list[in_flight.InFlight]:
        return [in_flight.InFlight("SKU", Disposition.PENDING_INSPECTION, Disposition.SELLABLE, 3)]

    monkeypatch.setattr(in_flight, "_providers", [decided])
    stock(here, "pending_inspection", 5)
    assert counted(here, ("SKU", "WAIT", 2), ("SKU", "AVAIL", 3)).differing_count == 0
    assert counted(here, ("SKU", "WAIT", 4), ("SKU", "AVAIL", 1)).differing_count == 0
    assert counted(here, ("SKU", "WAIT", 5)).differing_count == 0
    more = counted(here, ("SKU", "WAIT", 1), ("SKU", "AVAIL", 4))
    assert {row.disposition: row.unexplained for row in more.differences.all()} == {
        "pending_inspection": -1,
        "sellable": 1,
    }


def test_a_difference_is_raised_when_it_survives_two_snapshots(here: Location) -> None:
    stocked(here)
    counted(here, ("SKU", "AVAIL", 3))
    drift = StockDrift.objects.get()
    assert (drift.status, drift.units, drift.net, drift.kind) == ("watched", 2, -2, "loss")
    assert not Case.objects.exists()
    counted(here, ("SKU", "AVAIL", 3))
    drift.refresh_from_db()
    assert (drift.status, drift.seen) == ("raised", 2)
    case = Case.objects.get()
    assert case.title == f"SKU at {here.code}: wms counts 2 fewer than we have"
    event = Event.objects.get(type="inventory.drift_found")
    assert (event.data["units"], event.data["net"], event.data["kind"]) == (2, -2, "loss")
    counted(here, ("SKU", "AVAIL", 5))
    drift.refresh_from_db()
    case.refresh_from_db()
    assert (drift.status, case.status) == ("ended", "resolved")
    assert Event.objects.filter(type="inventory.drift_ended").count() == 1


def stocked(location: Location, disposition: str = "sellable") -> None:
    """Bring five units there two hours ago."""
    with patch("inventory.services.moving.now", lambda: now() - timedelta(hours=2)):
        stock(location, disposition)


def test_a_difference_worth_too_much_is_raised_at_once(here: Location) -> None:
    item("SKU", value=25_001)
    stocked(here)
    counted(here, ("SKU", "AVAIL", 3))
    drift = StockDrift.objects.get()
    assert (drift.status, drift.value, drift.currency) == ("raised", 50_002, "GBP")
    assert (Case.objects.get().amount, Case.objects.get().currency) == (50_002, "GBP")


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([("SKU", "AVAIL", 3), ("SKU", "HOLD", 2)], "mapping"),
        ([("SKU", "AVAIL", 4)], "loss"),
        ([("SKU", "AVAIL", 6)], "unknown"),
    ],
    ids=["mapping", "loss", "unknown"],
)
def test_the_class_of_a_difference(here: Location, rows: Rows, kind: str) -> None:
    stocked(here)
    counted(here, *rows)
    assert StockDrift.objects.get().kind == kind


def test_moves_of_these_minutes_make_it_a_matter_of_time(here: Location) -> None:
    stock(here)
    counted(here)
    assert StockDrift.objects.get().kind == "timing"


def test_one_case_for_a_sku_at_a_place_whoever_counts(here: Location) -> None:
    put_state_map(actor=SYSTEM, source="erp", told=read(StateMapIn, {"states": {"STOCK": "sellable"}}))
    stocked(here)
    for _ in range(2):
        counted(here, ("SKU", "AVAIL", 3))
        counted(here, ("SKU", "STOCK", 3), source="erp")
    assert StockDrift.objects.filter(status="raised").count() == 2
    assert Case.objects.filter(kind="stock_drift").count() == 1
    counted(here, ("SKU", "AVAIL", 5))
    assert Case.objects.get(kind="stock_drift").status == "open"
    counted(here, ("SKU", "STOCK", 5), source="erp")
    assert Case.objects.get(kind="stock_drift").status == "resolved"


def test_an_older_snapshot_that_comes_late_changes_no_difference(here: Location) -> None:
    stocked(here)
    counted(here, ("SKU", "AVAIL", 3))
    counted(here, ("SKU", "AVAIL", 5), as_of=now() - timedelta(minutes=30))
    assert StockDrift.objects.get().status == DriftStatus.WATCHED


def test_a_partial_snapshot_says_nothing_of_other_skus(here: Location) -> None:
    stock(here)
    assert counted(here, ("OTHER", "AVAIL", 0), complete=False).differing_count == 0
    assert counted(here, ("OTHER", "AVAIL", 0)).differing_count == 1


def test_a_state_without_a_meaning_is_a_case_and_no_guess(here: Location) -> None:
    stock(here)
    found = counted(here, ("SKU", "AVAIL", 1), ("SKU", "ODD", 4))
    assert (found.unmapped, found.differing_count) == (["ODD"], 0)
    case = Case.objects.get(kind="snapshot_unmapped")
    assert case.title == "Stock of wms: the state “ODD” has no meaning here"
    put_state_map(actor=SYSTEM, source="wms", told=read(StateMapIn, {"states": {**STATES, "ODD": "damaged"}}))
    case.refresh_from_db()
    assert (case.status, StateMap.objects.count()) == ("resolved", 2)


def test_a_source_without_a_map_waits_for_one() -> None:
    here = place()
    waiting = take_snapshot(actor=SYSTEM, snapshot=told(here, [("S", "A", 1)], as_of=now() - timedelta(hours=1)))
    assert waiting.compared_at is None
    case = Case.objects.get(kind="snapshot_unmapped")
    put_state_map(actor=SYSTEM, source="wms", told=read(StateMapIn, {"states": {"A": "sellable"}}))
    assert compare_due() == 1
    case.refresh_from_db()
    waiting.refresh_from_db()
    assert (case.status, waiting.differing_count) == ("resolved", 1)


def test_the_same_map_makes_no_version(here: Location) -> None:
    put_state_map(actor=SYSTEM, source="wms", told=read(StateMapIn, {"states": STATES}))
    assert StateMap.objects.get().version == 1
    with pytest.raises(Invalid):
        read(StateMapIn, {"states": {"A": "external"}})


def raised(here: Location, *rows: tuple[str, str, int], value: int | None = 100) -> StockDrift:
    item("SKU", value=value)
    stocked(here)
    for _ in range(2):
        counted(here, *rows)
    return StockDrift.objects.get(status="raised")


def test_their_count_is_taken_over_once(here: Location) -> None:
    drift = raised(here, ("SKU", "AVAIL", 3), ("SKU", "HOLD", 1))
    made = accept_theirs(actor=SYSTEM, drift_id=drift.id, reason="counted twice")
    assert [(row.disposition, row.change, row.status) for row in made] == [
        ("sellable", -2, "booked"),
        ("quarantine", 1, "booked"),
    ]
    assert (balance(here.code, "sellable"), balance(here.code, "quarantine")) == (3, 1)
    with pytest.raises(Conflict) as refused:
        accept_theirs(actor=SYSTEM, drift_id=drift.id, reason="again")
    assert refused.value.code == "accepted"
    counted(here, ("SKU", "AVAIL", 3), ("SKU", "HOLD", 1))
    drift.refresh_from_db()
    assert (drift.status, Case.objects.get().status) == ("ended", "resolved")
    with pytest.raises(Conflict):
        ask_recount(actor=SYSTEM, drift_id=drift.id, reason="late")
    assert breaches() == []


def test_a_snapshot_from_before_the_repair_does_not_repair_twice(here: Location) -> None:
    drift = raised(here, ("SKU", "AVAIL", 3))
    instant = now()
    accept_theirs(actor=SYSTEM, drift_id=drift.id, reason="counted")
    counted(here, ("SKU", "AVAIL", 3), as_of=instant)
    with pytest.raises(Conflict):
        accept_theirs(actor=SYSTEM, drift_id=drift.id, reason="counted")
    assert balance(here.code, "sellable") == 3


def test_taking_over_what_is_worth_much_waits_for_a_second_person(here: Location) -> None:
    drift = raised(here, ("SKU", "AVAIL", 3), value=None)
    [row] = accept_theirs(actor=SYSTEM, drift_id=drift.id, reason="counted")
    assert (row.status, balance(here.code, "sellable"), Approval.objects.count()) == ("waiting", 5, 1)
    with pytest.raises(Conflict):
        accept_theirs(actor=SYSTEM, drift_id=drift.id, reason="counted")


def test_what_belongs_to_a_return_is_not_taken_over(here: Location) -> None:
    stocked(here, "pending_inspection")
    for _ in range(2):
        counted(here)
    with pytest.raises(DomainError) as refused:
        accept_theirs(actor=SYSTEM, drift_id=StockDrift.objects.get().id, reason="gone")
    assert refused.value.code == "not-by-hand"


def test_a_recount_is_asked_for(here: Location) -> None:
    drift = raised(here, ("SKU", "AVAIL", 3))
    assert ask_recount(actor=SYSTEM, drift_id=drift.id, reason="shelf 7").recount_asked_at
    assert Event.objects.get(type="inventory.recount_asked").data["sku"] == "SKU"


def test_an_explained_difference_is_quiet_until_it_changes(here: Location) -> None:
    drift = raised(here, ("SKU", "AVAIL", 3))
    explain_drift(actor=SYSTEM, drift_id=drift.id, explanation="On loan until Friday")
    assert Case.objects.get().status == "resolved"
    counted(here, ("SKU", "AVAIL", 3))
    assert Case.objects.filter(status="open").count() == 0
    counted(here, ("SKU", "AVAIL", 2))
    drift.refresh_from_db()
    assert (drift.explanation, drift.units, Case.objects.filter(status="open").count()) == ("", 3, 1)


def test_three_persons_and_a_difference(here: Location) -> None:
    drift = raised(here, ("SKU", "AVAIL", 3))
    _, elsewhere, nobody = everyone_with(P.INVENTORY_WRITE, P.INVENTORY_VIEW, region="uk")
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (actor_with(P.INVENTORY_VIEW), Denied)):
        for attempt in (accept_theirs, ask_recount):
            with pytest.raises(error):
                attempt(actor=actor, drift_id=drift.id, reason="x")
        with pytest.raises(error):
            take_snapshot(actor=actor, snapshot=told(here, []))
    assert balance(here.code, "sellable") == 5


def test_a_whole_snapshot_that_differs_is_one_case(here: Location) -> None:
    rows = [(f"SKU-{number}", "AVAIL", 1) for number in range(60)]
    counted(here, *rows)
    counted(here, *rows)
    assert StockDrift.objects.filter(status="raised").count() == 60
    assert [case.kind for case in Case.objects.all()] == ["stock_drift_many"]
    counted(here, *rows[:2])
    assert sorted(case.kind for case in Case.objects.filter(status="open")) == ["stock_drift", "stock_drift"]
    counted(here)
    assert not Case.objects.filter(status="open").exists()


def test_fifty_thousand_rows_are_taken_in_and_compared_in_few_statements(
    here: Location, django_assert_max_num_queries: Any
) -> None:
    rows = [(f"SKU-{number}", "AVAIL", 0) for number in range(49_999)] + [("SKU", "AVAIL", 5)]
    stock(here)
    snapshot = told(here, rows, as_of=now())
    with django_assert_max_num_queries(40):
        found = compare_snapshot(take_snapshot(actor=SYSTEM, snapshot=snapshot).id)
    assert (found.row_count, found.sku_count, found.differing_count) == (50_000, 50_000, 0)


def test_what_was_told_stays_as_it_was(here: Location) -> None:
    counted(here, ("SKU", "AVAIL", 3))
    for table in (SnapshotRow, SnapshotDifference, StateMap):
        with pytest.raises(IntegrityError), transaction.atomic():
            table.objects.all().delete()


def test_the_owner_of_quantities_is_suggested(here: Location) -> None:
    rule = {"object": "stock", "field": "quantity", "system": "wms", "changed_by": "x", "reason": "its shelves"}
    row = SourceOfTruth.objects.create(**rule)
    lead = world.signed_in(world.person("ops_lead"))
    drift = raised(here, ("SKU", "AVAIL", 3), ("SKU", "HOLD", 1))
    assert drift.kind in ("loss", "unknown")
    assert Case.objects.get(kind="stock_drift").next_action.startswith("wms owns quantities")
    address = f"/stock/differences/{drift.id}/"
    assert "wms owns quantities of stock, so its count" in world.body_of(lead.get(address))
    row.delete()
    assert "quantities are ours" in world.body_of(lead.get(address))
