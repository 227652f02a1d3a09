"""Test databases are copies of the one migrated template."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests import database_template


@pytest.mark.django_db
def test_this_database_is_a_copy_of_the_template() -> None:
    assert database_template.comment_of(connection.settings_dict["NAME"]) == database_template.fingerprint()


@pytest.mark.django_db
def test_nothing_is_left_to_migrate() -> None:
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_committed_change_is_gone_in_the_next_test(turn: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from accounts_user")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "insert into accounts_user (id, password, email, name, time_zone, is_active, date_joined)"
            " values (gen_random_uuid(), '', %s, 'A', 'UTC', true, now())",
            [f"{turn}@example.org"],
        )
