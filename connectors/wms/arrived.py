"""What came of an open return by the warehouse's own books, read again by us where it is the owner of that field."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from connectors.protocol import ConnectionContext, Translated, Verified
from connectors.readings import SETTLES, as_read
from connectors.wms import mapping
from connectors.wms.client import WmsClient
from reconciliation.return_truth import RECEIVED, ReturnTellingIn
from reconciliation.services import tell_return
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from returns.enums import OPEN_RETURNS
from returns.models import Return, TruthObject
from returns.services.locking import lock_return
from returns.truth import owned_channels

Json = dict[str, Any]
READ = "notice.read"


def held(conn: ConnectionContext, after: str, limit: int) -> Sequence[str]:
    """Return ids of open returns, in order behind `after`; none without a rule that gives it what arrived."""
    owned = owned_channels(TruthObject.RETURN, RECEIVED, conn.name)
    if owned is None:
        return []
    rows = Return.objects.filter(owned, status__in=OPEN_RETURNS, order__isnull=False)
    if after:
        rows = rows.filter(pk__gt=after)
    return [str(id) for id in rows.order_by("id").values_list("id", flat=True)[:limit]]


def reread(conn: ConnectionContext, key: str) -> tuple[Verified, bytes] | None:
    """Ask the warehouse for the notices of a return; None where it has none of ours, or goods came just now.

    It is the same message as long as neither side has changed.
    """
    rma = Return.objects.get(pk=key)
    ours = f"{mapping.NOTICE}{rma.id}"
    found = WmsClient(conn, conn.timeout_seconds).notices_of(rma.number)
    notices = [each for each in found if each["reference"].startswith(ours)]
    if not notices or max(datetime.fromisoformat(each["updated_at"]) for each in notices) > now() - SETTLES:
        return None
    received = {str(line_no): units for line_no, units in sorted(mapping.received_by(notices).items())}
    told = {"return_id": str(rma.id), "version": rma.version, "received": received}
    return as_read(rma.id, READ, rma.number, told)


def told(conn: ConnectionContext, payload: Json) -> Translated:
    """Compare what came there with our receipts. Nothing of the return changes."""
    rma = lock_return(conn.actor, UUID(payload["return_id"]), Permission.RETURNS_REQUEST)
    if rma.version != payload["version"]:
        return Translated(rma.correlation_id, {"return": rma.number, "late": True})
    telling = ReturnTellingIn.model_validate({"system": conn.name, "received": payload["received"]})
    found = tell_return(actor=conn.actor, return_id=rma.id, told=telling)
    return Translated(rma.correlation_id, {"return": rma.number, "differs": [each.field for each in found.open]})
