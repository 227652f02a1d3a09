"""Discrepancies within a person's scope."""

from uuid import UUID

from django.db.models import QuerySet

from reconciliation.models import Discrepancy, DiscrepancyStatus
from retailops.accounts.actor import Actor, require, scope_q
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, hidden

VIEW = Permission.DISCREPANCIES_VIEW


def discrepancies_visible_to(actor: Actor) -> QuerySet[Discrepancy]:
    """Return the discrepancies in the actor's regions and brands, with their orders."""
    return Discrepancy.objects.select_related("order").filter(scope_q(actor, VIEW))


def access_discrepancy(
    actor: Actor, discrepancy_id: UUID, permission: Permission = VIEW, *, lock: bool = False
) -> Discrepancy:
    """Return the discrepancy with its order. Raises NotFound, Denied; with `lock`, Conflict unless it is open."""
    rows = Discrepancy.objects.select_related("order")
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    found = rows.filter(pk=discrepancy_id).first()
    if found is None:
        raise hidden()
    require(actor, permission, region=found.region, brand=found.brand, view=VIEW)
    if lock and found.status != DiscrepancyStatus.OPEN:
        raise Conflict("It is settled already.", present=str(found.status))
    return found
