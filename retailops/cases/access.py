"""Fetch + scope + permission + lock, in one call."""

from uuid import UUID

from retailops.accounts.actor import EVERYWHERE, Actor, can, require, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.models import Approval, Case, CaseGroup, CaseRule, CaseStatus, SavedView
from retailops.lib.errors import Denied, NotFound, hidden


def access_case(actor: Actor, case_id: UUID, permission: str = Permission.CASES_VIEW, *, lock: bool = False) -> Case:
    """Return the case with its group and owner. Raises NotFound to whoever may not see it, else Denied."""
    rows = Case.objects.select_related("group", "owner")
    if lock:
        rows = rows.select_for_update(of=("self",))
    case = rows.filter(pk=case_id).first()
    if case is None:
        raise hidden()
    require(actor, permission, region=case.region, brand=case.brand, view=Permission.CASES_VIEW)
    return case


def access_approval(
    actor: Actor, approval_id: UUID, permission: str = Permission.CASES_VIEW, *, lock: bool = False
) -> Approval:
    """Return the approval. Raises NotFound to whoever may not see it, else Denied."""
    rows = Approval.objects.select_for_update() if lock else Approval.objects.all()
    approval = rows.filter(pk=approval_id).first()
    if approval is None:
        raise hidden()
    require(actor, permission, region=approval.region, brand=approval.brand, view=Permission.CASES_VIEW)
    return approval


def access_group(
    actor: Actor, group_id: UUID, permission: str = Permission.CASES_VIEW, *, lock: bool = False, whole: bool = False
) -> CaseGroup:
    """Return the group with its owner. Raises NotFound to whoever may see none of its cases, else Denied.

    A group is of no region. Who holds the permission on one of its cases may note and tag it; what changes all of its
    cases (`whole`) takes the permission on every open one.
    """
    rows = CaseGroup.objects.select_related("owner")
    if lock:
        rows = rows.select_for_update(of=("self",))
    group = rows.filter(pk=group_id).first()
    cases = Case.objects.filter(group_id=group_id)
    if group is None or not cases.filter(scope_q(actor, Permission.CASES_VIEW)).exists():
        if not can(actor, Permission.CASES_VIEW):
            raise Denied(f"{actor.label} does not hold the permission {Permission.CASES_VIEW}.", permission=permission)
        raise hidden()
    mine = scope_q(actor, permission)
    if permission != Permission.CASES_VIEW and not cases.filter(mine).exists():
        raise Denied(f"{actor.label} does not hold the permission {permission} here.", permission=permission)
    if whole and cases.filter(status=CaseStatus.OPEN).exclude(mine).exists():
        detail = "The group has open cases of other regions or brands: somebody who works all of them must do this."
        raise Denied(detail, permission=permission)
    return group


def access_rule(actor: Actor, rule_id: UUID, *, lock: bool = False) -> CaseRule:
    """Return the rule. Raises NotFound or Denied to whoever may not manage rules of its region."""
    rows = CaseRule.objects.select_for_update(of=("self",)) if lock else CaseRule.objects.all()
    require(actor, Permission.CASES_MANAGE)
    rule = rows.filter(pk=rule_id).first()
    if rule is None:
        raise NotFound("There is no such rule.")
    manage = Permission.CASES_MANAGE
    require(actor, manage, region=rule.region or EVERYWHERE, view=manage)
    return rule


def access_view(actor: Actor, view_id: UUID) -> SavedView:
    """Return a saved view of the actor's own. Raises NotFound for those of others, whoever may open them."""
    require(actor, Permission.CASES_VIEW)
    mine = SavedView.objects.filter(owner_id=UUID(actor.id)) if actor.kind == "user" else SavedView.objects.none()
    view = mine.filter(pk=view_id).first()
    if view is None:
        raise NotFound("There is no such view of yours.")
    return view
