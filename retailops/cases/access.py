"""Fetch + scope + permission + lock, in one call."""

from uuid import UUID

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases.models import Approval, Case
from retailops.lib.errors import NotFound


def access_case(actor: Actor, case_id: UUID, permission: str = Permission.CASES_VIEW, *, lock: bool = False) -> Case:
    """Return the case with its group and owner. Raises NotFound to whoever may not see it, else Denied."""
    rows = Case.objects.select_related("group", "owner")
    if lock:
        rows = rows.select_for_update(of=("self",))
    case = rows.filter(pk=case_id).first()
    if case is None:
        raise NotFound("There is no such case, or it is not yours to see.")
    require(actor, permission, region=case.region, brand=case.brand, view=Permission.CASES_VIEW)
    return case


def access_approval(
    actor: Actor, approval_id: UUID, permission: str = Permission.CASES_VIEW, *, lock: bool = False
) -> Approval:
    """Return the approval. Raises NotFound to whoever may not see it, else Denied."""
    rows = Approval.objects.select_for_update() if lock else Approval.objects.all()
    approval = rows.filter(pk=approval_id).first()
    if approval is None:
        raise NotFound("There is no such approval, or it is not yours to see.")
    require(actor, permission, region=approval.region, brand=approval.brand, view=Permission.CASES_VIEW)
    return approval
