"""What tests of clocks share: no process remembers promises of another test; promises that are in force at once."""

from collections.abc import Iterator

import pytest

from retailops.sla import book


@pytest.fixture(autouse=True)
def _fresh_book() -> Iterator[None]:
    book.forget()
    yield
    book.forget()
