"""What the busiest call costs the database: its statements are counted, so that none creeps in unseen."""

import re

import psycopg
import pytest

from retailops.lib.pages import POLICY_OF_DATA
from tests.api.conftest import MakeApi
from tests.factories import make_order, unique

WANTED = [
    "SELECT pg_try_advisory_xact_lock",  # takes the Idempotency-Key and looks for its answer
    "SELECT o.id",  # the order, locked
    "SELECT (SELECT r.id",  # its lines, what is taken of them, the policies in force
    "WITH whole AS (INSERT INTO",  # the return and its lines
    'INSERT INTO "events_event"',  # requested and authorized; tells whether routes changed
    "INSERT INTO sla_slaclock",  # what was promised of it
    "INSERT INTO events_idempotencyrecord",  # the answer
]


@pytest.mark.django_db(transaction=True)
def test_a_return_is_requested_in_seven_statements(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Besides BEGIN and COMMIT; whatever the number of lines, and all of them prepared. Routes are remembered."""
    api, orders = make_api("returns:write"), [make_order(), make_order()]
    bodies = [{"order": {"order_id": str(order.id)}, "lines": [{"line_no": 1, "quantity": 1}] * 2} for order in orders]
    api.post("/returns", bodies[0], key=unique()).ok(201)  # the client's key is known from now on
    told: list[tuple[str, object]] = []
    run = psycopg.Cursor.execute

    def told_run(cursor: "psycopg.Cursor[object]", query: str, params: object = None, **options: object) -> object:
        told.append((" ".join(str(query).split()), options.get("prepare")))
        return run(cursor, query, params, **options)  # type: ignore[call-overload]  # passed on as it came

    monkeypatch.setattr(psycopg.Cursor, "execute", told_run)
    api.post("/returns", bodies[1], key=unique()).ok(201)
    # The client is never remembered in tests; promises are read at most every two seconds.
    told = [each for each in told if not {"accounts_apiclient", "sla_slapolicy"} & set(re.findall(r"\w+", each[0]))]
    assert len(told) == len(WANTED), told
    for (statement, prepared), wanted in zip(told, WANTED, strict=True):
        assert statement.startswith(wanted)
        assert prepared is True


@pytest.mark.django_db
def test_a_keyed_call_has_every_security_header_and_no_cookie(make_api: MakeApi) -> None:
    """It passes the middleware of pages by, and still allows nothing to a browser that shows the answer."""
    reply = make_api("returns:read").get("/returns")
    assert reply.ok(200)["results"] == []
    assert reply.headers["Content-Security-Policy"] == POLICY_OF_DATA
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in reply.headers
