"""Subscribers: drift that orders publish, money that is on its way, and cases that end."""

from collections.abc import Sequence
from uuid import UUID

from reconciliation import events, services  # noqa: F401  # the app's events register on import
from reconciliation.services.expecting import (
    expect_chargeback,
    expect_memo,
    expect_memo_back,
    expect_refund,
    expect_refund_back,
)
from reconciliation.services.raising import CASE_KIND as SETTLEMENT_CASE
from reconciliation.services.settling import CASE_KINDS
from retailops.accounts.actor import Actor
from retailops.events.catalog import follow, subscribe
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
    follow(returns_decided)
    subscribe("case.resolved", case_resolved)
    for name in ("refund.submitted", "refund.pending", "refund.succeeded"):
        subscribe(name, refund_sent)
    for name in ("refund.failed", "refund.canceled", "refund.reversed"):
        subscribe(name, refund_came_back)
    for name in ("credit_memo.queued", "credit_memo.posted"):
        subscribe(name, memo_asked)
    subscribe("credit_memo.reversed", memo_reversed)
    for name in ("chargeback.opened", "chargeback.won", "chargeback.lost"):
        subscribe(name, disputed)


def refund_sent(event: Event) -> None:
    """A refund was sent, taken or paid: its settlement is expected."""
    expect_refund(UUID(event.data["refund_id"]), event.occurred_at)


def refund_came_back(event: Event) -> None:
    """A refund did not reach the customer, or came back."""
    expect_refund_back(UUID(event.data["refund_id"]), event.occurred_at)


def memo_asked(event: Event) -> None:
    """The ERP was asked for a memo, or has it."""
    expect_memo(UUID(event.data["memo_id"]), event.occurred_at)


def memo_reversed(event: Event) -> None:
    """The ERP undid a memo."""
    expect_memo_back(UUID(event.data["memo_id"]), event.occurred_at)


def disputed(event: Event) -> None:
    """A bank took money back, or gave it back."""
    expect_chargeback(UUID(event.data["chargeback_id"]), event.type.partition(".")[2], event.occurred_at)


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


def returns_decided(told: Sequence[Event]) -> None:
    """Returns have come to be otherwise: perhaps as another system says. Of one that is new no system has told yet."""
    new = {event.subject_id for event in told if event.type == "return.requested"}
    for event in told:
        if event.type in DECIDED and event.subject_id not in new:
            services.follow_return(UUID(event.data["return_id"]), DECIDED[event.type])


def case_resolved(event: Event) -> None:
    """A person ended the case of a discrepancy."""
    if event.data["kind"] in CASE_KINDS | {SETTLEMENT_CASE}:
        kind, _, identity = event.actor.partition(":")
        services.end_with_case(Actor(kind, identity, event.actor), UUID(event.data["case_id"]), event.words[:200])
