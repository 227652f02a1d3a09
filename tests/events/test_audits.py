"""Each audit of the engine and of cases is clean on sound work and finds the breach it is for."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from retailops.cases.models import Case
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.events.sending import drain
from retailops.lib.audit import audits
from retailops.lib.clock import now
from tests.events.factories import FakeTransport, make_delivery, make_destination, outcome

pytestmark = pytest.mark.django_db
OURS = {
    "every delivered delivery has an attempt that says so",
    "no lease is forgotten",
    "a lane has one delivery under way",
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
        (
            "no lease is forgotten",
            {"status": DeliveryStatus.LEASED, "lease_expires_at": now() - timedelta(hours=1)},
        ),
        ("every doubt will be asked about", {"status": DeliveryStatus.IN_DOUBT}),
        ("every dead delivery has a case", {"status": DeliveryStatus.DEAD}),
    ],
)
def test_a_breach_is_found(name: str, fields: dict[str, Any]) -> None:
    made = make_delivery(make_destination(), **fields)
    assert breaches() == {name: [f"delivery/{made.id}"]}


def test_two_under_way_in_a_lane_are_found_where_the_constraint_is_gone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX lane_has_one_in_flight")
    destination = make_destination()
    for _ in range(2):
        make_delivery(destination, lane="one", status=DeliveryStatus.IN_DOUBT, in_doubt_since=now())
    assert breaches() == {"a lane has one delivery under way": [f"lane/{destination.id}/one"]}


def test_a_case_that_ended_without_evidence_is_found(transport: FakeTransport) -> None:
    made = make_delivery(make_destination())
    transport.answer = lambda c: outcome(c, "business", code="x")
    drain(made.destination_id)
    Case.objects.update(status="resolved", resolved_at=now(), resolved_by="user:1", resolution_reason="done")
    assert breaches() == {"a case ends with actor, reason and evidence": [f"case/{Case.objects.get().id}"]}
    assert Delivery.objects.get().status == DeliveryStatus.DEAD
