"""One town for all tests of this folder (they run in one process); each test begins in a calm one."""

from collections.abc import Iterator

import pytest

from tests.chaos.town import Town, running_town


@pytest.fixture(scope="session")
def _town() -> Iterator[Town]:
    with running_town() as town:
        yield town


@pytest.fixture
def town(_town: Town) -> Iterator[Town]:
    """Everything runs, nothing is broken, nothing is on its way."""
    _town.calm()
    _town.until(lambda: _town.answers() and _town.redis_answers(), "the town answers")
    yield _town
    _town.calm()
