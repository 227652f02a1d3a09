"""What suppliers answer to claims: they have it, they credit it, they refuse it; and goods that come back."""

from uuid import UUID

from django.db import transaction

from inventory.models import StockMove
from inventory.selectors import location_of
from inventory.services import book_moves
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.lib.errors import Conflict, Invalid, Unprocessable
from retailops.lib.fsm import fire
from returns.claim_access import access_claim
from returns.enums import ClaimStatus
from returns.events.claims import ClaimAcknowledged, ClaimCredited, ClaimGoodsCameBack, ClaimRefused
from returns.inputs.claims import ClaimCreditIn, GoodsBackIn, GoodsBackLineIn
from returns.models import ClaimCredit, ClaimLine, SupplierClaim
from returns.services.claim_closing import WRITE_OFF_KIND, close_settled
from returns.services.claim_sending import goods_move
from returns.services.claim_telling import keep
from returns.troubles import claims as troubles

WORK = Permission.CLAIMS_WORK
ANSWERED = (ClaimStatus.PENDING_CREDIT, ClaimStatus.CREDITED, ClaimStatus.REFUSED, ClaimStatus.CLOSED)


@transaction.atomic
def acknowledge_claim(*, actor: Actor, claim_id: UUID, supplier_reference: str = "") -> SupplierClaim:
    """The supplier has the claim, under a reference of its own. Late or repeated: nothing changes but the reference,
    where none was known.

    Raises Conflict (not sent, the reference is another claim's, the claim has another one), Denied, NotFound.
    """
    claim = access_claim(actor, claim_id, WORK, lock=True)
    _name(claim, supplier_reference)
    if claim.status in ANSWERED and claim.sent_at is not None:
        claim.save(update_fields=["supplier_reference"])
        return claim
    fire(claim.acknowledge)
    return keep(actor, claim, ClaimAcknowledged)


def _name(claim: SupplierClaim, reference: str) -> None:
    if not reference or reference == claim.supplier_reference:
        return
    if claim.supplier_reference:
        raise Conflict(f"The supplier calls this claim {claim.supplier_reference}.", code="reference-reused")
    twins = SupplierClaim.objects.filter(supplier=claim.supplier, supplier_reference=reference)
    if twins.exclude(pk=claim.pk).exists():
        raise Conflict("The supplier calls another claim so.", code="reference-reused")
    claim.supplier_reference = reference


@transaction.atomic
def credit_claim(*, actor: Actor, claim_id: UUID, credit: ClaimCreditIn) -> SupplierClaim:
    """Count a credit note, once for each of the supplier's references; partial credits add up.

    The whole credited closes the claim; a final credit of another amount needs an explanation, and what is missing a
    decision. A credit after the claim was closed takes back as much of the write-off.

    Raises Conflict (not sent, the reference is another credit), Unprocessable (another currency), Invalid (a difference
    without an explanation), Denied, NotFound.
    """
    claim = access_claim(actor, claim_id, WORK, lock=True)
    if _counted(claim, credit):
        return claim
    if claim.sent_at is None:
        raise Conflict(f"The claim is {claim.get_status_display().lower()}: it was never sent.", code="not-sent")
    if credit.currency != claim.currency:
        raise Unprocessable(f"The claim is in {claim.currency}.", code="other-currency")
    _add(actor, claim, credit)
    final = _advance(actor, claim, credit)
    more = {"amount": credit.amount, "credit_reference": credit.reference, "final": final}
    keep(actor, claim, ClaimCredited, reason=credit.explanation, **more)
    if claim.status == ClaimStatus.CREDITED:
        _settle(actor, claim)
    return claim


def _counted(claim: SupplierClaim, credit: ClaimCreditIn) -> bool:
    known = ClaimCredit.objects.filter(supplier=claim.supplier, reference=credit.reference).first()
    if known is None:
        return False
    if (known.claim_id, known.amount, known.currency) != (claim.id, credit.amount, credit.currency):
        raise Conflict("This reference is of another credit.", code="reference-reused")
    return True


def _add(actor: Actor, claim: SupplierClaim, credit: ClaimCreditIn) -> None:
    ClaimCredit.objects.create(
        claim=claim,
        supplier=claim.supplier,
        reference=credit.reference,
        amount=credit.amount,
        currency=credit.currency,
        actor=actor.key,
    )
    claim.credited += credit.amount
    # What a second person may have been asked to write off is another amount by now.
    cases.void_approval(actor, kind=WRITE_OFF_KIND, subject_id=claim.id, reason="credited meanwhile")


def _advance(actor: Actor, claim: SupplierClaim, credit: ClaimCreditIn) -> bool:
    """Move the claim on; tell whether nothing more is to come."""
    if claim.status == ClaimStatus.CLOSED:
        claim.written_off = max(0, min(claim.written_off, claim.claimed - claim.credited))
        return True
    if not credit.final and claim.credited < claim.claimed:
        if claim.status != ClaimStatus.CREDITED:
            fire(claim.credit_in_part)
        return False
    if claim.credited != claim.claimed and not (credit.explanation or claim.difference_reason):
        raise Invalid("Say why it is not what was claimed.", code="reason-needed")
    claim.difference_reason = credit.explanation or claim.difference_reason
    fire(claim.credit)
    return True


def _settle(actor: Actor, claim: SupplierClaim) -> None:
    evidence = {"credited": claim.credited, "claimed": claim.claimed}
    troubles.end_claim_troubles(actor, claim, "the supplier credited it", evidence)
    if claim.outstanding:
        troubles.claim_short(actor, claim)
    else:
        close_settled(actor, claim, "credited")


@transaction.atomic
def refuse_claim(*, actor: Actor, claim_id: UUID, reason: str, supplier_reference: str = "") -> SupplierClaim:
    """The supplier will not credit (the rest of) the claim; a case asks what to do. Refused already: nothing changes.

    Raises Invalid without a reason, TransitionRefused (a stale answer changes nothing), Conflict, Denied, NotFound.
    """
    claim = access_claim(actor, claim_id, WORK, lock=True)
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    if claim.status == ClaimStatus.REFUSED:
        return claim
    _name(claim, supplier_reference)
    fire(claim.refuse)
    claim.difference_reason = reason[:200]
    keep(actor, claim, ClaimRefused, reason=reason[:200])
    troubles.end_claim_troubles(actor, claim, "the supplier answered", {"answer": "refused", "reason": reason[:200]})
    troubles.claim_refused(actor, claim, reason)
    return claim


@transaction.atomic
def receive_goods_back(*, actor: Actor, claim_id: UUID, goods: GoodsBackIn) -> SupplierClaim:
    """Take goods back into quarantine that the supplier did not keep, once for each scan id.

    Raises Unprocessable (more than were sent), Invalid (unknown line or location), Conflict (the scan id was of other
    goods), Denied, NotFound.
    """
    claim = access_claim(actor, claim_id, WORK, lock=True)
    where = location_of(goods.location)
    lines = {line.line_no: line for line in claim.lines.select_related("location")}
    for told in goods.lines:
        line = lines.get(told.line_no)
        if line is None:
            raise Invalid(f"The claim has no line {told.line_no}.", code="unknown-line")
        _take_in(actor, claim, line, told, goods.scan_id, where.code)
    return claim


def _take_in(
    actor: Actor, claim: SupplierClaim, line: ClaimLine, told: GoodsBackLineIn, scan_id: str, where: str
) -> None:
    key = f"claim-back:{claim.id}:{line.line_no}:{scan_id}"[:120]
    known = StockMove.objects.filter(effect_key=key).exists()
    if not known and line.came_back + told.quantity > line.sent:
        raise Unprocessable(
            f"{line.sent - line.came_back} units of line {line.line_no} are at the supplier.", code="more-than-sent"
        )
    book_moves(actor=actor, moves=[goods_move(claim, line, told.quantity, key, back_at=where)])
    if not known:
        line.came_back += told.quantity
        line.save(update_fields=["came_back"])
        keep(actor, claim, ClaimGoodsCameBack, sku=line.sku, quantity=told.quantity, location=where)
