"""Fixtures of the engine's tests."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from retailops.events import transport as registry
from retailops.events.transport import register_transport
from tests.events.factories import FakeTransport


@pytest.fixture(autouse=True)
def _no_nudges(settings: LazySettings) -> None:
    settings.NUDGE_WORKERS = False


@pytest.fixture
def transport() -> Iterator[FakeTransport]:
    """A fake transport for every kind of destination; the real ones come back afterwards."""
    before = dict(registry._transports)
    fake = FakeTransport()
    for kind in ("connection", "webhook"):
        register_transport(kind, fake)
    yield fake
    registry._transports.clear()
    registry._transports.update(before)
