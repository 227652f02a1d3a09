"""Actors are shown by name, whatever key was stored."""

import pytest

from retailops.accounts.models import ApiClient
from retailops.lib.ids import uuid7
from retailops.workbench.names import Names
from tests.workbench import world

pytestmark = pytest.mark.django_db


def test_keys_become_names() -> None:
    person = world.person(name="Mia Moss")
    client = ApiClient.objects.create(name="Till 4", key_prefix="ro_1", key_hash="0" * 64)
    world.stripe()
    names = Names()
    shown = {
        f"user:{person.id}": "Mia Moss",
        f"api_client:{client.id}": "Till 4",
        "connection:stripe": "Stripe",
        "connection:gone-shop": "Gone-shop",
        "system:policy": "Policy",
        f"user:{uuid7()}": "somebody who is gone",
        "": "",
        "odd": "odd",
    }
    assert {key: names.of(key) for key in shown} == shown


def test_each_key_is_looked_up_once(django_assert_num_queries: object) -> None:
    person, names = world.person(name="Mia Moss"), Names()
    with django_assert_num_queries(1):  # type: ignore[operator]  # pytest-django's fixture has no public type
        assert [names.of(f"user:{person.id}") for _ in range(3)] == ["Mia Moss"] * 3
