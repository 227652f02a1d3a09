"""Send claims to their suppliers: above the supplier's limit only with a second person's word."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from inventory.enums import Disposition
from inventory.services import MoveIn, book_moves
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.inputs import ApprovalIn
from retailops.lib.errors import Conflict, Denied
from retailops.lib.fsm import fire
from retailops.lib.money import Money
from returns.claim_access import access_claim
from returns.enums import ClaimStatus, DispositionStatus
from returns.events.claims import ClaimApprovalRefused, ClaimApprovalRequested, ClaimApproved, ClaimSent
from returns.models import ClaimLine, SupplierClaim
from returns.services.claim_telling import keep, line_facts

APPROVAL_KIND = "claim"
VALID_FOR = timedelta(days=7)


@transaction.atomic
def request_claim_approval(
    *, actor: Actor, claim_id: UUID, reason: str, expected_version: int | None = None
) -> SupplierClaim:
    """Ask a second person to agree that a draft is sent; their word sends it.

    Again while it waits: nothing changes. Raises Invalid without a reason, TransitionRefused, Conflict (stale), Denied,
    NotFound.
    """
    claim = access_claim(actor, claim_id, Permission.CLAIMS_WORK, lock=True, expected_version=expected_version)
    if claim.status == ClaimStatus.PENDING_APPROVAL:
        return claim
    fire(claim.ask_approval)
    claim.requested_by = actor.key
    claim.approval = cases.request_approval(actor, _asked(claim, reason))
    return keep(actor, claim, ClaimApprovalRequested, reason=reason)


def _asked(claim: SupplierClaim, reason: str) -> ApprovalIn:
    rules = []
    if claim.supplier.needs_approval(claim.claimed, claim.currency):
        rules.append("above the limit for going by itself")
    return ApprovalIn(
        kind=APPROVAL_KIND,
        subject=claim.as_subject(),
        payload=_bound(claim),
        reason=reason,
        money=Money(claim.claimed, claim.currency),
        asked={"rules": rules, "number": claim.number, "supplier": claim.supplier.name},
        valid_for=VALID_FOR,
    )


def _bound(claim: SupplierClaim) -> dict[str, str]:
    return {"claim": str(claim.id), "supplier": claim.supplier.code}


@transaction.atomic
def send_claim(
    *, actor: Actor, claim_id: UUID, tracking: str = "", expected_version: int | None = None
) -> SupplierClaim:
    """Send a draft to its supplier; goods that go with it leave the stock. Sent already: nothing changes.

    Raises Conflict (`approval-needed` above the supplier's limit, goods not placed yet, not enough stock, stale),
    TransitionRefused, Denied, NotFound.
    """
    claim = access_claim(actor, claim_id, Permission.CLAIMS_WORK, lock=True)
    if claim.sent_at is not None:
        return claim
    claim = access_claim(actor, claim_id, Permission.CLAIMS_WORK, expected_version=expected_version)
    if claim.status == ClaimStatus.PENDING_APPROVAL:
        raise Conflict("It waits for a second person's word.", code="approval-needed")
    if claim.supplier.needs_approval(claim.claimed, claim.currency):
        raise Conflict("Above the limit: a second person must agree first.", code="approval-needed")
    return _send(actor, claim, tracking)


def _send(actor: Actor, claim: SupplierClaim, tracking: str = "") -> SupplierClaim:
    lines = list(claim.lines.select_related("location", "slice"))
    if claim.send_back:
        _hand_out(actor, claim, lines)
    fire(claim.send)
    claim.tracking = tracking
    return keep(actor, claim, ClaimSent, lines=line_facts(lines), tracking=tracking)


def _hand_out(actor: Actor, claim: SupplierClaim, lines: list[ClaimLine]) -> None:
    if any(line.slice and line.slice.status != DispositionStatus.POSTED for line in lines):
        raise Conflict("Some of the goods are not placed by the warehouse yet.", code="not-placed")
    moves = [goods_move(claim, line, line.quantity, f"claim:{claim.id}:{line.line_no}") for line in lines]
    book_moves(actor=actor, moves=moves)
    for line in lines:
        line.sent = line.quantity
    ClaimLine.objects.bulk_update(lines, ["sent"])


def goods_move(
    claim: SupplierClaim, line: ClaimLine, quantity: int, key: str, *, back_at: str = "", reason: str = ""
) -> MoveIn:
    """Return the move of goods to the supplier, or back into quarantine at the location `back_at`."""
    source, target = (Disposition.EXTERNAL, Disposition.QUARANTINE) if back_at else (line.disposition, "external")
    return MoveIn(
        effect_key=key,
        sku=line.sku,
        quantity=quantity,
        source=source,
        target=target,
        location=back_at or line.location.code,
        subject_type="claim",
        subject_id=claim.id,
        correlation_id=claim.correlation_id,
        lane=str(claim.id),
        region=claim.region,
        brand=claim.brand,
        channel=claim.channel,
        reason=reason,
    )


def take_claim_approval(actor: Actor, claim_id: UUID) -> None:
    """Send a claim whose approval was just given: use it up. For the approval's subscriber."""
    claim = access_claim(actor, claim_id, Permission.APPROVALS_DECIDE, lock=True)
    if actor.key == claim.requested_by:
        detail = "Who asked for the claim cannot approve it: a second person must."
        raise Denied(detail, code="same-person", region=claim.region, brand=claim.brand)
    money = Money(claim.claimed, claim.currency)
    cases.consume_approval(actor, kind=APPROVAL_KIND, subject_id=claim.id, money=money, payload=_bound(claim))
    claim.approved_by = actor.key
    claim = keep(actor, claim, ClaimApproved)
    _send(actor, claim)


def take_claim_refusal(actor: Actor, claim_id: UUID, reason: str) -> None:
    """Make a claim a draft again whose approval was refused or expired. For the approval's subscriber."""
    claim = access_claim(actor, claim_id, Permission.CLAIMS_VIEW, lock=True)
    if claim.status == ClaimStatus.PENDING_APPROVAL:
        fire(claim.go_back_to_draft)
        claim.approval = None
        keep(actor, claim, ClaimApprovalRefused, reason=reason[:200])
