"""Marketplaces that should have refunded and have told nothing."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case, CaseStatus
from retailops.lib.clock import now
from returns import troubles
from returns.access import access_refund
from returns.enums import Destination, RefundStatus
from returns.models import Refund
from returns.money_paths import MARKETPLACE
from returns.policy import rules_of
from returns.services.closing import finish


def silent_refunds(limit: int) -> list[UUID]:
    """Return refunds that wait for a marketplace's word beyond their policy's days, without an open case of it."""
    rows = Refund.objects.filter(status=RefundStatus.PENDING, destination=Destination.TENDER)
    rows = rows.filter(payment__tender=MARKETPLACE) | rows.filter(payment__gateway=MARKETPLACE)
    asked = Case.objects.filter(kind="marketplace_silent", status=CaseStatus.OPEN).values("subject_id")
    waiting = rows.exclude(id__in=asked).select_related("rma__policy").order_by("submitted_at", "id")
    return [refund.id for refund in waiting.iterator() if _overdue(refund)][:limit]


def _overdue(refund: Refund) -> bool:
    days = rules_of(refund.rma.policy).marketplace_days
    return refund.submitted_at is not None and refund.submitted_at <= now() - timedelta(days=days)


@transaction.atomic
def chase_silence(actor: Actor, refund_id: UUID) -> None:
    """Open the case of a refund that still waits; it ends by itself when the marketplace tells."""
    refund = access_refund(actor, refund_id, Permission.REFUNDS_VIEW, lock=True)
    if refund.status == RefundStatus.PENDING and _overdue(refund):
        troubles.marketplace_silent(actor, refund, rules_of(refund.rma.policy).marketplace_days)
        finish(actor, refund.rma)
