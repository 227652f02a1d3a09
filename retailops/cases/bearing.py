"""Groups bear files of evidence: attachments that everybody who works the cause reads."""

from uuid import UUID

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.access import access_group
from retailops.cases.evidence import Bearer, register_subject
from retailops.cases.models import Case
from retailops.events.catalog import Subject

GROUP = "case_group"


def register() -> None:
    """Let groups bear files."""
    register_subject(GROUP, Bearer(_group, Permission.CASES_VIEW, (Permission.CASES_WORK,)))


def _group(actor: Actor, group_id: UUID) -> Subject:
    """Return the group as a subject in the region and brand of its newest case that the actor may see.

    A group is of no region, but a file of it is: it may show what only people of that region may see.
    """
    group = access_group(actor, group_id)
    rows = Case.objects.filter(scope_q(actor, Permission.CASES_VIEW), group=group).order_by("-id")
    works = rows.filter(scope_q(actor, Permission.CASES_WORK))
    case = works.first() or rows.first()
    region, brand = (case.region, case.brand) if case else ("", "")
    return Subject(GROUP, group.id, group.id, str(group.id), region, brand)
