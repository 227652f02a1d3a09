"""A board that was just read is shown to whoever asks exactly the same; to nobody else, and not for long."""

from typing import Any

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from retailops.lib.ids import uuid7
from tests.dashboards import histories
from tests.workbench import world

pytestmark = pytest.mark.django_db


def _measures(sql: str) -> bool:
    return "percentile_disc" in sql or "workbench_lengths" in sql


@pytest.fixture
def board(settings: Settings) -> str:
    """Return the address of a board that nobody has asked for yet; what is read of it is kept."""
    settings.DASHBOARD_KEEP_SECONDS = 300
    histories.history()
    return f"/dashboards/overview/?range=30&asked={uuid7()}"


def manager(**scope: Any) -> Client:
    return world.signed_in(world.person("manager", **scope))


def asked(client: Client, address: str) -> tuple[str, int]:
    """Return the page, and how many statements looked for percentiles for it."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200
    page = answer.content.decode()
    return page[page.index('<div class="board">') :], sum(_measures(query["sql"]) for query in queries)


def test_the_same_question_is_read_once(board: str) -> None:
    first, sorted_first = asked(manager(), board)
    again, sorted_again = asked(manager(), board)
    assert sorted_first > 0
    assert sorted_again == 0
    assert again == first


@pytest.mark.parametrize("query", ["&channel=shopify-uk", "&region=GB", "&compare=1"])
def test_another_question_is_read_anew(board: str, query: str) -> None:
    asked(manager(), board)
    assert asked(manager(), board + query)[1] > 0


def test_other_rights_see_their_own(board: str) -> None:
    whole, _ = asked(manager(), board)
    other, sorted_anew = asked(manager(regions=["nowhere"]), board)
    assert sorted_anew > 0
    assert other != whole
    assert asked(manager(), board) == (whole, 0)


def test_without_redis_it_is_read_anew(board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise redis.ConnectionError("away")

    first, _ = asked(manager(), board)
    monkeypatch.setattr("retailops.workbench.dashboards.keeping.cache.get", away)
    monkeypatch.setattr("retailops.workbench.dashboards.keeping.cache.set", away)
    again, sorted_anew = asked(manager(), board)
    assert sorted_anew > 0
    assert again.count("<section") == first.count("<section")
