"""Breaches, what is late, and what will be late by tonight: counted from clocks, each with its rows and money."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.sla.models import SlaClock
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards.figures import Reading
from retailops.workbench.dashboards.parts import PROMISES
from retailops.workbench.dashboards.reading import read, read_by
from retailops.workbench.dashboards.scope import scope_of
from retailops.workbench.dashboards.times import rebuild
from returns.models import Return
from tests.dashboards import histories
from tests.workbench import world

pytestmark = pytest.mark.django_db
EVERYBODY = Actor.system("test")
OF_CLOCKS = (c.KEPT, c.BREACHES, c.LATE, c.TONIGHT, c.REFUND_KEPT, c.REFUND_BREACHES, c.REFUND_LATE, c.REFUND_TONIGHT)


def due(rma: Return, moment: datetime, *, late: bool = False) -> SlaClock:
    """Move the time of the return's refund promise."""
    clock = SlaClock.objects.get(subject_id=rma.id, name="refund_cycle")
    clock.due_at, clock.breached_at = moment, moment if late else None
    clock.save()
    return clock


def told(**query: str) -> dict[str, Reading]:
    rebuild()
    return read(OF_CLOCKS, scope_of(EVERYBODY, query))


def test_late_tonight_and_kept_are_told_apart() -> None:
    histories.paid(world.inspected(world.received()))
    late, tonight, tomorrow = world.requested(), world.requested(), world.requested()
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    due(late, now() - timedelta(days=1), late=True)
    due(tonight, midnight - timedelta(seconds=1))
    due(tomorrow, midnight)

    found = told()

    assert (found["refund_promise_kept"].count, found["refund_promise_kept"].whole) == (1, 1)
    assert found["refund_breaches"].count == found["refund_late"].count == found["refund_tonight"].count == 1
    assert [(each.amount, each.currency) for each in found["refund_late"].money] == [(4599, "GBP")]
    assert c.REFUND_TONIGHT.rows(scope_of(EVERYBODY, {})).get().subject_id == tonight.id
    assert found["promises_kept"].count > found["refund_promise_kept"].count


def test_tonight_is_the_persons_own_night() -> None:
    rma = world.requested()
    with timezone.override(ZoneInfo("Pacific/Auckland")):
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        due(rma, midnight - timedelta(minutes=1))
        assert told()["refund_tonight"].count == 1
        due(rma, midnight + timedelta(minutes=1))
        assert told()["refund_tonight"].count == 0


def test_a_moot_clock_counts_nowhere() -> None:
    rma = world.requested()
    due(rma, now() - timedelta(hours=1), late=True)
    SlaClock.objects.filter(subject_id=rma.id).update(state="canceled", ended_at=now(), elapsed_seconds=1, look_at=None)
    found = told()
    # What is left is the clock of taking the order in, which came days late.
    assert {key: one.count for key, one in found.items() if one.count} == {"breaches": 1}


def test_channels_are_told_apart_and_each_number_is_its_rows() -> None:
    due(world.requested(), now() - timedelta(hours=2), late=True)
    french = world.requested("FR")
    SlaClock.objects.filter(subject_id=french.id).update(channel="marketplace")
    due(french, now() - timedelta(hours=3), late=True)
    rebuild()
    groups = read_by((c.REFUND_LATE,), scope_of(EVERYBODY, {}), "channel")
    assert {channel: found["refund_late"].count for channel, found in groups.items()} == {
        "shopify-uk": 1,
        "marketplace": 1,
    }
    assert c.REFUND_LATE.rows(scope_of(EVERYBODY, {"channel": "marketplace"})).get().subject_id == french.id


def test_the_burn_rate_is_the_late_share_over_what_may_be_late() -> None:
    first, second = (histories.paid(world.inspected(world.received())) for _ in range(2))
    SlaClock.objects.filter(subject_id=second.id, name="refund_cycle").update(breached_at=now())
    rebuild()
    row = next(row for row in PROMISES.alone(scope_of(EVERYBODY, {})).rows if row.name == "refund_cycle")
    assert (row.title, row.burn) == ("Refund cycle time", 10)
    client = world.signed_in(world.person("manager"))
    page = client.get("/dashboards/overview/").content.decode()
    assert "10.0×" in page
    rows = client.get("/dashboards/figures/promises_kept/?promise=refund_cycle").content.decode()
    assert 'data-total="1"' in rows
    assert first.number in rows
    assert second.number not in rows
