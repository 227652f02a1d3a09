"""Reads of cases and approvals."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from retailops.accounts.actor import Actor, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.models import Approval, ApprovalStatus, Case, CaseGroup, CaseStatus
from retailops.lib.clock import now


def cases_visible_to(actor: Actor) -> QuerySet[Case]:
    """Return the cases in the actor's regions and brands, with group and owner."""
    return Case.objects.select_related("group", "owner").filter(scope_q(actor, Permission.CASES_VIEW))


def open_cases(actor: Actor, *, queue: str = "", snoozed: bool = False) -> QuerySet[Case]:
    """Return open cases, those due first, then by age; without the snoozed ones unless asked for."""
    rows = cases_visible_to(actor).filter(status=CaseStatus.OPEN)
    if not snoozed:
        rows = rows.filter(Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now()))
    if queue:
        rows = rows.filter(queue=queue)
    return rows.order_by("due_at", "opened_at")


def my_cases(actor: Actor) -> QuerySet[Case]:
    """Return the open cases that the person owns."""
    owned = open_cases(actor, snoozed=True)
    return owned.filter(owner=UUID(actor.id)) if actor.kind == "user" else owned.none()


def open_groups(actor: Actor, *, queue: str = "") -> QuerySet[CaseGroup]:
    """Return groups with open cases in the actor's scope, each with open_count, subjects, oldest_at, breach_at."""
    visible = scope_q(actor, Permission.CASES_VIEW, region="cases__region", brand="cases__brand")
    rows = CaseGroup.objects.filter(visible, cases__status=CaseStatus.OPEN)
    if queue:
        rows = rows.filter(queue=queue)
    counted = rows.annotate(
        open_count=Count("cases", distinct=True),
        subjects=Count("cases__correlation_id", distinct=True),
        oldest_at=Min("cases__opened_at"),
        breach_at=Min("cases__due_at"),
    )
    return counted.order_by("breach_at", "oldest_at")


def open_cases_of(subject_ids: list[UUID]) -> QuerySet[Case]:
    """Return the open cases about any of these subjects."""
    return Case.objects.filter(subject_id__in=subject_ids, status=CaseStatus.OPEN)


def cases_of_story(correlation_id: UUID) -> QuerySet[Case]:
    """Return all cases of one correlation id, in order, with notes."""
    rows = Case.objects.filter(correlation_id=correlation_id).select_related("group", "owner")
    return rows.prefetch_related("notes").order_by("opened_at")


def approvals_visible_to(actor: Actor) -> QuerySet[Approval]:
    """Return the approvals in the regions and brands where the actor sees cases or decides approvals."""
    sees, decides = scope_q(actor, Permission.CASES_VIEW), scope_q(actor, Permission.APPROVALS_DECIDE)
    return Approval.objects.filter(sees | decides)


def approvals_waiting_for(actor: Actor, at: datetime | None = None) -> QuerySet[Approval]:
    """Return what the actor may decide now (or at `at`): requested, not by themselves, not expired; the first to expire
    first."""
    rows = Approval.objects.filter(scope_q(actor, Permission.APPROVALS_DECIDE), status=ApprovalStatus.REQUESTED)
    return rows.exclude(requested_by=actor.key).filter(expires_at__gt=at or now()).order_by("expires_at")
