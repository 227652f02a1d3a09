"""The open cases of a mended cause end as one bulk operation: frozen, one by one, canceled and taken up again."""

from datetime import timedelta

import pytest

from retailops.accounts.actor import Actor
from retailops.accounts.models import RoleGrant, User
from retailops.cases import services
from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupEnding
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.replays.models import BulkOperation
from retailops.replays.services import cancel_operation, resume_operation
from retailops.replays.working import advance
from tests.cases.making import SYSTEM, opened, worker

pytestmark = pytest.mark.django_db
EVIDENCE = {"ticket": "OPS-1"}


def group() -> CaseGroup:
    """Return the one group as it is stored."""
    return CaseGroup.objects.get()


def mended(person: Actor) -> BulkOperation:
    """Resolve the group with its cases; return the operation that ends them, not begun yet."""
    services.resolve_group(person, group().id, "paid by hand", EVIDENCE, end_cases=True)
    operation_id = GroupEnding.objects.latest("at").operation_id
    assert operation_id is not None
    return BulkOperation.objects.get(pk=operation_id)


def results(operation: BulkOperation) -> list[str]:
    return list(operation.items.order_by("position").values_list("result", flat=True))


@pytest.mark.django_db(transaction=True)
def test_its_cases_end_with_it_as_one_operation() -> None:
    for _ in range(5):
        opened()
    person = User.objects.create_user("mo@example.com", "x", name="Mo")
    RoleGrant.objects.create(user=person, role="ops_lead", regions=["*"], brands=["*"])
    operation = mended(person.actor())
    assert (operation.kind, operation.total, operation.status) == ("end_cases_of_cause", 5, "running")
    ended = Case.objects.filter(status=CaseStatus.RESOLVED)
    assert ended.count() == 0
    advance(operation.id, seconds=30)
    operation.refresh_from_db()
    assert (operation.status, results(operation)) == ("finished", ["done"] * 5)
    assert set(ended.values_list("resolved_by", "resolution_reason")) == {(person.actor().key, "paid by hand")}
    assert [case.resolution_evidence for case in ended] == [EVIDENCE] * 5
    assert ended.count() == 5
    assert Event.objects.filter(type="case.resolved", actor=person.actor().key).count() == 5
    assert (GroupEnding.objects.get().cases, services.finish_endings()) == (5, 0)


@pytest.mark.django_db(transaction=True)
def test_what_it_had_not_begun_is_canceled_and_taken_up_again() -> None:
    cases = [opened() for _ in range(3)]
    person = User.objects.create_user("mo@example.com", "x", name="Mo")
    RoleGrant.objects.create(user=person, role="ops_lead", regions=["*"], brands=["*"])
    actor = person.actor()
    operation = mended(actor)
    advance(operation.id, seconds=0)
    cancel_operation(actor, operation.id, "one of them is another thing")
    advance(operation.id, seconds=30)
    assert results(operation) == ["done", "canceled", "canceled"]
    assert Case.objects.filter(status=CaseStatus.OPEN).count() == 2
    assert services.finish_endings() == 0
    services.resolve_case(actor, cases[1].id, "got through", EVIDENCE)
    again = resume_operation(actor, operation.id, "no, it is the same")
    advance(again.id, seconds=30)
    told = list(again.items.order_by("position").values_list("result", "detail"))
    assert told == [("done", "It had ended by itself."), ("done", "Resolved.")]
    assert Case.objects.get(pk=cases[1].id).resolution_reason == "got through"
    assert (again.resumes_id, Case.objects.filter(status=CaseStatus.OPEN).count()) == (operation.id, 0)


@pytest.mark.django_db(transaction=True)
def test_a_case_that_was_seen_again_since_stays_open() -> None:
    case, other = opened(), opened()
    operation = mended(SYSTEM)
    Case.objects.filter(pk=case.pk).update(last_seen_at=now() + timedelta(seconds=1))
    advance(operation.id, seconds=30)
    assert results(operation) == ["refused", "done"]
    case.refresh_from_db()
    other.refresh_from_db()
    assert (case.status, other.status) == ("open", "resolved")


@pytest.mark.django_db(transaction=True)
def test_once_the_cause_is_back_no_case_ends_with_it() -> None:
    opened()
    operation = mended(SYSTEM)
    opened()  # it has regressed
    advance(operation.id, seconds=30)
    assert results(operation) == ["refused"]
    assert operation.items.get().detail == "The cause is back: its case stays open."
    assert Case.objects.filter(status=CaseStatus.OPEN).count() == 2


def test_a_cause_without_an_open_case_needs_no_operation() -> None:
    services.resolve_troubles(SYSTEM, opened().dedupe_key, "Delivered.", EVIDENCE)
    CaseGroup.objects.update(state="ongoing")
    services.resolve_group(worker(), group().id, "paid by hand", EVIDENCE, end_cases=True)
    assert (GroupEnding.objects.latest("at").operation_id, BulkOperation.objects.count()) == (None, 0)


def test_those_of_a_cause_resolved_before_operations_did_it_end_by_a_sweep() -> None:
    for _ in range(3):
        opened()
    person = worker()
    services.resolve_group(person, group().id, "paid by hand", EVIDENCE)
    GroupEnding.objects.update(end_cases=True)
    ended = Case.objects.filter(status=CaseStatus.RESOLVED)
    assert [services.finish_endings(2), services.finish_endings(2), services.finish_endings(2)] == [2, 1, 0]
    assert set(ended.values_list("resolved_by", "resolution_reason")) == {(person.key, "paid by hand")}
    assert ended.count() == 3
