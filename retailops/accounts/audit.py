"""Keep every denied attempt, and a flood of them in one row a minute: no attempt is uncounted."""

from collections.abc import Callable

from django.db import connection

from retailops.accounts.actor import Actor

LONGEST_PATH = 500

_KEEP = """
INSERT INTO accounts_deniedattempt AS kept (at, actor, method, path, detail, minute, count, last_at)
VALUES (clock_timestamp(), %s, %s, %s, %s, date_trunc('minute', clock_timestamp()), 1, clock_timestamp())
ON CONFLICT (actor, minute, method, path) DO UPDATE SET count = kept.count + 1, last_at = excluded.last_at
"""


def keep_denial(actor: str, method: str, path: str, detail: str) -> None:
    """Count one denied attempt of the actor (its key); the first of a minute at an address gives the detail."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [actor[:120], method[:10], path[:LONGEST_PATH], detail])


def denial_recorder(actor: Actor, method: str, path: str) -> Callable[[str], None]:
    """Return a function that keeps one denied attempt with its detail; call it outside the refused transaction."""

    def record(detail: str) -> None:
        keep_denial(actor.key, method, path, detail)

    return record
