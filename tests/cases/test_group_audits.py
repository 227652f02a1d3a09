"""Audits of groups: silent on what commands make, and each finds its breach."""

from datetime import timedelta

import pytest
from django.db import connection

from retailops.cases import services
from retailops.cases.inputs import IgnoreIn
from retailops.cases.models import CaseGroup
from retailops.lib.audit import audits
from retailops.lib.clock import now
from retailops.lib.money import Money
from tests.cases.making import opened, worker

pytestmark = pytest.mark.django_db
SABOTAGE: dict[str, list[str]] = {
    "groups stand as their cases say": [
        "UPDATE cases_casegroup SET state = 'resolved' WHERE fingerprint = 'live'",
        "UPDATE cases_casegroup SET state = 'ongoing' WHERE fingerprint = 'mended'",
        "UPDATE cases_case SET status = 'resolved', resolved_by = 'x', resolution_reason = 'x', "
        "resolved_at = now() - interval '1 hour' WHERE group_id = "
        "(SELECT id FROM cases_casegroup WHERE fingerprint = 'live')",
        "UPDATE cases_casegroup SET ignored_until = now() - interval '1 hour' WHERE state = 'ignored'",
        "UPDATE cases_casegroup SET ignore_count_left = 0 WHERE state = 'ignored'",
        "UPDATE cases_casegroup SET ignore_amount_left = -1 WHERE state = 'ignored'",
    ],
    "how a group was mended is remembered": [
        "DELETE FROM cases_groupending",
        "UPDATE cases_groupending SET came_back_at = NULL",
    ],
    "a case names the versions of its own connection": ["UPDATE cases_case SET release = 'netsuite 1.1'"],
}


def world() -> None:
    """Make a live group, a mended one, one that came back, and an ignored one."""
    opened(fingerprint="live")
    person = worker()
    for _ in range(2):
        services.resolve_case(person, opened(fingerprint="back").id, "sent again", {"ticket": "1"})
    opened(fingerprint="back")
    services.resolve_case(person, opened(fingerprint="mended").id, "sent again", {"ticket": "1"})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_case SET resolved_at = resolved_at - interval '1 hour' WHERE status = 'resolved'")
    opened(fingerprint="quiet")
    until = IgnoreIn(now() + timedelta(days=1), 3, Money(100_000, "GBP"))
    services.ignore_group(person, CaseGroup.objects.get(fingerprint="quiet").id, until, "known")


def breaches(name: str) -> list[str]:
    """Return what one audit finds."""
    [audit] = [each for each in audits() if each.name == name]
    return [breach.subject for breach in audit.run()]


@pytest.mark.parametrize("name", SABOTAGE)
def test_on_what_commands_make_they_are_silent(name: str) -> None:
    world()
    assert breaches(name) == []


@pytest.mark.parametrize(("name", "broken"), [(name, broken) for name, every in SABOTAGE.items() for broken in every])
def test_each_finds_its_breach(name: str, broken: str) -> None:
    world()
    with connection.cursor() as cursor:
        cursor.execute(broken)
        assert cursor.rowcount > 0
    assert breaches(name) != []
