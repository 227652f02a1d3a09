"""Cases: one open case a trouble, groups, work, resolution; by three persons."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from retailops.accounts.actor import Actor, Grant
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission
from retailops.cases.actions import Action, next_actions, register_actions
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseGroup, CaseNote, CaseQueue, CaseStatus, GroupState
from retailops.cases.selectors import cases_visible_to, my_cases, open_cases, open_groups
from retailops.cases.services import (
    assign_case,
    escalate_case,
    note_case,
    open_case,
    reopen_case,
    resolve_case,
    snooze_case,
)
from retailops.events.catalog import Subject
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.lib.ids import uuid7
from retailops.lib.money import Money

pytestmark = pytest.mark.django_db
WORKS = frozenset({Permission.CASES_VIEW, Permission.CASES_WORK})
AGENT = Actor("user", str(uuid7()), "Olivia", (Grant(WORKS, frozenset({"EU"})),))
STRANGER = Actor("user", str(uuid7()), "Sam", (Grant(WORKS, frozenset({"US"})),))
READER = Actor("user", str(uuid7()), "Ron", (Grant(frozenset({Permission.CASES_VIEW})),))
SYSTEM = Actor.system("test")


def trouble(**fields: object) -> CaseIn:
    """Return the input of a case about an EU return."""
    subject_id = uuid7()
    defaults: dict[str, object] = {
        "kind": "delivery.dead",
        "queue": CaseQueue.BUSINESS,
        "title": "stripe refused refund.create: charge_refunded",
        "dedupe_key": f"delivery:{uuid7()}",
        "subject": Subject("return", subject_id, subject_id, str(subject_id), "EU", "acme", "web"),
        "money": Money(1999, "GBP"),
        "evidence": {"code": "charge_refunded"},
    }
    return CaseIn(**(defaults | fields))  # type: ignore[arg-type]  # test factory


def told(case: Case) -> list[str]:
    """Return the types of the case's events in order."""
    rows = Event.objects.filter(data__case_id=str(case.id)).order_by("position")
    return list(rows.values_list("type", flat=True))


def test_a_case_is_opened_in_a_group_and_told() -> None:
    given = trouble()
    case = open_case(SYSTEM, given)
    stored = Case.objects.get(pk=case.pk)
    assert (stored.status, stored.occurrences, stored.amount, stored.currency) == ("open", 1, 1999, "GBP")
    assert (stored.region, stored.brand, stored.channel) == ("EU", "acme", "web")
    assert stored.group.state == GroupState.NEW
    event = Event.objects.get(type="case.opened")
    assert (event.subject_id, event.data["case_id"]) == (given.subject.id, str(case.id))


def test_the_same_trouble_occurs_once_more_and_wakes_up() -> None:
    given = trouble()
    case = open_case(SYSTEM, given)
    Case.objects.update(snoozed_until=now() + timedelta(days=1))
    again = open_case(SYSTEM, given)
    assert again.pk == case.pk
    stored = Case.objects.get()
    assert (stored.occurrences, stored.snoozed_until) == (2, None)
    assert told(case) == ["case.opened", "case.recurred"]


def test_the_database_itself_refuses_a_second_open_case() -> None:
    case = open_case(SYSTEM, trouble(dedupe_key="same"))
    case.pk = uuid7()
    case._state.adding = True
    with pytest.raises(IntegrityError, match="one_open_case_a_trouble"), transaction.atomic():
        case.save()


def test_cases_of_one_cause_share_a_group_that_regresses() -> None:
    first = open_case(SYSTEM, trouble(fingerprint="f"))
    second = open_case(SYSTEM, trouble(fingerprint="f"))
    other = open_case(SYSTEM, trouble(fingerprint="g"))
    assert first.group_id == second.group_id != other.group_id
    assert CaseGroup.objects.get(fingerprint="f").state == GroupState.ONGOING
    for case in (first, second):
        resolve_case(AGENT, case.id, "fixed", {"ticket": 1})
    assert CaseGroup.objects.get(fingerprint="f").state == GroupState.RESOLVED
    open_case(SYSTEM, trouble(fingerprint="f"))
    assert CaseGroup.objects.get(fingerprint="f").state == GroupState.REGRESSED


def test_resolving_needs_reason_and_evidence_and_ends_it() -> None:
    case = open_case(SYSTEM, trouble())
    for reason, evidence in (("", {"a": 1}), ("done", {})):
        with pytest.raises(Invalid):
            resolve_case(AGENT, case.id, reason, evidence)
    assert Case.objects.get().status == CaseStatus.OPEN
    resolve_case(AGENT, case.id, "paid by hand", {"receipt": "R-1"})
    stored = Case.objects.get()
    assert (stored.status, stored.resolved_by, stored.resolution_reason) == ("resolved", AGENT.key, "paid by hand")
    assert stored.resolution_evidence == {"receipt": "R-1"}
    with pytest.raises(Conflict):
        resolve_case(AGENT, case.id, "again", {"a": 1})
    assert told(case) == ["case.opened", "case.resolved"]


def test_the_database_itself_refuses_an_end_without_a_reason() -> None:
    open_case(SYSTEM, trouble())
    with pytest.raises(IntegrityError, match="case_ends_with_actor_and_reason"), transaction.atomic():
        Case.objects.update(status=CaseStatus.RESOLVED)


def test_reopening() -> None:
    given = trouble()
    case = open_case(SYSTEM, given)
    resolve_case(AGENT, case.id, "fixed", {"a": 1})
    reopen_case(AGENT, case.id, "it was not")
    assert Case.objects.get().status == CaseStatus.OPEN
    with pytest.raises(Conflict):
        reopen_case(AGENT, case.id, "again")
    resolve_case(AGENT, case.id, "fixed", {"a": 1})
    open_case(SYSTEM, given)
    with pytest.raises(Conflict, match="newer"):
        reopen_case(AGENT, case.id, "again")
    assert Case.objects.filter(status=CaseStatus.OPEN).count() == 1


def test_work_on_a_case_is_noted_and_told() -> None:
    person = User.objects.create_user("olivia@example.com", "x" * 12, name="Olivia")
    case = open_case(SYSTEM, trouble())
    assign_case(AGENT, case.id, person.id)
    note_case(AGENT, case.id, " called the customer ")
    snooze_case(AGENT, case.id, now() + timedelta(days=1), "waiting for the bank")
    assert list(open_cases(AGENT)) == []
    assert list(my_cases(Actor("user", str(person.id), "Olivia", AGENT.grants))) == [case]
    escalate_case(AGENT, case.id, "too much money for me")
    stored = Case.objects.get()
    assert (stored.owner, stored.snoozed_until) == (None, None)
    assert stored.escalated_at is not None
    assert list(CaseNote.objects.order_by("id").values_list("kind", flat=True)) == [
        "assigned",
        "note",
        "snoozed",
        "escalated",
    ]
    assert told(case) == ["case.opened", "case.assigned", "case.noted", "case.snoozed", "case.escalated"]


def test_bad_input_changes_nothing() -> None:
    case = open_case(SYSTEM, trouble())
    with pytest.raises(Invalid):
        assign_case(AGENT, case.id, uuid7())
    with pytest.raises(Invalid):
        note_case(AGENT, case.id, "  ")
    with pytest.raises(Invalid):
        snooze_case(AGENT, case.id, now() - timedelta(hours=1), "why")
    assert told(case) == ["case.opened"]
    assert CaseNote.objects.count() == 0


@pytest.mark.parametrize(("actor", "error"), [(STRANGER, NotFound), (READER, Denied)])
def test_others_may_not(actor: Actor, error: type[Exception]) -> None:
    case = open_case(SYSTEM, trouble())
    with pytest.raises(error):
        resolve_case(actor, case.id, "done", {"a": 1})
    with pytest.raises(error):
        note_case(actor, case.id, "hello")
    with pytest.raises(error):
        assign_case(actor, case.id, None)
    assert Case.objects.get().status == CaseStatus.OPEN
    assert told(case) == ["case.opened"]


def test_reads_are_scoped() -> None:
    case = open_case(SYSTEM, trouble(fingerprint="f", dedupe_key="a"))
    open_case(SYSTEM, trouble(fingerprint="f", dedupe_key="b", queue=CaseQueue.TECHNICAL))
    assert open_cases(AGENT).count() == 2
    assert list(open_cases(AGENT, queue=CaseQueue.BUSINESS)) == [case]
    assert cases_visible_to(STRANGER).count() == 0
    [group] = open_groups(AGENT)
    assert (group.open_count, group.subjects) == (2, 2)  # type: ignore[attr-defined]  # annotated
    assert list(open_groups(STRANGER)) == []


def test_actions_are_offered_by_kind_permission_and_state() -> None:
    case = open_case(SYSTEM, trouble(kind="test.kind"))
    register_actions(
        "test.kind",
        Action("Work", "case", Permission.CASES_WORK, lambda c: {"id": c.id}),
        Action("Replay", "replay", Permission.DELIVERIES_REPLAY),
        Action("Wait", "wait", Permission.CASES_WORK, possible=lambda c: "not yet"),
    )
    offered = next_actions(AGENT, case)
    assert [(o.label, o.url_kwargs, o.disabled) for o in offered] == [
        ("Work", {"id": case.id}, ""),
        ("Wait", {}, "not yet"),
    ]
    assert next_actions(READER, case) == []
    resolve_case(AGENT, case.id, "done", {"a": 1})
    assert next_actions(AGENT, Case.objects.get()) == []


@pytest.mark.django_db(transaction=True)
def test_many_at_once_open_one() -> None:
    import threading

    given, failures = trouble(), []

    def work() -> None:
        try:
            open_case(SYSTEM, given)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Case.objects.get().occurrences == 6
