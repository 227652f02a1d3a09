"""How a return stands in the shop: told by its webhooks, and read again by us; compared with how it stands here."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q

from connectors.protocol import ConnectionContext, Translated, Verified
from connectors.readings import SETTLES
from connectors.shopify import mapping
from connectors.shopify.client import ShopifyClient, ShopifyFailure
from reconciliation.return_truth import ReturnTellingIn
from reconciliation.services import tell_return
from retailops.events.enums import OPEN_STATUSES
from retailops.events.models import Delivery
from retailops.lib.clock import now
from returns.models import Return

Json = dict[str, Any]
READ = "returns/read"
TOPICS = (
    "returns/approve", "returns/decline", "returns/close", "returns/reopen", "returns/cancel", "returns/process",
    "returns/update", READ,
)  # fmt: skip
# What has rested for longer is not read again.
STILL_OF_INTEREST = timedelta(days=60)


def told(conn: ConnectionContext, payload: Json) -> Translated:
    """Compare the state that the shop tells with ours. Nothing of the return changes.

    A return that did not come from this shop, and one about which the shop is still being told, are left alone.
    """
    state = mapping.return_state(payload)
    rma = Return.objects.filter(source=conn.name, external_id=payload["admin_graphql_api_id"]).first()
    if rma is None or rma.order_id is None:
        return Translated(result={"noted": str(payload["status"])})
    if _under_way(conn, rma):
        return Translated(rma.correlation_id, {"return": rma.number, "noted": "the shop is being told"})
    telling = ReturnTellingIn.model_validate({"system": conn.name, "status": state})
    found = tell_return(actor=conn.actor, return_id=rma.id, told=telling)
    return Translated(rma.correlation_id, {"return": rma.number, "differs": [each.field for each in found.open]})


def _under_way(conn: ConnectionContext, rma: Return) -> bool:
    ours = Delivery.objects.filter(
        destination=conn.destination_id, event__subject_id=rma.id, operation__startswith="return."
    )
    return ours.filter(Q(status__in=OPEN_STATUSES) | Q(finished_at__gt=now() - SETTLES)).exists()


def held(conn: ConnectionContext, after: str, limit: int) -> Sequence[str]:
    """Return ids of returns of this shop that something happened to lately, in order behind `after`."""
    rows = Return.objects.filter(source=conn.name, updated_at__gte=now() - STILL_OF_INTEREST, order__isnull=False)
    rows = rows.exclude(external_id="").order_by("id")
    if after:
        rows = rows.filter(pk__gt=after)
    return [str(id) for id in rows.values_list("id", flat=True)[:limit]]


def reread(conn: ConnectionContext, key: str) -> tuple[Verified, bytes] | None:
    """Ask the shop how a return stands; None where it has none of that id.

    It is the same message as long as neither side has changed: what a person has settled is not opened again.
    """
    rma = Return.objects.select_related("order").get(pk=key)
    try:
        status = ShopifyClient(conn, conn.timeout_seconds).return_status(rma.external_id)
    except ShopifyFailure as failure:
        if failure.code != "NOT_FOUND":
            raise
        return None
    body = json.dumps({"admin_graphql_api_id": rma.external_id, "status": status.lower()}).encode()
    lane = rma.order.external_id if rma.order else ""
    return Verified(f"read:{rma.id}:{status}:{rma.version}", READ, lane), body
