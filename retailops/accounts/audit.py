"""Keep every denied attempt, and a flood of them in one row a minute: no attempt is uncounted."""

import json
from collections.abc import Callable, Sequence

from django.db import connection

from retailops.accounts.actor import Actor

LONGEST_PATH = 500
# So many places stand in one row; a caller that invents regions cannot make it grow.
MOST_PLACES = 20

# A place that the row has not been told of is added to it: whoever audits one of them sees the row.
_KEEP = """
INSERT INTO accounts_deniedattempt AS kept (at, actor, method, path, detail, minute, count, last_at, places)
VALUES (statement_timestamp(), %s, %s, %s, %s, date_trunc('minute', statement_timestamp()), 1,
        statement_timestamp(), %s::jsonb)
ON CONFLICT (actor, minute, method, path) DO UPDATE
   SET count = kept.count + 1, last_at = excluded.last_at,
       places = CASE WHEN kept.places @> excluded.places OR jsonb_array_length(kept.places) >= %s THEN kept.places
                     ELSE kept.places || excluded.places END
"""
Places = Sequence[dict[str, str]]
Record = Callable[[str, Places], None]


def keep_denial(actor: str, method: str, path: str, detail: str, places: Places = ()) -> None:
    """Count one denied attempt of the actor (its key); the first of a minute at an address gives the detail.

    `places` are the regions and brands that it was about (`Denied.places`), none where it is of no place.
    """
    told = json.dumps([place for n, place in enumerate(places) if place not in places[:n]][:MOST_PLACES])
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [actor[:120], method[:10], path[:LONGEST_PATH], detail, told, MOST_PLACES])


def denial_recorder(actor: Actor, method: str, path: str) -> Record:
    """Return a function that keeps one denied attempt with its detail and places; call it outside the refused
    transaction."""

    def record(detail: str, places: Places) -> None:
        keep_denial(actor.key, method, path, detail, places)

    return record
