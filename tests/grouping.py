"""Keeps tests that share one expensive fixture in one process.

pytest-xdist 3.8 reads the `xdist_group` mark, but with pytest 9.2 it no longer reaches the scheduler (pytest-xdist's
issue 1386): without this, two processes would each start a whole system of their own.
"""

import pytest
from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]  # xdist ships no types

GROUPS = {"tests/chaos/": "town", "tests/runtime/test_up.py": "up"}


class Groups(LoadGroupScheduling):  # type: ignore[misc]  # its base is untyped
    """Schedules by `--dist loadgroup`, with the groups named here."""

    def _split_scope(self, nodeid: str) -> str:
        for prefix, group in GROUPS.items():
            if nodeid.startswith(prefix):
                return group
        return str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Groups | None:
    """Give `--dist loadgroup` our groups; leave other ways to xdist."""
    return Groups(config, log) if config.getvalue("dist") == "loadgroup" else None
