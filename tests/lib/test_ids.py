"""Identifiers sort by the time of their making, within a process without exception."""

import time
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest

from retailops.lib.ids import uuid7, uuid7_at


def test_identifiers_of_one_process_ascend_and_are_version_7() -> None:
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


def test_an_identifier_tells_when_it_was_made() -> None:
    before = datetime.now(UTC)
    made = uuid7()
    assert uuid7_at(before) <= made < uuid7_at(before + timedelta(seconds=5))


def test_a_clock_that_steps_back_does_not_turn_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    first = uuid7()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000)
    assert first < uuid7() < uuid7()


def test_threads_never_make_the_same_one() -> None:
    made: list[UUID] = []
    threads = [Thread(target=lambda: made.extend(uuid7() for _ in range(2000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000
