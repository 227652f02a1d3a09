"""The demo's people: one for each role, and none of them outside the demo."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from retailops.accounts.models import RoleGrant, User
from retailops.accounts.permissions import Role
from retailops.runtime.demo import DEMO_PASSWORD, PEOPLE

pytestmark = pytest.mark.django_db


def seed() -> str:
    """Run the command and return what it shows."""
    out = StringIO()
    call_command("demo_people", stdout=out)
    return out.getvalue()


def test_there_is_one_for_each_role_and_each_can_sign_in(settings: Settings, client: Client) -> None:
    settings.DEMO = True

    shown = seed()

    assert sorted(RoleGrant.objects.values_list("role", flat=True)) == sorted(Role.values)
    for person in PEOPLE:
        assert person.email in shown
        assert client.login(email=person.email, password=DEMO_PASSWORD)
    assert len(DEMO_PASSWORD) >= 12


def test_again_changes_nothing_not_even_a_changed_password(settings: Settings) -> None:
    settings.DEMO = True
    seed()
    person = User.objects.get(email=PEOPLE[0].email)
    person.set_password("changed-by-hand-1")
    person.save()

    assert seed().startswith("0 new demo people")

    person.refresh_from_db()
    assert person.check_password("changed-by-hand-1")
    assert User.objects.count() == RoleGrant.objects.count() == len(PEOPLE)


def test_outside_the_demo_nobody_is_created(settings: Settings) -> None:
    settings.DEMO = False

    with pytest.raises(CommandError, match="RETAILOPS_DEMO=1"):
        seed()

    assert User.objects.count() == 0
