"""A fault of our own while a connector sends: what becomes of the delivery."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError

from connectors.outbound_http import Exchange
from connectors.transport import _unforeseen
from retailops.events.enums import OutcomeClass
from retailops.events.transport import Claimed
from retailops.lib.clock import now
from retailops.lib.ids import uuid7


def claimed(*, repeat_safe: bool) -> Claimed:
    moment = now()
    fields: dict[str, Any] = {
        "id": uuid7(), "destination_id": uuid7(), "operation": "thing.do", "effect_key": "thing:1", "lane_key": "one",
        "attempt_no": 1, "fence": 1, "repeat_safe": repeat_safe, "event_id": uuid7(), "event_type": "thing.done",
        "event_version": 1, "subject_type": "thing", "subject_id": uuid7(), "correlation_id": uuid7(),
        "occurred_at": moment, "message": {}, "region": "", "brand": "", "channel": "", "first_sent_at": moment,
        "lease_expires_at": moment + timedelta(minutes=1), "timeout_seconds": 5.0, "deadline_at": moment,
        "trigger": "auto", "actor": "", "retry_no": 0, "effect_id": None,
    }  # fmt: skip
    return Claimed(**{name: fields[name] for name in Claimed._fields if name in fields})


@pytest.mark.parametrize("error", [OperationalError("gone"), psycopg.OperationalError("gone")])
def test_a_database_that_went_away_passes(error: Exception) -> None:
    failure = _unforeseen(error, claimed(repeat_safe=True), Exchange())
    assert (failure.result, failure.code) == (OutcomeClass.TRANSIENT, "database_away")


def test_after_the_call_it_is_in_doubt_where_it_must_not_be_repeated() -> None:
    failure = _unforeseen(OperationalError("gone"), claimed(repeat_safe=False), Exchange(request={"method": "POST"}))
    assert failure.result == OutcomeClass.IN_DOUBT


def test_a_fault_of_code_stops_the_delivery() -> None:
    failure = _unforeseen(RuntimeError("bug"), claimed(repeat_safe=True), Exchange())
    assert (failure.result, failure.code) == (OutcomeClass.CONTRACT, "connector_fault")
