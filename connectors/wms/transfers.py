"""Stock that our books bring from place to place: told where a warehouse takes such orders and our books hold."""

from typing import Any

from connectors.failures import delivered
from connectors.protocol import Candidate, ConnectionContext, switched_on
from connectors.wms import mapping
from connectors.wms.client import WmsClient
from connectors.wms.config import WmsMapping
from inventory.enums import LocationKind
from inventory.models import Location
from inventory.owners import owner_of_quantities
from retailops.events.models import Event
from retailops.events.transport import Claimed, Finding, Outcome

Json = dict[str, Any]
SEND = "stock.transfer"
CANCEL = "stock.transfer_cancel"
SWITCH = "takes_transfers"
HOUSES = (LocationKind.WAREHOUSE, LocationKind.THIRD_PARTY, LocationKind.WORKSHOP)


def ours_to_tell(event: Event, candidate: Candidate) -> bool:
    """Serve where the connection takes transfers and does not own the quantities itself (its own it knows), and goods
    leave or reach a place that may be a warehouse."""
    if not switched_on(SWITCH)(event, candidate) or owner_of_quantities() == candidate.name:
        return False
    ends = Location.objects.filter(code__in=(event.data["source"], event.data["target"]))
    return ends.filter(kind__in=HOUSES).exists()


def body_of(conn: ConnectionContext, claimed: Claimed) -> Json:
    """Return the transfer as it is asked for. Raises Unmapped."""
    return mapping.transfer(claimed.message, claimed.effect_key, WmsMapping.model_validate(dict(conn.mapping)))


def cancel(conn: ConnectionContext, client: WmsClient, claimed: Claimed) -> Outcome:
    """Call a transfer off, by the key under which it was told; said again it changes nothing."""
    found = client.transfer_of(_key(claimed))
    if found is None:
        return delivered(claimed, code="never_told", message="The warehouse was not told of this transfer.")
    canceled = client.cancel_transfer(found["id"])
    return delivered(claimed, canceled["id"], _told(canceled))


def find(client: WmsClient, claimed: Claimed) -> Finding:
    """Look the transfer up by our key: whether it is there, or is called off."""
    found = client.transfer_of(_key(claimed))
    if found is None:
        # What was never told has nothing to call off.
        return Finding(present=claimed.operation == CANCEL)
    there = claimed.operation == SEND or found["status"] == "canceled"
    return Finding(there, found["id"], _told(found), _told(found) if there else {})


def _key(claimed: Claimed) -> str:
    return f"transfer:{claimed.message['transfer_id']}"


def _told(transfer: Json) -> Json:
    return {name: transfer[name] for name in ("id", "reference", "status")}
