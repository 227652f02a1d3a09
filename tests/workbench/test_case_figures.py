"""What causes, connections, … hold and how many came a day: as counted plainly, for every scope and in every zone."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.group_figures import NONE, Figures, open_in_scope
from retailops.cases.models import Case, CaseGroup
from retailops.events.enums import DestinationKind
from retailops.events.models import Destination
from retailops.lib.clock import now
from retailops.lib.money import Money, major
from retailops.workbench.exceptions.causes import GROUPINGS
from retailops.workbench.exceptions.spark import DAYS, sparks
from retailops.workbench.exceptions.surveying import surveyed
from retailops.workbench.exceptions.views import about
from tests.cases.making import opened, worker
from tests.cases.scattered import scatter, seers
from tests.statements import statements
from tests.workbench import world

pytestmark = pytest.mark.django_db
COLUMNS = [column for _, column, _ in GROUPINGS.values()]
# Hours and half hours are put on and off, at midnight too, so that a day begins at one or has two evenings.
ZONES = (
    "UTC", "Europe/London", "America/New_York", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe",
    "Asia/Kathmandu", "Pacific/Apia", "Pacific/Kiritimati",
)  # fmt: skip
MOMENTS = (
    "2026-11-02T03:30:00", "2026-03-30T12:00:00", "2026-04-05T02:59:59", "2026-04-06T03:00:01", "2026-09-07T00:30:00",
    "2026-04-24T21:59:59", "2026-04-24T22:00:00", "2026-10-30T20:59:00", "2026-12-31T23:59:59",
)  # fmt: skip


def plain(cases: Iterable[Case], column: str) -> list[tuple[Any, Figures]]:
    """Count in Python, in the order of the screen."""
    held: dict[Any, list[Case]] = {}
    for case in cases:
        held.setdefault(getattr(case, "group_id" if column == "group" else column), []).append(case)
    return sorted(((key, _figures(rows)) for key, rows in held.items()), key=_rank)


def _figures(rows: list[Case]) -> Figures:
    sums: dict[str, list[int]] = {}
    for case in rows:
        if case.amount is not None and case.currency:
            sums.setdefault(case.currency, []).append(case.amount)
    of_currency = {code: sum(case.currency == code for case in rows) for code in sums}
    order = sorted(sums, key=lambda code: (-of_currency[code], code))
    return Figures(
        len(rows), len({case.correlation_id for case in rows}),
        len({case.customer_id or case.correlation_id for case in rows}), min(case.opened_at for case in rows),
        min((case.due_at for case in rows if case.due_at), default=None),
        [Money(sum(sums[code]), code) for code in order],
    )  # fmt: skip


def _rank(each: tuple[Any, Figures]) -> tuple[Any, ...]:
    key, figures = each
    worth = sum(major(money.amount, money.currency) for money in figures.money)
    due = figures.due_at or datetime.max.replace(tzinfo=now().tzinfo)
    return (due, -worth, -figures.open, figures.oldest_at, str(key))


def test_keys_hold_what_is_counted_plainly_in_the_same_order() -> None:
    me = world.person(name="Mia Moss")
    scatter(500, 11, [me])
    for actor in seers(me):
        rows = list(open_in_scope(actor))
        for column in COLUMNS:
            expected = plain(rows, column)
            with statements() as told:
                assert surveyed(open_in_scope(actor), column, 0, 500) == expected, (column, actor)
            assert len(told) <= 1
            without = [(key, _without_reach(figures)) for key, figures in expected]
            assert surveyed(open_in_scope(actor), column, 0, 500, reach=False) == without
    assert len(plain(open_in_scope(seers(me)[0]), "group")) == 12


def _without_reach(figures: Figures) -> Figures:
    return Figures(figures.open, 0, 0, figures.oldest_at, figures.due_at, figures.money)


def test_pages_of_keys_follow_each_other() -> None:
    scatter(300, 12)
    everything, rows = worker(), Case.objects.filter(amount__gt=100)
    whole = plain(rows, "group")
    pages = [surveyed(rows, "group", start, 5) for start in range(0, 20, 5)]
    assert [each for page in pages for each in page] == whole
    assert surveyed(open_in_scope(everything).none(), "group", 0, 5) == []


@pytest.mark.parametrize("zone", ZONES)
def test_days_are_those_of_the_persons_zone(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    me, there = world.person(), ZoneInfo(zone)
    for number, text in enumerate(MOMENTS):
        at = datetime.fromisoformat(f"{text}+00:00")
        monkeypatch.setattr(timezone, "now", lambda at=at: at)
        Case.objects.all().delete()
        CaseGroup.objects.all().delete()
        cases = scatter(120, number, at=at)
        _at_the_edges(cases, there, at)
        for actor in seers(me):
            for column in ("group", "connection", "release"):
                _same(actor, column, there, at)


def _at_the_edges(cases: list[Case], zone: ZoneInfo, at: datetime) -> None:
    """Let some come in the very moments when a day begins or ends."""
    for back, case in enumerate(cases[:45]):
        day = (at.astimezone(zone) - timedelta(days=back // 3)).replace(hour=0, minute=0, second=0, microsecond=0)
        case.opened_at = day + timedelta(microseconds=back % 3 - 1)
        case.save(update_fields=["opened_at"])


def _same(actor: Actor, column: str, zone: ZoneInfo, at: datetime) -> None:
    rows, today = Case.objects.filter(scope_q(actor, Permission.CASES_VIEW)), at.astimezone(zone).date()
    keys = sorted({getattr(case, "group_id" if column == "group" else column) for case in Case.objects.all()})
    expected = {key: [0] * DAYS for key in keys[1:]}
    for case in rows:
        key = getattr(case, "group_id" if column == "group" else column)
        day = DAYS - 1 + (case.opened_at.astimezone(zone).date() - today).days
        if day >= 0 and key in expected:
            expected[key][min(day, DAYS - 1)] += 1
    with timezone.override(zone):
        assert {key: spark.days for key, spark in sparks(rows, column, keys[1:]).items()} == expected, (at, column)


def test_without_cases_the_days_are_empty() -> None:
    assert {key: spark.days for key, spark in sparks(Case.objects.all(), "channel", ["web"]).items()} == {
        "web": [0] * DAYS
    }
    assert sparks(Case.objects.all(), "group", []) == {}


def test_figures_of_a_tab_are_of_its_cases_alone() -> None:
    """A connection with a technical case as well does not have two returns under Business."""
    opened("EU", fingerprint="b"), opened("EU", fingerprint="t", queue="technical")
    client = world.signed_in(world.person("ops_agent"))
    for tab, count in {"business": 1, "technical": 1, "all": 2}.items():
        [row] = client.get(f"/exceptions/?by=connection&tab={tab}").context["causes"].rows
        assert (row.figures.open, row.figures.returns, row.figures.customers) == (count, count, count), tab


def test_stopped_deliveries_of_a_cause_are_counted_once_each_and_as_far_as_one_sees() -> None:
    story = world.Story.told()
    ours = Destination.objects.create(kind=DestinationKind.HANDLER, name="ours", system="retailops")
    group_id = opened("GB", fingerprint="one").group_id
    stopped = [world.stopped(story.rma, story.connection) for _ in range(3)]
    for number, (delivery, again) in enumerate([(stopped[0], 2), (stopped[1], 1)]):
        for each in range(again):
            opened("GB", fingerprint="one", dedupe_key=f"{number}-{each}", delivery_id=delivery.id)
    sent = world.stopped(story.rma, story.connection, status="delivered")
    kept = world.stopped(story.rma, story.connection, destination=ours)
    opened("GB", fingerprint="one", dedupe_key="sent", delivery_id=sent.id)
    opened("GB", fingerprint="one", dedupe_key="kept", delivery_id=kept.id)
    opened("US", fingerprint="one", dedupe_key="there")
    opened("GB", fingerprint="another", dedupe_key="else", delivery_id=stopped[2].id)
    group = CaseGroup.objects.get(pk=group_id)
    for person, count in ((world.person("ops_lead"), 2), (world.person("ops_lead", regions=["US"]), 0)):
        assert about(person.actor(), group)["stopped"] == count
    assert about(worker(), group)["stopped"] == 0
    assert about(worker(), group)["figures"] != NONE
