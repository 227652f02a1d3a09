"""Close claims: all credited, dropped before sending, or with the rest written off — above the limit by two."""

from typing import Any
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval, ApprovalStatus
from retailops.lib.errors import Conflict, Denied, Invalid
from retailops.lib.fsm import fire
from retailops.lib.money import Money
from returns.claim_access import access_claim
from returns.enums import ClaimStatus
from returns.events.claims import ClaimClosed
from returns.models import ClaimLine, SupplierClaim
from returns.services.claim_sending import APPROVAL_KIND, VALID_FOR
from returns.services.claim_telling import keep
from returns.troubles import claims as troubles

WRITE_OFF_KIND = "claim_write_off"
UNSENT = (ClaimStatus.DRAFT, ClaimStatus.PENDING_APPROVAL)


@transaction.atomic
def close_claim(*, actor: Actor, claim_id: UUID, reason: str, expected_version: int | None = None) -> SupplierClaim:
    """Close a claim: a draft is dropped and its units are free again; what was not credited is written off.

    A write-off above the supplier's limit waits for a second person, whose word closes it: the claim is returned as it
    is until then. Closed already: nothing changes. Raises Invalid without a reason, TransitionRefused while the
    supplier's answer is awaited, Conflict (stale), Denied, NotFound.
    """
    claim = access_claim(actor, claim_id, Permission.CLAIMS_WORK, lock=True)
    if claim.status == ClaimStatus.CLOSED:
        return claim
    claim = access_claim(actor, claim_id, Permission.CLAIMS_WORK, expected_version=expected_version)
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    if claim.status in UNSENT:
        return _drop(actor, claim, reason)
    rest = claim.outstanding
    if claim.status in (ClaimStatus.CREDITED, ClaimStatus.REFUSED) and claim.supplier.needs_approval(
        rest, claim.currency
    ):
        cases.request_approval(actor, _asked(claim, reason))
        return claim
    return _write_off(actor, claim, reason)


def _drop(actor: Actor, claim: SupplierClaim, reason: str) -> SupplierClaim:
    cases.void_approval(actor, kind=APPROVAL_KIND, subject_id=claim.id, reason="the claim was dropped")
    ClaimLine.objects.filter(claim=claim).update(live=False)
    fire(claim.close)
    claim.approval = None
    return keep(actor, claim, ClaimClosed, reason=reason[:200])


def _asked(claim: SupplierClaim, reason: str) -> ApprovalIn:
    return ApprovalIn(
        kind=WRITE_OFF_KIND,
        subject=claim.as_subject(),
        payload=_bound(claim),
        reason=reason,
        money=Money(claim.outstanding, claim.currency),
        asked={"rules": ["write-off above the limit"], "number": claim.number, "supplier": claim.supplier.name},
        valid_for=VALID_FOR,
    )


def _bound(claim: SupplierClaim) -> dict[str, Any]:
    return {"claim": str(claim.id), "credited": claim.credited}


def write_off_waiting(claim: SupplierClaim) -> Approval | None:
    """Return the write-off of the claim that waits for a second person, if there is one."""
    rows = Approval.objects.filter(kind=WRITE_OFF_KIND, subject_id=claim.id, status=ApprovalStatus.REQUESTED)
    return rows.first()


def take_write_off(actor: Actor, claim_id: UUID, reason: str) -> None:
    """Write off what a second person has just agreed to, and close. For the approval's subscriber."""
    claim = access_claim(actor, claim_id, Permission.APPROVALS_DECIDE, lock=True)
    money = Money(claim.outstanding, claim.currency)
    found = cases.consume_approval(actor, kind=WRITE_OFF_KIND, subject_id=claim.id, money=money, payload=_bound(claim))
    if found.requested_by == actor.key:
        detail = "Who asked for the write-off cannot approve it: a second person must."
        raise Denied(detail, code="same-person", region=claim.region, brand=claim.brand)
    _write_off(actor, claim, found.reason or reason)


def _write_off(actor: Actor, claim: SupplierClaim, reason: str) -> SupplierClaim:
    claim.written_off = claim.outstanding
    if claim.written_off:
        claim.difference_reason = claim.difference_reason or reason[:200]
    return close_settled(actor, claim, reason)


def close_settled(actor: Actor, claim: SupplierClaim, reason: str) -> SupplierClaim:
    """Close the locked claim of which nothing is outstanding, and end its cases."""
    if claim.outstanding:
        raise Conflict("The supplier still owes some of it.", code="not-complete")
    fire(claim.close)
    keep(actor, claim, ClaimClosed, reason=reason[:200])
    evidence = {"credited": claim.credited, "written_off": claim.written_off}
    troubles.end_claim_troubles(actor, claim, reason[:200], evidence)
    return claim
