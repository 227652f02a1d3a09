"""People, stopped deliveries and plans for tests of bulk operations."""

from datetime import timedelta
from typing import Any

from retailops.accounts.actor import Actor
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery, Destination
from retailops.events.pump import pump_until_idle
from retailops.lib.clock import now
from retailops.replays.freezing import Selection
from retailops.replays.models import BulkItem, BulkOperation
from retailops.replays.rules import Rules
from retailops.replays.services import execute_plan, plan_replay
from retailops.replays.working import advance
from tests.events.factories import fresh, make_delivery, make_destination, make_event
from tests.workbench.world import person

AT_ONCE = Rules(canary=(), rate=200.0)


def agent(**where: Any) -> Actor:
    """Return an agent with a row of their own: runs look up who started them."""
    return person("ops_agent", **where).actor()


def stopped(destination: Destination | None = None, *, region: str = "GB", **fields: Any) -> Delivery:
    """Return a stopped, repeatable delivery that was sent an hour ago; fields override."""
    sent = now() - timedelta(hours=1)
    defaults = {
        "event": make_event(region=region, brand="north"), "status": DeliveryStatus.DEAD, "failure_class": "transient",
        "failure_code": "503", "failure_message": "Service unavailable", "first_sent_at": sent, "sending_since": sent,
        "attempt_no": 9, "retry_no": 8, "finished_at": now() - timedelta(minutes=5), "fence": 9,
    }  # fmt: skip
    return fresh(make_delivery(destination or make_destination(), **(defaults | fields)))


def planned(actor: Actor, *deliveries: Delivery, rules: Rules = AT_ONCE) -> BulkOperation:
    """Return the judged plan of these deliveries."""
    operation = plan_replay(actor, Selection(ids=[each.id for each in deliveries]), "it works again", rules=rules)
    advance(operation.id, seconds=10)
    operation.refresh_from_db()
    return operation


def started(actor: Actor, *deliveries: Delivery, rules: Rules = AT_ONCE) -> BulkOperation:
    """Return the plan of these deliveries, started and not worked on yet."""
    operation = planned(actor, *deliveries, rules=rules)
    return execute_plan(actor, operation.id, operation.hash)


def run(operation: BulkOperation) -> BulkOperation:
    """Let engine and run go on until nothing moves; return the operation as it is then."""
    pump_until_idle(seconds=20)
    operation.refresh_from_db()
    return operation


def items(operation: BulkOperation) -> dict[Any, BulkItem]:
    """Return the items of the operation by the delivery that each is about."""
    return {item.subject_id: item for item in operation.items.order_by("position")}


def verdict_of(operation: BulkOperation, delivery: Delivery) -> str:
    """Return the verdict on one delivery of the plan."""
    return items(operation)[delivery.id].verdict


def result_of(operation: BulkOperation, delivery: Delivery) -> str:
    """Return what became of one delivery in the run."""
    return items(operation)[delivery.id].result
