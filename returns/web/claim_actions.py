"""What a person may do with a claim: when not now and why, form, command, and what follows from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.lib.money import Money
from returns.enums import ClaimStatus
from returns.inputs import read
from returns.inputs.claims import ClaimCreditIn, GoodsBackIn
from returns.models import SupplierClaim
from returns.services import claim_answers, claim_closing, claim_sending
from returns.web import claim_forms as forms

C = ClaimStatus
Data = Mapping[str, Any]
UNSENT = (C.DRAFT, C.PENDING_APPROVAL)


@dataclass(frozen=True)
class ClaimAction:
    """One command as a person is offered it."""

    key: str
    label: str
    icon: str
    blocked: Callable[[SupplierClaim], str]
    form: type[forms.ClaimForm]
    run: Callable[[Actor, SupplierClaim, Data], object]
    consequence: Callable[[SupplierClaim], str]
    done: str
    danger: bool = False


@dataclass(frozen=True)
class ClaimOffer:
    """An action with the reason why not now; an empty reason means that it may be done."""

    action: ClaimAction
    reason: str


def offers(actor: Actor, claim: SupplierClaim) -> list[ClaimOffer]:
    """Return the actions that the actor's role allows on this claim."""
    if not can(actor, Permission.CLAIMS_WORK, region=claim.region, brand=claim.brand):
        return []
    return [ClaimOffer(action, action.blocked(claim)) for action in ACTIONS.values()]


def _over_limit(claim: SupplierClaim) -> bool:
    return claim.supplier.needs_approval(claim.claimed, claim.currency)


def _why_not_sent(claim: SupplierClaim) -> str:
    if claim.status == C.PENDING_APPROVAL:
        return "It waits for a second person's word."
    if claim.status != C.DRAFT:
        return "It was sent already."
    return "Above the limit: ask a second person first." if _over_limit(claim) else ""


def _why_not_asked(claim: SupplierClaim) -> str:
    return "" if claim.status == C.DRAFT else "Only while it is a draft."


def _awaited(*statuses: ClaimStatus) -> Callable[[SupplierClaim], str]:
    words = " or ".join(str(status.label).lower() for status in statuses)
    return lambda claim: "" if claim.status in statuses else f"Only while the claim is {words}."


def _why_not_credited(claim: SupplierClaim) -> str:
    return "" if claim.sent_at and claim.status != C.CLOSED else "Only once it was sent, and until it is closed."


def _why_not_back(claim: SupplierClaim) -> str:
    if any(line.sent > line.came_back for line in claim.lines.all()):
        return ""
    return "Nothing of it is at the supplier."


def _why_not_closed(claim: SupplierClaim) -> str:
    if claim.status == C.CLOSED:
        return "It is closed already."
    if claim.status in (C.SENT, C.PENDING_CREDIT):
        return "The supplier's answer is awaited: record its credit or its refusal first."
    return "The write-off waits for a second person." if claim_closing.write_off_waiting(claim) else ""


def _closing_means(claim: SupplierClaim) -> str:
    if claim.status in UNSENT:
        return "The draft is dropped; its units may be claimed again."
    rest = Money(claim.outstanding, claim.currency)
    if not claim.outstanding:
        return "Nothing is outstanding; the claim ends."
    second = " It is above the limit: a second person decides." if claim.supplier.needs_approval(
        claim.outstanding, claim.currency
    ) else ""  # fmt: skip
    return f"{rest} that the supplier did not credit is written off.{second}"


def _credit(actor: Actor, claim: SupplierClaim, data: Data) -> object:
    told = {"currency": claim.currency} | {name: data[name] for name in ("reference", "amount", "final", "explanation")}
    return claim_answers.credit_claim(actor=actor, claim_id=claim.id, credit=read(ClaimCreditIn, told))


def _goods_back(actor: Actor, claim: SupplierClaim, data: Data) -> object:
    told = {name: data[name] for name in ("scan_id", "location", "lines")}
    return claim_answers.receive_goods_back(actor=actor, claim_id=claim.id, goods=read(GoodsBackIn, told))


def _goods_go(claim: SupplierClaim) -> str:
    goods = "The goods leave the stock with it." if claim.send_back else "The goods stay here."
    return f"{claim.supplier.name} is asked for {Money(claim.claimed, claim.currency)}. {goods}"


ACTIONS: dict[str, ClaimAction] = {
    action.key: action
    for action in (
        ClaimAction(
            "send", "Send to supplier", "paper-airplane", _why_not_sent, forms.SendForm,
            lambda actor, claim, data: claim_sending.send_claim(
                actor=actor, claim_id=claim.id, tracking=data["tracking"], expected_version=data["expected_version"]
            ),
            _goods_go, "Claim sent.",
        ),
        ClaimAction(
            "ask", "Ask a second person", "hand-raised", _why_not_asked, forms.ReasonForm,
            lambda actor, claim, data: claim_sending.request_claim_approval(
                actor=actor, claim_id=claim.id, reason=data["reason"], expected_version=data["expected_version"]
            ),
            lambda claim: "It waits in Approvals. Their word sends it.", "Asked. It waits in Approvals.",
        ),
        ClaimAction(
            "acknowledge", "Supplier has it", "check", _awaited(C.SENT), forms.AcknowledgeForm,
            lambda actor, claim, data: claim_answers.acknowledge_claim(
                actor=actor, claim_id=claim.id, supplier_reference=data["supplier_reference"]
            ),
            lambda claim: "The claim counts as received there; its credit is awaited.", "Noted.",
        ),
        ClaimAction(
            "credit", "Record credit", "banknotes", _why_not_credited,
            forms.CreditForm, _credit,
            lambda claim: "Credits add up. When all is credited the claim closes by itself.", "Credit recorded.",
        ),
        ClaimAction(
            "refuse", "Record refusal", "no-symbol", _awaited(C.SENT, C.PENDING_CREDIT), forms.ReasonForm,
            lambda actor, claim, data: claim_answers.refuse_claim(
                actor=actor, claim_id=claim.id, reason=data["reason"]
            ),
            lambda claim: f"A case opens over {Money(claim.outstanding, claim.currency)}.", "Refusal recorded.",
            danger=True,
        ),
        ClaimAction(
            "goods_back", "Goods came back", "archive-box-arrow-down", _why_not_back, forms.GoodsBackForm, _goods_back,
            lambda claim: "The units stand in quarantine until somebody decides about them.", "Taken in.",
        ),
        ClaimAction(
            "close", "Close", "lock-closed", _why_not_closed, forms.ReasonForm,
            lambda actor, claim, data: claim_closing.close_claim(
                actor=actor, claim_id=claim.id, reason=data["reason"], expected_version=data["expected_version"]
            ),
            _closing_means, "Done.", danger=True,
        ),
    )
}  # fmt: skip
