"""A board that was just read is shown to whoever asks exactly the same; to nobody else, and not for long."""

from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.dashboards import histories
from tests.workbench import world

pytestmark = pytest.mark.django_db
BOARD = "/dashboards/overview/?range=30"


@pytest.fixture(autouse=True)
def _kept(settings: Settings) -> None:
    settings.DASHBOARD_KEEP_SECONDS = 20
    cache.clear()
    histories.history()


def manager(**scope: Any) -> Client:
    return world.signed_in(world.person("manager", **scope))


def asked(client: Client, address: str = BOARD) -> tuple[str, int]:
    """Return the page, and how many percentiles were sorted for it."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200
    page = answer.content.decode()
    board = page[page.index('<div class="board">') :]
    return board, sum("percentile_disc" in query["sql"] for query in queries)


def test_the_same_question_is_read_once() -> None:
    first, sorted_first = asked(manager())
    again, sorted_again = asked(manager())
    assert sorted_first > 0
    assert sorted_again == 0
    assert again == first


@pytest.mark.parametrize("query", ["&channel=shopify-uk", "&region=GB", "&compare=1"])
def test_another_question_is_read_anew(query: str) -> None:
    asked(manager())
    assert asked(manager(), BOARD + query)[1] > 0


def test_other_rights_see_their_own() -> None:
    whole, _ = asked(manager())
    other, sorted_anew = asked(manager(regions=["nowhere"]))
    assert sorted_anew > 0
    assert other != whole
    assert asked(manager()) == (whole, 0)


def test_without_redis_it_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise redis.ConnectionError("away")

    first, _ = asked(manager())
    monkeypatch.setattr("retailops.workbench.dashboards.keeping.cache.get", away)
    monkeypatch.setattr("retailops.workbench.dashboards.keeping.cache.set", away)
    again, sorted_anew = asked(manager())
    assert sorted_anew > 0
    assert again.count("<section") == first.count("<section")
