"""A story for a manager: the gateway of one channel is down, its refunds wait, some are late, one will be tonight."""

from dataclasses import dataclass
from datetime import timedelta

from connectors.models import Connection
from connectors.services import configure_connection
from retailops.events.enums import CircuitState
from retailops.events.models import Delivery, Destination
from retailops.lib.clock import now
from retailops.sla.models import SlaClock
from retailops.workbench.dashboards.times import rebuild
from returns.inputs import ReturnIn, read
from returns.models import Return
from returns.services.intake import request_return
from returns.services.orders import capture_order
from tests.dashboards.histories import done
from tests.workbench import world
from tests.workbench.world import SYSTEM

CHANNEL = "marketplace-uk"


@dataclass(frozen=True)
class Outage:
    """What is true of it: the connection that is down, returns that are late, the one late by tonight, their money."""

    connection: Connection
    late: list[Return]
    tonight: Return
    waiting: int


def outage() -> Outage:
    """Make it: everything is well in the shop's own channel, and three returns of the marketplace wait for Stripe."""
    for _ in range(2):
        done("GB")
    connection = world.stripe()
    configure_connection(actor=SYSTEM, connection_id=connection.id, channels=[CHANNEL], reason="its own gateway")
    owed = [world.inspected(world.arrive(of_channel())) for _ in range(3)]
    hour_ago = now() - timedelta(hours=1)
    waiting = Delivery.objects.filter(destination=connection.destination, operation="refund.create")
    waiting.update(next_attempt_at=hour_ago)
    Destination.objects.filter(pk=connection.destination_id).update(
        circuit=CircuitState.OPEN, circuit_until=now() + timedelta(minutes=10)
    )
    clocks = SlaClock.objects.filter(name="refund_cycle", subject_id__in=[rma.id for rma in owed])
    clocks.exclude(subject_id=owed[2].id).update(due_at=hour_ago, breached_at=hour_ago, look_at=None)
    clocks.filter(subject_id=owed[2].id).update(due_at=now())
    rebuild()
    return Outage(connection, owed[:2], owed[2], sum(row.amount or 0 for row in waiting))


def of_channel() -> Return:
    """Return a return of an order of the marketplace."""
    world.location("GB")
    order = capture_order(actor=SYSTEM, order=world.order_in("GB", channel=CHANNEL)).order
    line = {"external_id": "l1", "quantity": 1, "reason": "too_small"}
    asked = {"order": {"order_id": order.id}, "lines": [line], "tracking": f"TRACK{order.id.hex[-8:]}"}
    rma = request_return(actor=SYSTEM, request=read(ReturnIn, asked))
    rma.refresh_from_db()
    return rma
