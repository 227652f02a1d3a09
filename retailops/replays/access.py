"""Fetch + scope + permission + lock, in one call."""

from uuid import UUID

from django.db.models import Q, QuerySet

from retailops.accounts.actor import EVERYWHERE, Actor, can
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Denied, hidden
from retailops.replays.models import REPLAY, BulkOperation


def viewed_with(kind: str) -> Permission:
    """Return the permission to look at operations of a kind."""
    return Permission.DELIVERIES_VIEW if kind == REPLAY else Permission.CASES_VIEW


def access_operation(actor: Actor, operation_id: UUID, permission: str = "", *, lock: bool = False) -> BulkOperation:
    """Return the operation for who may see all regions and brands that it reaches into.

    `permission` is needed in each of them too. Raises NotFound to whoever may not see it, else Denied.
    """
    rows = BulkOperation.objects.select_for_update() if lock else BulkOperation.objects.all()
    operation = rows.filter(pk=operation_id).first()
    if operation is None or not _everywhere(actor, viewed_with(operation.kind), operation):
        raise hidden()
    if permission and not _everywhere(actor, permission, operation):
        raise Denied(f"{actor.label} does not hold the permission {permission} for all of it.", permission=permission)
    return operation


def may(actor: Actor, permission: str, operation: BulkOperation) -> bool:
    """Tell whether the actor holds the permission in every region and brand of the operation."""
    return _everywhere(actor, permission, operation)


def _everywhere(actor: Actor, permission: str, operation: BulkOperation) -> bool:
    regions, brands = operation.regions or [""], operation.brands or [""]
    return all(can(actor, permission, region=region, brand=brand) for region in regions for brand in brands)


def operations_visible_to(actor: Actor) -> QuerySet[BulkOperation]:
    """Return the operations whose regions and brands lie within one grant of the actor."""
    replays = Q(kind=REPLAY) & _within(actor, Permission.DELIVERIES_VIEW)
    others = ~Q(kind=REPLAY) & _within(actor, Permission.CASES_VIEW)
    return BulkOperation.objects.filter(replays | others)


def _within(actor: Actor, permission: str) -> Q:
    allowed = Q(pk__in=[])
    for grant in actor.grants:
        if permission in grant.permissions:
            allowed |= (_among("regions", grant.regions) & _among("brands", grant.brands)) or ~Q(pk__in=[])
    return allowed


def _among(name: str, allowed: frozenset[str]) -> Q:
    return Q() if EVERYWHERE in allowed else Q((f"{name}__contained_by", sorted(allowed)))
