"""Hold what was read of an order in another system against what is here: what differs is told, nothing is changed."""

from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import transaction

from reconciliation.order_truth import OrderTellingIn, differences_of
from reconciliation.services.detecting import take_differences
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from returns.access import access_order
from returns.models import Order


@dataclass(frozen=True)
class OrderTold:
    """What came of a reading: the fields that differ, in words; `late`: our order has moved on since, nothing was
    compared."""

    order: Order
    differs: list[str]
    late: bool = False


@transaction.atomic
def tell_order(*, actor: Actor, order_id: UUID, told: OrderTellingIn) -> OrderTold:
    """Compare what a system holds of an order with what is here, as of the reading; nothing of the order changes.

    Each field that differs is one open discrepancy with a proposal for its repair, by who owns the field: the same as
    where that system tells it by itself. One that was said and agrees ends. Raises Denied, NotFound.
    """
    order = access_order(actor, order_id, Permission.ORDERS_WRITE, lock=True)
    if order.updated_at > told.as_of:
        return OrderTold(order, [], late=True)
    drift, said = differences_of(order, told)
    take_differences(order, told.system, [asdict(each) for each in drift.differences], said=said)
    return OrderTold(order, [f"{each.object} {each.external_id}: {each.field}" for each in drift.differences])
