"""Each audit of the engine and of cases is clean on sound work and finds the breach it is for."""

from datetime import timedelta
from typing import Any

import pytest

from retailops.cases.models import Case
from retailops.events.engine import claim
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Attempt, Delivery, Lease
from retailops.events.sending import drain
from retailops.lib.audit import audits
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from tests.events.factories import FakeTransport, expire_lease, make_delivery, make_destination, outcome

pytestmark = pytest.mark.django_db
LANE = "a lane has one delivery under way, and its lease says which"
OURS = {
    "every delivered delivery has an attempt that says so",
    "no lease is forgotten",
    "every attempt belongs to a delivery",
    LANE,
    "every doubt will be asked about",
    "every dead delivery has a case",
    "a case ends with actor, reason and evidence",
    "the approver is not the requester",
}


def breaches() -> dict[str, list[str]]:
    """Return the subjects of the breaches that our audits find, by audit."""
    found = {audit.name: [breach.subject for breach in audit.run()] for audit in audits() if audit.name in OURS}
    assert set(found) == OURS
    return {name: subjects for name, subjects in found.items() if subjects}


def test_sound_work_is_clean(transport: FakeTransport) -> None:
    destination = make_destination()
    results = iter(["delivered", "business", "in_doubt", "transient"])
    for _ in range(4):
        make_delivery(destination)
    transport.answer = lambda c: outcome(c, next(results), code="x")
    drain(destination.id)
    assert breaches() == {}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (
            "every delivered delivery has an attempt that says so",
            {"status": DeliveryStatus.DELIVERED, "finished_at": now()},
        ),
        ("every doubt will be asked about", {"status": DeliveryStatus.IN_DOUBT}),
        ("every dead delivery has a case", {"status": DeliveryStatus.DEAD}),
    ],
)
def test_a_breach_is_found(name: str, fields: dict[str, Any]) -> None:
    made = make_delivery(make_destination(), **fields)
    assert breaches() == {name: [f"delivery/{made.id}"]}


def test_a_forgotten_lease_is_found() -> None:
    made = make_delivery(make_destination())
    claim(made.destination_id, owner="me")
    expire_lease(made, ago=timedelta(hours=1))
    assert breaches() == {"no lease is forgotten": [f"delivery/{made.id}"]}


def test_a_doubt_that_does_not_hold_its_lane_is_found() -> None:
    made = make_delivery(make_destination(), status=DeliveryStatus.IN_DOUBT, in_doubt_since=now())
    assert breaches() == {}
    Lease.objects.filter(delivery=made).delete()
    assert breaches() == {LANE: [f"delivery/{made.id}"]}


def test_a_lane_held_by_what_is_not_under_way_is_found() -> None:
    made = make_delivery(make_destination(), status=DeliveryStatus.IN_DOUBT, in_doubt_since=now())
    Delivery.objects.filter(pk=made.pk).update(status=DeliveryStatus.DISCARDED)
    assert breaches() == {LANE: [f"delivery/{made.id}"]}


def test_an_attempt_without_a_delivery_is_found() -> None:
    made = Attempt.objects.create(delivery_id=uuid7(), attempt_no=1, fence=1, outcome="delivered", started_at=now())
    assert breaches() == {"every attempt belongs to a delivery": [f"attempt/{made.id}"]}


def test_a_case_that_ended_without_evidence_is_found(transport: FakeTransport) -> None:
    made = make_delivery(make_destination())
    transport.answer = lambda c: outcome(c, "business", code="x")
    drain(made.destination_id)
    Case.objects.update(status="resolved", resolved_at=now(), resolved_by="user:1", resolution_reason="done")
    assert breaches() == {"a case ends with actor, reason and evidence": [f"case/{Case.objects.get().id}"]}
    assert Delivery.objects.get().status == DeliveryStatus.DEAD
