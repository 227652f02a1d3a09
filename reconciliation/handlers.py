"""Subscribers: drift that orders publish, and cases that end."""

from uuid import UUID

from reconciliation import events, services  # noqa: F401  # the app's events register on import
from reconciliation.services.settling import CASE_KINDS
from retailops.accounts.actor import Actor
from retailops.events.catalog import subscribe
from retailops.events.models import Event

# What a return is from then on.
DECIDED = {
    "return.authorized": "authorized",
    "return.declined": "declined",
    "return.canceled": "canceled",
    "return.closed": "closed",
}


def register() -> None:
    """Register the subscribers."""
    subscribe("order.drift_found", drift_found)
    subscribe("order.agreed", agreed)
    subscribe("order.captured", captured)
    for name in DECIDED:
        subscribe(name, return_decided)
    subscribe("case.resolved", case_resolved)


def drift_found(event: Event) -> None:
    """A system told an order otherwise."""
    services.take_drift(UUID(event.data["order_id"]), event.data["system"], event.data["differences"])


def agreed(event: Event) -> None:
    """Another system than the channel says the same as we."""
    services.take_agreement(UUID(event.data["order_id"]), event.data["system"])


def captured(event: Event) -> None:
    """The channel told a newer version: what it tells otherwise was published before, the rest has ended."""
    if not event.data["superseded"]:
        return  # nothing can have differed from an order that was not there
    services.agree_since(UUID(event.data["order_id"]), event.data["channel"], event.data["version"])


def return_decided(event: Event) -> None:
    """A return has come to be otherwise: perhaps as another system says."""
    services.follow_return(UUID(event.data["return_id"]), DECIDED[event.type])


def case_resolved(event: Event) -> None:
    """A person ended the case of a discrepancy."""
    if event.data["kind"] in CASE_KINDS:
        kind, _, identity = event.actor.partition(":")
        services.end_with_case(Actor(kind, identity, event.actor), UUID(event.data["case_id"]), event.reason_code)
