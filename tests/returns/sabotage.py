"""Write what a broken program might have written, with the guards of the database off: the audits must find it."""

from collections.abc import Iterable

from django.db import connection


def sabotage(statement: str, tables: Iterable[str]) -> None:
    """Run the statement without triggers, and without the checks of these tables; it must touch a row."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers
        for table in tables:
            cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'", [table])
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(statement)
        assert cursor.rowcount > 0
