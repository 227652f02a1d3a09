"""Trouble with claims on suppliers. It is a case of the claim, not of its return: the customer's side may end."""

from typing import Any

from retailops.accounts.actor import Actor
from retailops.cases.services import resolve_troubles
from retailops.events.catalog import Subject
from retailops.lib.money import Money
from returns.models import DispositionSlice, SupplierClaim
from returns.troubles.opening import open_trouble

KINDS = ("claim_overdue", "claim_refused", "claim_short")


def claim_overdue(actor: Actor, claim: SupplierClaim) -> None:
    """The supplier has not answered in time."""
    open_trouble(
        actor,
        "claim_overdue",
        claim.as_subject(),
        f"{claim.number}: {claim.supplier.name} has not credited {Money(claim.outstanding, claim.currency)} in time",
        "Ask the supplier; record the credit or the refusal on the claim",
        amount=claim.outstanding,
        currency=claim.currency,
        cause="A supplier has not credited a claim in time",
    )


def claim_refused(actor: Actor, claim: SupplierClaim, reason: str) -> None:
    """The supplier will not pay."""
    open_trouble(
        actor,
        "claim_refused",
        claim.as_subject(),
        f"{claim.number}: {claim.supplier.name} refused {Money(claim.outstanding, claim.currency)}",
        "Argue and record the credit, or close the claim and write the rest off; take the goods in when they come back",
        detail=reason,
        amount=claim.outstanding,
        currency=claim.currency,
        cause="A supplier refused a claim",
    )


def claim_short(actor: Actor, claim: SupplierClaim) -> None:
    """The supplier credited less than was claimed, and nothing more will come."""
    open_trouble(
        actor,
        "claim_short",
        claim.as_subject(),
        f"{claim.number}: {claim.supplier.name} credited {Money(claim.outstanding, claim.currency)} less than claimed",
        "Write the rest off, or record a further credit",
        detail=claim.difference_reason,
        amount=claim.outstanding,
        currency=claim.currency,
        cause="A supplier credited less than was claimed",
    )


def end_claim_troubles(actor: Actor, claim: SupplierClaim, reason: str, evidence: dict[str, Any]) -> None:
    """Resolve the claim's open cases: what they were about has ended."""
    for kind in KINDS:
        resolve_troubles(actor, f"{kind}:{claim.id}", reason, evidence)


def nobody_to_claim(actor: Actor, part: DispositionSlice, why: str) -> None:
    """Goods stand ready for their supplier, and no claim can be drafted."""
    rma = part.line.rma.as_subject()
    subject = Subject("disposition", part.id, rma.correlation_id, rma.lane, rma.region, rma.brand, rma.channel)
    open_trouble(
        actor,
        "claim_not_drafted",
        subject,
        f"{part.line.rma.number}: {part.quantity} of {part.line.sku} wait for their supplier, and {why}",
        "Complete the supplier's terms and draft the claim, or decide another place for the goods",
        evidence={"sku": part.line.sku, "quantity": part.quantity},
        cause="Goods wait for their supplier and cannot be claimed",
    )
