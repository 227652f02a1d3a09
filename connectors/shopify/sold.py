"""How an order with an open return stands in the shop, read again by us: a webhook that was lost hides nothing."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from connectors.protocol import ConnectionContext, Translated, Verified
from connectors.readings import SETTLES, as_read
from connectors.shopify import mapping
from connectors.shopify.client import ShopifyClient
from connectors.shopify.config import ShopifyMapping
from connectors.shopify.orders import moment, version
from reconciliation.order_truth import OrderTellingIn
from reconciliation.services import tell_order
from retailops.lib.clock import now
from returns.enums import OPEN_RETURNS
from returns.models import Order, Return

Json = dict[str, Any]
READ = "orders/read"
PREFIX = "order:"


def held(channel: str, after: str, limit: int) -> Sequence[str]:
    """Return keys of the channel's orders that have an open return, in order behind `after`."""
    rows = Return.objects.filter(channel=channel, status__in=OPEN_RETURNS, order__isnull=False)
    if after:
        rows = rows.filter(order_id__gt=after.removeprefix(PREFIX))
    ids = rows.order_by("order_id").distinct().values_list("order_id", flat=True)
    return [f"{PREFIX}{id}" for id in ids[:limit]]


def reread(conn: ConnectionContext, channel: str, key: str) -> tuple[Verified, bytes] | None:
    """Ask the shop how an order stands; None where it has no such order, or nothing newer than it told us.

    What is not newer was compared when the shop told it. It is the same message as long as neither side has changed.
    """
    order = Order.objects.get(pk=key.removeprefix(PREFIX))
    state = ShopifyClient(conn, conn.timeout_seconds).order_state(mapping.gid("Order", order.external_id))
    if state is None or version(state["updatedAt"]) <= order.version:
        return None
    if moment(state["updatedAt"]) > now() - SETTLES:
        return None
    names = ShopifyMapping.model_validate(dict(conn.mapping))
    fields = mapping.order_state(state, channel=channel, system=conn.name, config=conn.config, mapping=names)
    telling = OrderTellingIn.model_validate(fields | {"system": channel, "as_of": order.updated_at})
    told = {"order_id": str(order.id), "telling": telling.model_dump(mode="json")}
    return as_read(order.id, READ, order.external_id, told)


def told(conn: ConnectionContext, payload: Json) -> Translated:
    """Compare what was read with our order. Nothing of the order changes."""
    telling = OrderTellingIn.model_validate(payload["telling"])
    found = tell_order(actor=conn.actor, order_id=UUID(payload["order_id"]), told=telling)
    result = {"order": found.order.number, "differs": found.differs} | ({"late": True} if found.late else {})
    return Translated(found.order.correlation_id, result)
