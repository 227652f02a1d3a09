"""Fetch + scope + permission + lock, in one call."""

from uuid import UUID

from django.db.models import Q, QuerySet

from retailops.accounts.actor import Actor, can, require, scope_q
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, hidden
from retailops.sla.models import SlaClock, SlaPolicy

VIEW, MANAGE = Permission.POLICIES_VIEW, Permission.POLICIES_MANAGE


def policies_visible_to(actor: Actor) -> QuerySet[SlaPolicy]:
    """Return the promises that hold somewhere where the actor may look: those of its scope, and those for any."""
    if not can(actor, VIEW):
        return SlaPolicy.objects.none()
    everywhere = Q(region="", brand="")
    return SlaPolicy.objects.select_related("calendar").filter(
        everywhere | scope_q(actor, VIEW) | Q(region="") & scope_q(actor, VIEW, region="")
    )


def access_policy(
    actor: Actor, policy_id: UUID, permission: str = VIEW, *, lock: bool = False, revision: int | None = None
) -> SlaPolicy:
    """Return the version. Raises NotFound to whoever may not see it, Denied, Conflict where `revision` is another."""
    policy = policies_visible_to(actor).filter(pk=policy_id).first()
    if policy is None:
        raise hidden()
    if permission != VIEW:
        require(actor, permission, region=policy.region, brand=policy.brand)
    if lock:
        policy = SlaPolicy.objects.select_for_update(no_key=True).get(pk=policy_id)
    if revision is not None and policy.revision != revision:
        raise Conflict("Somebody changed it since you opened it: look again.", code="stale", present=policy.revision)
    return policy


def clocks_visible_to(actor: Actor) -> QuerySet[SlaClock]:
    """Return the clocks of what the actor may see: whoever looks after returns or cases there."""
    return SlaClock.objects.filter(seen_by(actor))


def seen_by(actor: Actor) -> Q:
    """Return the filter for clocks, and for the events that move them, of what the actor may see."""
    return scope_q(actor, Permission.RETURNS_VIEW) | scope_q(actor, Permission.DASHBOARDS_VIEW)
