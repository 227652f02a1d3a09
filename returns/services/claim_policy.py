"""What supplier's terms do by themselves: draft a claim for goods decided for their supplier, chase late credits."""

from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from inventory.enums import Disposition
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.lib.clock import now
from retailops.lib.errors import DomainError, Unprocessable
from retailops.lib.money import Money
from returns.claim_access import access_claim
from returns.enums import ClaimStatus, DispositionStatus
from returns.inputs.claims import ClaimIn, ClaimLineIn
from returns.models import ClaimLine, DispositionSlice, SupplierClaim, SupplierSku
from returns.services.claim_drafting import draft_claim
from returns.troubles import claims as troubles

TERMS = Actor.system("supplier terms")
WAITING = (ClaimStatus.SENT, ClaimStatus.PENDING_CREDIT)


def unclaimed_for_vendors() -> QuerySet[DispositionSlice]:
    """Return the verdicts whose units stand ready for their supplier, without a claim and without a case."""
    rows = DispositionSlice.objects.filter(
        disposition=Disposition.RETURN_TO_VENDOR, status=DispositionStatus.POSTED
    ).exclude(Exists(ClaimLine.objects.filter(slice=OuterRef("pk"), live=True)))
    known = Case.objects.filter(subject_id=OuterRef("pk"), kind="claim_not_drafted")
    dropped = ClaimLine.objects.filter(slice=OuterRef("pk"), live=False)
    # What a person dropped is left to people.
    return rows.exclude(Exists(known)).exclude(Exists(dropped))


@transaction.atomic
def claim_slice(slice_id: UUID) -> SupplierClaim | None:
    """Draft the claim for goods decided for their supplier; where that cannot be, open a case that says why."""
    part = unclaimed_for_vendors().select_related("line__rma").filter(pk=slice_id).first()
    if part is None:
        return None
    told = ClaimIn(
        reference=f"terms:{part.id}", reason="decided for the supplier", lines=[ClaimLineIn(slice_id=part.id)]
    )
    try:
        with transaction.atomic():
            return draft_claim(actor=TERMS, claim=told)
    except DomainError as refused:
        why = "; ".join(fault.detail for fault in refused.errors) or refused.detail
        troubles.nobody_to_claim(TERMS, part, why)
        return None


def recover_cost(part: DispositionSlice, *, reason: str, unit_cost: Money | None = None) -> None:
    """Draft the claim for units that warranty made a loss, where their supplier is known and its terms allow it.

    Within the command that decided them. `unit_cost` replaces the cost of the goods. Raises Unprocessable when that is
    in another currency than the supplier's.
    """
    cost = SupplierSku.objects.filter(sku=part.line.sku).first()
    if cost and unit_cost and unit_cost.currency != cost.currency:
        raise Unprocessable(f"The supplier's costs are in {cost.currency}.", code="other-currency")
    line = ClaimLineIn(slice_id=part.id, unit_cost=unit_cost.amount if unit_cost else None)
    told = ClaimIn(reference=f"warranty:{part.id}", reason=reason, lines=[line])
    try:
        with transaction.atomic():
            draft_claim(actor=TERMS, claim=told)
    except DomainError:
        return  # No supplier, or no terms that cover it: the loss is the retailer's.


@transaction.atomic
def chase_claim(claim_id: UUID) -> None:
    """Open a case for a claim whose credit is overdue; due only once."""
    claim = access_claim(TERMS, claim_id, Permission.CLAIMS_VIEW, lock=True)
    if claim.status not in WAITING or claim.due_at is None or claim.due_at > now():
        return
    claim.due_at = None
    claim.save(update_fields=["due_at"])
    troubles.claim_overdue(TERMS, claim)
