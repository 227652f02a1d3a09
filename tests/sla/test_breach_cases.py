"""A breach opens a case, or raises the case that is late itself; cases show when they are due."""

from datetime import timedelta
from uuid import UUID

import pytest

from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseQueue, CaseStatus
from retailops.cases.services import open_case, reopen_case, resolve_case
from retailops.events.models import Event
from retailops.sla.models import ClockState, SlaClock
from retailops.sla.sweeping import look_at_clocks
from tests.factories import SYSTEM, unique
from tests.sla.promising import a_return, clock, promise, tell

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(minutes=90)


def open_one() -> Case:
    return open_case(SYSTEM, CaseIn("test", CaseQueue.BUSINESS, "Trouble", unique("trouble:"), a_return()))


def test_a_breach_opens_one_case_that_ends_when_it_is_done() -> None:
    policy, rma = promise(title="Receipt to inspection"), a_return()
    tell("received", rma, ago=LONG_AGO)
    look_at_clocks()
    look_at_clocks()
    case = Case.objects.get(kind="sla.breached", subject_id=rma.id)
    assert (case.title, case.status) == ("Receipt to inspection: not within 1 hour for R-1", CaseStatus.OPEN)
    assert (case.region, case.brand, case.channel, case.occurrences) == ("uk", "acme", "web", 1)
    tell("inspected", rma)
    case.refresh_from_db()
    assert (case.status, case.resolution_reason) == (CaseStatus.RESOLVED, "It is done, after its time.")
    assert policy.opens_case


def test_a_breach_that_is_taken_back_ends_its_case() -> None:
    promise()
    rma = a_return()
    tell("received", rma, ago=LONG_AGO)
    look_at_clocks()
    tell("inspected", rma, ago=timedelta(minutes=45))
    case = Case.objects.get(kind="sla.breached", subject_id=rma.id)
    assert (case.status, case.resolution_reason) == (
        CaseStatus.RESOLVED,
        "It was in time after all: that was recorded late.",
    )


def test_a_promise_may_open_no_case() -> None:
    policy, rma = promise(opens_case=False), a_return()
    tell("received", rma, ago=LONG_AGO)
    look_at_clocks()
    found = clock(policy, rma)
    assert found is not None
    assert found.breach_told_at is not None
    assert not Case.objects.filter(subject_id=rma.id).exists()


def test_a_case_is_due_by_its_clock_until_it_is_resolved_and_again_when_reopened() -> None:
    case = open_one()
    found = SlaClock.objects.get(name="case_resolution", subject_id=case.id)
    case.refresh_from_db()
    assert case.due_at == found.due_at == found.started_at + timedelta(days=2)
    resolve_case(SYSTEM, case.id, "done", {"note": "seen"})
    found.refresh_from_db()
    assert (found.state, found.look_at) == (ClockState.MET, None)
    reopen_case(SYSTEM, case.id, "not done")
    found.refresh_from_db()
    case.refresh_from_db()
    assert (found.state, found.look_at) == (ClockState.RUNNING, found.warn_at)
    assert case.due_at == found.due_at


def test_a_late_case_is_raised_and_opens_no_other() -> None:
    case = open_one()
    SlaClock.objects.filter(subject_id=case.id).update(**_past(case.id))
    look_at_clocks()
    case.refresh_from_db()
    assert case.escalated_at is not None
    assert case.notes.get().text == "Exception resolution: not done within 2 days."
    assert Event.objects.filter(type="case.escalated", data__case_id=str(case.id)).count() == 1
    assert not Case.objects.filter(kind="sla.breached").exists()
    look_at_clocks()
    assert case.notes.count() == 1


def _past(case_id: UUID) -> dict[str, object]:
    """Return the values of a clock whose start lies three days back."""
    found = SlaClock.objects.get(subject_id=case_id)
    back = timedelta(days=3)
    assert found.due_at is not None
    return {"started_at": found.started_at - back, "due_at": found.due_at - back, "look_at": found.due_at - back}
