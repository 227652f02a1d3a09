"""Deliveries that an event is owed, sent through the engine to the sandbox."""

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from connectors.models import Connection
from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject, registry
from retailops.events.models import Attempt, Delivery
from retailops.events.publish import publish
from retailops.events.sending import drain

ADMIN = Actor.system("test")
# Sends again at once, and believes what it looks up at once.
IMPATIENT = {"look_up_seconds": 0, "absent_after_seconds": 0, "timeout_seconds": 2.0}


def told(
    data: Any, connection: Connection, *, rma: UUID, channel: str = "shopify-uk", reason: str = "", words: str = ""
) -> Delivery:
    """Publish an event about a return; the delivery that the connection is owed."""
    subject = Subject("return", rma, rma, str(rma), "UK", "acme", channel)
    with transaction.atomic():
        event = publish(data, subject=subject, actor=ADMIN, reason_code=reason, words=words)
    return Delivery.objects.get(event=event, destination_id=connection.destination_id)


def sent(delivery: Delivery) -> Delivery:
    """Send what is due, with no pause between tries."""
    Delivery.objects.filter(pk=delivery.pk, status="ready").update(next_attempt_at=delivery.created_at)
    drain(delivery.destination_id)
    delivery.refresh_from_db()
    return delivery


def tries(delivery: Delivery) -> list[tuple[str, str]]:
    """Class and code of each try, in order."""
    found = Attempt.objects.filter(delivery=delivery).order_by("recorded_at", "id")
    return [(str(attempt.outcome), attempt.code) for attempt in found]


@pytest.fixture
def domain_looks_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The events told here are about returns that are not in the database: nobody below must look them up."""
    for name in ("delivery.dead", "delivery.in_doubt"):
        others = [one for one in registry.subscribers[name] if not one.__module__.startswith("returns.")]
        monkeypatch.setitem(registry.subscribers, name, others)
