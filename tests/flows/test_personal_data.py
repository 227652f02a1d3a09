"""A person buys and returns, through real HTTP to four systems: what we tell and keep of it never says who."""

import logging

import pytest

from tests.flows.conftest import House
from tests.personal_data import places_of
from tests.returns.proofs import prove

MARKED = ("Zebulon", "Quixworth", "zeb.quix")
TOLD = (
    "events_event",
    "events_delivery",
    "events_attempt",
    "events_effect",
    "cases_case",
    "cases_casenote",
    "returns_return",
    "returns_refund",
    "returns_refundattempt",
)


def test_events_deliveries_attempts_and_logs_never_say_who_it_was(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    order = house.order(first_name="Zebulon", last_name="Quixworth", email="zeb.quix@example.com")
    rma = house.requested(order)
    house.announced(rma)
    house.arrives(rma)
    house.is_inspected(rma)
    house.closes(rma)
    assert order.customer is not None
    assert (order.customer.name, order.customer.email) == ("Zebulon Quixworth", "zeb.quix@example.com")
    assert places_of(*MARKED, only=TOLD) == []
    printed = "".join(capfd.readouterr()) + caplog.text
    assert [word for word in MARKED if word in printed] == []
    prove()
