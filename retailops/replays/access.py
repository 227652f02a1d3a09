"""Fetch + scope + permission + lock, in one call."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from retailops.accounts.actor import EVERYWHERE, Actor, can, covers
from retailops.lib.errors import Denied, hidden
from retailops.replays.commands import acted_with, kinds_by_view, viewed_with
from retailops.replays.models import REPLAY, BulkOperation


def access_operation(
    actor: Actor,
    operation_id: UUID,
    *,
    act: bool = False,
    replay: bool = False,
    kinds: Collection[str] = (),
    lock: bool = False,
) -> BulkOperation:
    """Return the operation for who may see all regions and brands that it reaches into.

    To `act` on it takes its kind's permission too (`may_act`); `replay`: there is no other kind; `kinds`: there are no
    others. Raises NotFound to
    whoever may not see it, else Denied.
    """
    rows = BulkOperation.objects.select_for_update() if lock else BulkOperation.objects.all()
    operation = rows.filter(pk=operation_id).first()
    if operation is None or not _everywhere(actor, viewed_with(operation.kind), operation):
        raise hidden()
    if (replay and operation.kind != REPLAY) or (kinds and operation.kind not in kinds):
        raise hidden()
    if act and not may_act(actor, operation):
        permission = acted_with(operation.kind)
        raise Denied(f"{actor.label} does not hold the permission {permission} for all of it.", permission=permission)
    return operation


def may_act(actor: Actor, operation: BulkOperation) -> bool:
    """Tell whether the actor may start, cancel and resume it: holds its permission in all of its regions and brands.

    What runs a command on each thing may be ended by who began it, too: each thing's own command checks again.
    """
    permission = acted_with(operation.kind)
    mine = operation.kind != REPLAY and operation.requested_by == actor.key and can(actor, permission)
    return mine or _everywhere(actor, permission, operation)


def _everywhere(actor: Actor, permission: str, operation: BulkOperation) -> bool:
    return covers(actor, permission, operation.regions or [""], operation.brands or [""])


def operations_visible_to(actor: Actor) -> QuerySet[BulkOperation]:
    """Return the operations whose regions and brands lie within one grant of the actor."""
    allowed = Q(pk__in=[])
    for permission, kinds in kinds_by_view().items():
        allowed |= Q(kind__in=kinds) & _within(actor, permission)
    return BulkOperation.objects.filter(allowed)


def _within(actor: Actor, permission: str) -> Q:
    allowed = Q(pk__in=[])
    for grant in actor.grants:
        if permission in grant.permissions:
            allowed |= (_among("regions", grant.regions) & _among("brands", grant.brands)) or ~Q(pk__in=[])
    return allowed


def _among(name: str, allowed: frozenset[str]) -> Q:
    return Q() if EVERYWHERE in allowed else Q((f"{name}__contained_by", sorted(allowed)))
