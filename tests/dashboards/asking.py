"""What tests of sums ask boards: some days around a change of clocks, in several scopes."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from retailops.accounts.actor import Actor
from retailops.workbench.dashboards import reading
from retailops.workbench.dashboards.scope import Scope

EVERYBODY = Actor.system("test")
NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
# Clocks go forward in Paris in these days.
DAYS = {"since": "2026-03-27", "until": "2026-03-29"}
QUERIES = (
    DAYS, DAYS | {"region": "GB"}, DAYS | {"channel": "web"}, DAYS | {"brand": "north"}, DAYS | {"promise": "decision"},
    DAYS | {"connection": "stripe"}, {"since": "2026-03-28"},
)  # fmt: skip


def sums_are_the_rows(told: Callable[[Scope], object], scope: Scope) -> None:
    """What is read from sums is what is counted from the rows."""
    found = told(scope)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "are_summed", lambda *_: False)
        assert told(scope) == found
