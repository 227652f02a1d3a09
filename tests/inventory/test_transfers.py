"""Transfers between places: on their way in the books, received short, over and strange, never twice, never lost."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from inventory.inputs import read
from inventory.models import LotBalance, SerialUnit, StockMove, StockTransfer, TransferReceipt
from inventory.selectors import available_to_promise
from inventory.services import cancel_transfer, move_stock, receive_transfer, send_transfer
from inventory.services.transfer_cases import watch_transfers
from inventory.transfer_inputs import TransferIn, TransferReceiptIn
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.audit import audits
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound, Unprocessable
from tests.factories import SYSTEM, actor_with, unique
from tests.inventory.test_by_hand import breaches, item, place, stock
from tests.inventory.test_hot_sku import at_once, deadlocks
from tests.inventory.test_moving import balance, move

pytestmark = pytest.mark.django_db
RIGHTS = (P.INVENTORY_WRITE, P.INVENTORY_VIEW)


def send(till: Any, house: Any, *lines: dict[str, Any], actor: Actor = SYSTEM, **fields: Any) -> StockTransfer:
    """Send what the lines say, five of SKU unless they say otherwise."""
    data = {
        "reference": unique("van-"), "source": till.code, "target": house.code, "reason": "evening van",
        "lines": list(lines or [{"sku": "SKU", "quantity": 5}]),
    }  # fmt: skip
    return send_transfer(actor=actor, transfer=read(TransferIn, data | fields))


def came(row: StockTransfer, *lines: dict[str, Any], actor: Actor = SYSTEM, **fields: Any) -> StockTransfer:
    data = {"reference": unique("scan-"), "lines": list(lines)} | fields
    return receive_transfer(actor=actor, transfer_id=row.id, receipt=read(TransferReceiptIn, data))


def counts(row: StockTransfer) -> list[tuple[int, int, int, int]]:
    return list(row.lines.order_by("line_no").values_list("quantity", "received", "missing", "over"))


def test_what_is_sent_is_on_its_way_and_promised_to_nobody() -> None:
    till, house = place(), place()
    stock(till, quantity=8)
    row = send(till, house, reference="VAN-1")
    assert (balance(till.code, "sellable"), balance(house.code, "in_transit")) == (3, 5)
    assert available_to_promise("SKU") == 3
    again = send(till, house, reference="VAN-1")
    assert (again.id, StockMove.objects.filter(subject_id=row.id).count()) == (row.id, 1)
    with pytest.raises(Conflict) as refused:
        send(till, house, {"sku": "SKU", "quantity": 1}, reference="VAN-1")
    assert refused.value.code == "key-reused"
    came(row, {"line_no": 1, "quantity": 5})
    row.refresh_from_db()
    assert (row.status, balance(house.code, "sellable"), balance(house.code, "in_transit")) == ("received", 5, 0)
    assert available_to_promise("SKU") == 8
    told = Event.objects.filter(subject_id=row.id, type__startswith="inventory.transfer").order_by("position")
    assert [each.type for each in told] == ["inventory.transfer_sent", "inventory.transfer_received"]
    assert told[1].data["lines"][0]["received"] == 5
    assert breaches() == []


def test_parts_arrive_each_once_and_damaged_ones_as_such() -> None:
    till, house = place(), place()
    stock(till, quantity=5)
    row = send(till, house)
    for _ in range(2):
        came(
            row, {"line_no": 1, "quantity": 2}, {"line_no": 1, "quantity": 1, "disposition": "damaged"}, reference="S1"
        )
    row.refresh_from_db()
    assert (row.status, counts(row)) == ("partial", [(5, 3, 0, 0)])
    assert (balance(house.code, "sellable"), balance(house.code, "damaged")) == (2, 1)
    with pytest.raises(Conflict) as refused:
        came(row, {"line_no": 1, "quantity": 1}, reference="S1")
    assert refused.value.code == "key-reused"
    came(row, {"line_no": 1, "quantity": 2}, reference="S2")
    row.refresh_from_db()
    assert (row.status, TransferReceipt.objects.count()) == ("received", 2)
    assert not Case.objects.filter(kind__startswith="transfer").exists()
    assert breaches() == []


def test_what_did_not_come_is_missing_with_a_case_until_it_turns_up() -> None:
    till, house = place(), place(region="uk")
    item("SKU", value=250)
    stock(till, quantity=5)
    row = send(till, house)
    came(row, {"line_no": 1, "quantity": 3}, complete=True)
    row.refresh_from_db()
    assert (row.status, counts(row), balance(house.code, "missing")) == ("received", [(5, 3, 2, 0)], 2)
    case = Case.objects.get(kind="transfer_short")
    assert (case.amount, case.currency, case.region) == (500, "GBP", "uk")
    assert case.title == f"2 units of {row.number} did not arrive at {house.name}"
    came(row, {"line_no": 1, "quantity": 2})
    case.refresh_from_db()
    assert (counts(row), case.status) == ([(5, 5, 0, 0)], "resolved")
    assert (balance(house.code, "sellable"), balance(house.code, "missing")) == (5, 0)
    assert breaches() == []


def test_what_was_not_sent_stands_in_quarantine_with_a_case() -> None:
    till, house = place(), place()
    stock(till, quantity=5)
    row = send(till, house)
    came(row, {"line_no": 1, "quantity": 6}, {"sku": "OTHER", "quantity": 2})
    row.refresh_from_db()
    assert (row.status, counts(row)) == ("received", [(5, 5, 0, 1)])
    assert balance(house.code, "quarantine") == 1
    assert balance(house.code, "quarantine", "OTHER") == 2
    assert balance(house.code, "sellable") == 5
    case = Case.objects.get(kind="transfer_over")
    assert (case.title, case.status) == (f"3 units beyond {row.number} arrived at {house.name}", "open")
    assert breaches() == []


def test_numbers_travel_and_a_strange_one_is_another_unit() -> None:
    till, house = place(), place()
    item("SKU", serialized=True)
    stock(till, quantity=2, serials=("A", "B"))
    row = send(till, house, {"sku": "SKU", "quantity": 2, "serials": ["A", "B"]})
    came(row, {"line_no": 1, "quantity": 2, "serials": ["A", "X"]})
    row.refresh_from_db()
    assert (row.status, counts(row)) == ("partial", [(2, 1, 0, 1)])
    where = {unit.serial: unit.disposition for unit in SerialUnit.objects.all()}
    assert where == {"A": "sellable", "B": "in_transit", "X": "quarantine"}
    assert "Numbers that were not sent: X" in Case.objects.get(kind="transfer_over").detail
    came(row, complete=True)
    came(row, {"line_no": 1, "quantity": 1, "serials": ["B"]})
    assert SerialUnit.objects.get(serial="B").disposition == "sellable"
    assert breaches() == []


def test_lots_travel() -> None:
    till, house = place(), place()
    stock(till, quantity=3, lot="L1")
    stock(till, quantity=3, lot="L2")
    row = send(till, house, {"sku": "SKU", "quantity": 2, "lot": "L2"})
    came(row, {"line_no": 1, "quantity": 2})
    held = LotBalance.objects.filter(lot__code="L2", disposition="sellable").values_list("location__code", "quantity")
    assert dict(held) == {till.code: 1, house.code: 2}
    assert breaches() == []


def test_it_is_taken_back_while_nothing_arrived() -> None:
    till, house = place(), place()
    stock(till, quantity=5, serials=("A",), lot="L1")
    row = send(till, house)
    with pytest.raises(Invalid):
        cancel_transfer(actor=SYSTEM, transfer_id=row.id, reason=" ")
    for _ in range(2):
        cancel_transfer(actor=SYSTEM, transfer_id=row.id, reason="van broke down")
    row.refresh_from_db()
    assert (row.status, balance(till.code, "sellable"), balance(house.code, "in_transit")) == ("canceled", 5, 0)
    assert SerialUnit.objects.get().location == till
    with pytest.raises(Conflict) as refused:
        came(row, {"line_no": 1, "quantity": 1})
    assert refused.value.code == "transfer-canceled"
    other = send(till, house, {"sku": "SKU", "quantity": 2})
    came(other, {"line_no": 1, "quantity": 1})
    with pytest.raises(DomainError):
        cancel_transfer(actor=SYSTEM, transfer_id=other.id, reason="too late")
    other.refresh_from_db()
    assert (other.status, balance(house.code, "in_transit")) == ("partial", 1)
    assert breaches() == []


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"lines": [{"sku": "SKU", "quantity": 9}]}, Conflict),
        ({"lines": [{"sku": "SKU", "quantity": 1, "disposition": "pending_inspection"}]}, Invalid),
        ({"target": "nowhere"}, Invalid),
        ({"lines": []}, Invalid),
    ],
)
def test_what_cannot_be_sent_is_refused_and_nothing_happens(fields: dict[str, Any], error: type[DomainError]) -> None:
    till, house = place(), place()
    stock(till, quantity=5)
    with pytest.raises(error), transaction.atomic():
        send(till, house, **fields)
    assert (StockTransfer.objects.count(), balance(till.code, "sellable")) == (0, 5)


def test_three_persons_send_and_receive() -> None:
    till, house = place(region="uk"), place(region="de")
    stock(till, quantity=5)
    sender, receiver = (actor_with(*RIGHTS, regions=[region]) for region in ("uk", "de"))
    viewer, elsewhere = actor_with(P.INVENTORY_VIEW, regions=["uk"]), actor_with(*RIGHTS, regions=["fr"])
    for actor, refusal in ((receiver, NotFound), (viewer, Denied), (elsewhere, NotFound)):
        with pytest.raises((Denied, refusal)), transaction.atomic():
            send(till, house, actor=actor)
    assert not StockTransfer.objects.exists()
    row = send(till, house, actor=sender)
    for actor, refusal in ((sender, Denied), (viewer, Denied), (elsewhere, NotFound)):
        with pytest.raises(refusal), transaction.atomic():
            came(row, {"line_no": 1, "quantity": 5}, actor=actor)
    with pytest.raises(Denied), transaction.atomic():
        cancel_transfer(actor=receiver, transfer_id=row.id, reason="not mine")
    assert balance(house.code, "in_transit") == 5
    came(row, {"line_no": 1, "quantity": 5}, actor=receiver)
    assert balance(house.code, "sellable") == 5


def test_an_overdue_transfer_is_one_case_until_it_is_done() -> None:
    till, house = place(), place()
    stock(till, quantity=5)
    row = send(till, house, due_on=(now() - timedelta(days=2)).date().isoformat())
    for _ in range(2):
        assert watch_transfers() == 1
    case = Case.objects.get(kind="transfer_overdue")
    assert (case.occurrences, case.status) == (1, "open")
    came(row, {"line_no": 1, "quantity": 5})
    case.refresh_from_db()
    assert (case.status, watch_transfers()) == ("resolved", 0)


def test_nothing_is_on_its_way_or_arrives_without_a_transfer() -> None:
    here = place()
    stock(here, quantity=5)
    stock(here, "in_transit", 5)
    for source, target in (("sellable", "in_transit"), ("in_transit", "sellable")):
        with pytest.raises(Unprocessable) as refused, transaction.atomic():
            move_stock(actor=SYSTEM, moves=[move(here.code, source=source, target=target, quantity=1)])
        assert refused.value.code == "illegal-move"
    made = StockMove.objects.filter(target="in_transit").get()
    fields = {each.attname: getattr(made, each.attname) for each in StockMove._meta.concrete_fields}
    fields |= {"effect_key": unique(), "transition_id": "in_transit>sellable", "source": "in_transit"}
    fields |= {"target": "sellable", "id": move(here.code).subject_id}
    with pytest.raises(IntegrityError), transaction.atomic():
        StockMove.objects.create(**fields)


def test_what_arrived_stays_as_it_was_told_and_the_audit_finds_a_line_that_lies() -> None:
    till, house = place(), place()
    stock(till, quantity=5)
    row = send(till, house)
    came(row, {"line_no": 1, "quantity": 2})
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_transferreceipt SET reference = 'x'")
    row.lines.update(received=3)
    audit = next(each for each in audits() if "on its way" in each.name)
    assert [found.detail for found in audit.run()] == ["2 units are told on their way, moves say 3"]


@pytest.mark.django_db(transaction=True)
def test_two_scanners_at_once_receive_each_unit_once() -> None:
    before, till, house = deadlocks(), place(), place()
    stock(till, quantity=20)
    row = send(till, house, {"sku": "SKU", "quantity": 20})
    at_once(lambda number: came(row, {"line_no": 1, "quantity": 1}, reference=f"S{number // 2}"), 48)
    row.refresh_from_db()
    assert (row.status, counts(row)) == ("received", [(20, 20, 0, 4)])
    assert (balance(house.code, "sellable"), balance(house.code, "quarantine")) == (20, 4)
    assert deadlocks() == before
    assert breaches() == []
