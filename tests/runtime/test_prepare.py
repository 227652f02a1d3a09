"""`manage.py prepare` migrates where a migration is missing, and costs nothing where none is."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from retailops.runtime.management.commands import prepare

pytestmark = pytest.mark.django_db


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the commands that `prepare` calls; they are not run."""
    names: list[str] = []

    def note(name: str, **options: Any) -> None:
        names.append(name)

    monkeypatch.setattr(prepare, "call_command", note)
    return names


def test_a_database_of_this_version_is_not_migrated(called: list[str], settings: Settings) -> None:
    settings.DEMO = False
    out = StringIO()

    call_command("prepare", stdout=out)

    assert called == []
    assert out.getvalue() == "No migrations to apply.\n"


def test_a_missing_migration_is_applied_before_the_demo_is_set_up(called: list[str], settings: Settings) -> None:
    settings.DEMO = True
    [newest] = MigrationLoader(connection).graph.leaf_nodes("returns")
    MigrationRecorder(connection).record_unapplied(*newest)

    call_command("prepare")

    assert called == ["migrate", "demo_people", "demo_setup"]
