"""Fixtures of bulk operations: the engine's fake transport, no nudges, registries as they were."""

from collections.abc import Iterator

import pytest

from retailops.events import verdicts
from tests.events.conftest import _no_nudges, transport  # noqa: F401  # fixtures of the engine


@pytest.fixture(autouse=True)
def _registries() -> Iterator[None]:
    checks, versions = list(verdicts._void_checks), dict(verdicts._versions)
    verdicts._versions.clear()
    verdicts._void_checks.clear()
    yield
    verdicts._void_checks[:] = checks
    verdicts._versions.clear()
    verdicts._versions.update(versions)
