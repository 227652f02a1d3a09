"""Counts of tabs and beside the navigation: in one statement, and exactly those of the rows they lead to."""

from datetime import timedelta

import pytest

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.models import Approval
from retailops.cases.selectors import approvals_waiting_for
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from retailops.lib.keyset import capped_count
from retailops.workbench.case_list import TABS, cases_of_tab, tab_counts
from retailops.workbench.delivery_list import to_other_systems
from retailops.workbench.queues import LIMIT, TROUBLED, counts
from tests.cases.scattered import scatter, seers
from tests.statements import statements
from tests.workbench import world

pytestmark = pytest.mark.django_db


def test_every_tab_of_everybody_is_counted_as_its_rows() -> None:
    me, other = world.person(name="Mia Moss"), world.person(name="Noa North")
    scatter(400, 1, [me, other])
    actors = [*seers(me), *seers(other), Actor.system("sweep"), Actor("api_client", str(uuid7()), "till")]
    for actor in actors:
        plain = {tab: capped_count(cases_of_tab(actor, tab)) for tab in TABS}
        for _ in range(2):
            assert tab_counts(actor) == plain, actor
    assert all(tab_counts(seers(me)[0]).values())
    assert tab_counts(seers(me)[0])["mine"] != tab_counts(seers(other)[0])["mine"]
    with statements() as told:
        tab_counts(seers(me)[1])
    assert len(told) == 2


def test_queues_are_counted_in_one_statement_for_whoever_may_see_them() -> None:
    story = world.Story.told()
    for status in ("dead", "dead", "in_doubt", "ready"):
        world.stopped(story.rma, story.connection, status=status)
    scatter(60, 2)
    people = [world.person(role) for role in ("ops_lead", "ops_agent", "auditor", "connector_admin", "")]
    people.append(world.person("ops_lead", regions=["US"]))
    for actor in [each.actor() for each in people]:
        _waits(actor)
    for actor in [each.actor() for each in people]:
        plain = {
            "cases": (Permission.CASES_VIEW, capped_count(cases_of_tab(actor), LIMIT)),
            "dead": (Permission.DELIVERIES_VIEW, to_other_systems(actor).filter(status__in=TROUBLED).count()),
            "approvals": (Permission.APPROVALS_DECIDE, capped_count(approvals_waiting_for(actor), LIMIT)),
        }
        held = {permission for grant in actor.grants for permission in grant.permissions}
        expected = {key: str(count or "") for key, (permission, count) in plain.items() if permission in held}
        for _ in range(2):
            with statements() as told:
                assert {key: number.text for key, number in counts(actor).items()} == expected, actor
            assert len(told) == bool(expected)
    lead = counts(people[0].actor())
    others = Approval.objects.filter(expires_at__gt=now()).exclude(requested_by=people[0].actor().key)
    assert (lead["dead"].tone, lead["approvals"].text) == ("count-bad", str(others.count()))


def _waits(requester: Actor) -> None:
    """Have the actor ask for something, and for something that nobody decided in time."""
    for hours in (1, -1):
        Approval.objects.create(
            kind="refund", subject_type="return", subject_id=uuid7(), correlation_id=uuid7(), region="GB",
            brand="north", bound_to="x", reason="x", requested_by=requester.key,
            expires_at=now() + timedelta(hours=hours),
        )  # fmt: skip
