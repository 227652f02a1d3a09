"""Tell what became of a claim, and keep it."""

from collections.abc import Iterable
from typing import Any, TypeVar

from retailops.accounts.actor import Actor
from retailops.events.publish import publish
from retailops.lib.clock import now
from returns.events.claims import ClaimFact, ClaimLineFact
from returns.models import ClaimLine, SupplierClaim, SupplierSku

Fact = TypeVar("Fact", bound=ClaimFact)


def claim_fact(kind: type[Fact], claim: SupplierClaim, **more: Any) -> Fact:
    """Return a fact of the claim; supplier and return must be loaded."""
    return kind(
        claim_id=str(claim.id),
        number=claim.number,
        supplier=claim.supplier.code,
        status=str(claim.status),
        currency=claim.currency,
        claimed=claim.claimed,
        credited=claim.credited,
        written_off=claim.written_off,
        outstanding=claim.outstanding,
        send_back=claim.send_back,
        return_number=claim.rma.number if claim.rma else "",
        supplier_reference=claim.supplier_reference,
        **more,
    )


def line_facts(lines: Iterable[ClaimLine]) -> list[ClaimLineFact]:
    """Return the facts of the lines, with the supplier's own names of the skus; locations must be loaded."""
    lines = list(lines)
    names = dict(SupplierSku.objects.filter(sku__in={line.sku for line in lines}).values_list("sku", "supplier_sku"))
    return [
        ClaimLineFact(
            line.line_no,
            line.sku,
            line.quantity,
            line.unit_cost,
            str(line.disposition),
            line.location.code,
            names.get(line.sku, ""),
        )
        for line in lines
    ]


def keep(actor: Actor, claim: SupplierClaim, kind: type[ClaimFact], *, reason: str = "", **more: Any) -> SupplierClaim:
    """Save the locked claim as its next version and tell the event, with the reason beside it; return it."""
    claim.version += 1
    claim.updated_at = now()
    claim.save()
    fact = claim_fact(kind, claim, **more)
    publish(fact, subject=claim.as_subject(), actor=actor, words=reason)
    return claim
