"""Each audit of clocks is clean on sound work, and finds the breach it is for."""

from datetime import timedelta

import pytest
from django.db import connection

from retailops.lib import audit as registry
from retailops.sla.sweeping import look_at_clocks
from tests.factories import make_inspection, make_receipt, make_return
from tests.sla.promising import a_return, promise, tell

pytestmark = pytest.mark.django_db
TIMES, FORGOTTEN, CHANGED = (
    "an SLA clock says what its times say",
    "no running SLA clock is forgotten",
    "an SLA clock is what its events make it",
)
SABOTAGE = [
    (TIMES, "UPDATE sla_slaclock SET breached_at = due_at - interval '1 second' WHERE breached_at IS NOT NULL"),
    (TIMES, "UPDATE sla_slaclock SET breached_at = NULL WHERE state = 'met' AND breached_at IS NOT NULL"),
    (TIMES, "UPDATE sla_slaclock SET due_at = ended_at - interval '1 second' WHERE state = 'met'"),
    (TIMES, "UPDATE sla_slaclock SET target_seconds = target_seconds + 1"),
    (TIMES, "UPDATE sla_slaclock SET due_at = NULL WHERE state = 'running'"),
    (FORGOTTEN, "UPDATE sla_slaclock SET (look_at, seen_at) = (now() - interval '2 min', now() - interval '2 min') "
                "WHERE state = 'running'"),
    (FORGOTTEN, "UPDATE sla_slaclock SET look_at = NULL, (due_at, seen_at) = "
                "(now() - interval '2 min', now() - interval '2 min') WHERE breached_at IS NULL"),
    (CHANGED, "UPDATE sla_slaclock SET marks = '[]'"),
    (CHANGED, "UPDATE sla_slaclock SET elapsed_seconds = elapsed_seconds / 2 WHERE elapsed_seconds > 0"),
    (CHANGED, "UPDATE sla_slaclock SET state = 'paused', look_at = NULL WHERE state = 'running'"),
    (CHANGED, "UPDATE sla_slaclock SET region = 'nowhere'"),
]  # fmt: skip


def found(name: str) -> list[str]:
    """Return what an audit finds."""
    [audit] = [each for each in registry.audits() if each.name == name]
    return [breach.subject for breach in audit.run()]


@pytest.fixture
def _traffic() -> None:
    promise()
    for minutes in (90, 30):
        rma = a_return()
        tell("received", rma, ago=timedelta(minutes=minutes))
        look_at_clocks()
        tell("inspected", rma, ago=timedelta(minutes=1))
    tell("received", a_return(), ago=timedelta(minutes=100))
    real = make_return()
    make_receipt(real)
    make_inspection(real)
    look_at_clocks()


@pytest.mark.usefixtures("_traffic")
def test_sound_clocks_are_clean() -> None:
    assert {name: found(name) for name in (TIMES, FORGOTTEN, CHANGED)} == {TIMES: [], FORGOTTEN: [], CHANGED: []}


@pytest.mark.usefixtures("_traffic")
@pytest.mark.parametrize(("name", "breaking"), SABOTAGE, ids=[str(number) for number, _ in enumerate(SABOTAGE)])
def test_a_breach_is_found(name: str, breaking: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(breaking)
        assert cursor.rowcount > 0
    assert found(name) != []


def test_every_audit_of_clocks_is_tried() -> None:
    ours = {each.name for each in registry.audits() if "SLA clock" in each.name}
    assert ours == {name for name, _ in SABOTAGE}
