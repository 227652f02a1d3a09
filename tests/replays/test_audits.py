"""Bulk operations: audits are clean after sound work, each finds what it is for; the database refuses the rest."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from retailops.cases.models import Approval
from retailops.cases.services import approve
from retailops.lib.audit import audits
from retailops.lib.clock import now
from retailops.replays.models import BulkItem, BulkOperation
from retailops.replays.services import ask_plan_approval, cancel_operation, execute_plan
from tests.events.factories import FakeTransport, make_destination
from tests.replays import world
from tests.workbench.world import person

pytestmark = pytest.mark.django_db

RESULTS = "each item of an ended operation has a result"
COUNTED = "an operation has the items that it was frozen with"
TWICE = "no delivery is sent by two runs"
TOLD = "what a run sends is told by an event"
APPROVED = "a plan runs as it was approved"
OURS = {RESULTS, COUNTED, TWICE, TOLD, APPROVED}


def breaches() -> dict[str, int]:
    """Return how much each of our audits finds; those that find nothing are left out."""
    found = {audit.name: len(list(audit.run())) for audit in audits() if audit.name in OURS}
    assert set(found) == OURS
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def finished(transport: FakeTransport) -> BulkOperation:
    """Return the run of a plan above the limit, to which a second person agreed."""
    agent, destination = world.agent(), make_destination()
    operation = world.planned(agent, world.stopped(destination, amount=2_000_000, currency="GBP"), world.stopped())
    asked = ask_plan_approval(agent, operation.id, operation.hash, "the bank is back")
    approve(person("ops_lead").actor(), asked.id, "seen it")
    return world.run(execute_plan(agent, operation.id, operation.hash))


def test_sound_work_is_clean(finished: BulkOperation) -> None:
    assert finished.status == "finished"
    canceled = world.planned(world.agent(), world.stopped())
    cancel_operation(world.agent(), canceled.id, "no")
    world.planned(world.agent(), world.stopped())
    assert breaches() == {}


def sql(statement: str) -> None:
    """Change rows behind the back of every guard."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE replays_bulkitem DISABLE TRIGGER bulk_item_frozen")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE replays_bulkitem ENABLE TRIGGER bulk_item_frozen")


def no_result() -> None:
    sql("UPDATE replays_bulkitem SET stage = 'judged', result = '', done_at = NULL WHERE position = 1")


def lost_item() -> None:
    sql("DELETE FROM replays_bulkitem WHERE position = 2")


def sent_twice() -> None:
    sql("ALTER TABLE replays_bulkitem DROP CONSTRAINT IF EXISTS a_sending_is_of_one_run")
    sql("DROP INDEX IF EXISTS a_sending_is_of_one_run")
    operation = BulkOperation.objects.create(reason="x", requested_by="user:1", total=1)
    item = BulkItem.objects.get(position=1)
    item.pk, item.operation = None, operation
    item.save(force_insert=True)


def untold() -> None:
    sql("ALTER TABLE events_remark DISABLE TRIGGER remark_append_only")
    sql("DELETE FROM events_remark USING events_event e WHERE e.id = event_id AND e.type = 'delivery.replayed'")
    sql("ALTER TABLE events_remark ENABLE TRIGGER remark_append_only")
    sql("ALTER TABLE events_event DISABLE TRIGGER event_append_only")
    sql("DELETE FROM events_event WHERE type = 'delivery.replayed'")
    sql("ALTER TABLE events_event ENABLE TRIGGER event_append_only")


def other_items() -> None:
    sql("UPDATE replays_bulkitem SET amount = 1 WHERE position = 1")


def other_word() -> None:
    Approval.objects.update(kind="replay")


SABOTAGE: list[tuple[str, Callable[[], None]]] = [
    (RESULTS, no_result),
    (COUNTED, lost_item),
    (TWICE, sent_twice),
    (TOLD, untold),
    (APPROVED, other_items),
    (APPROVED, other_word),
]


@pytest.mark.parametrize(("name", "sabotage"), SABOTAGE, ids=[each[1].__name__ for each in SABOTAGE])
def test_each_audit_finds_what_it_is_for(finished: BulkOperation, name: str, sabotage: Callable[[], None]) -> None:
    assert breaches() == {}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    sabotage()
    assert name in breaches()


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE replays_bulkitem SET amount = 1 WHERE position = 1", "bulk_item_frozen"),
        ("UPDATE replays_bulkitem SET verdict = 'safe_absent' WHERE position = 1", "bulk_item_frozen"),
        ("DELETE FROM replays_bulkitem", "bulk_item_frozen"),
        ("UPDATE replays_bulkitem SET stage = 'judged', result = '' WHERE position = 1", "bulk_item_frozen"),
        ("UPDATE replays_bulkoperation SET executed_hash = 'x'", "operation_ran_what_was_planned"),
        ("UPDATE replays_bulkoperation SET approved_by = ''", "operation_ran_with_its_approval"),
        ("UPDATE replays_bulkoperation SET approved_by = requested_by", "operation_approver_is_another"),
        ("UPDATE replays_bulkoperation SET status = 'x'", "operation_status_is_known"),
    ],
)
def test_the_database_refuses_what_no_command_does(finished: BulkOperation, statement: str, constraint: str) -> None:
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    diagnostics = refused.value.__cause__.diag  # type: ignore[union-attr]  # psycopg's
    assert diagnostics.constraint_name == constraint


def test_a_sending_is_of_one_run_by_the_database_too(finished: BulkOperation) -> None:
    item = BulkItem.objects.get(position=1)
    other = BulkOperation.objects.create(reason="x", requested_by="user:1", total=1)
    with pytest.raises(DatabaseError, match="a_sending_is_of_one_run"), transaction.atomic():
        BulkItem.objects.create(
            operation=other, position=1, subject_id=item.subject_id, stage="released", released_at=now(),
            sent_fence=item.sent_fence,
        )  # fmt: skip
    assert not BulkItem.objects.filter(operation=other).exists()
