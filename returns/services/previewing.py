"""What would be refunded, and why each part of it: nothing is written or reserved."""

from dataclasses import dataclass, field
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.money import Money
from returns.access import access_return
from returns.enums import Destination
from returns.inputs import RefundProposalIn
from returns.refund_explanation import Explanation, explain
from returns.refund_planning import Plan, after, plan_by_person, plan_by_policy
from returns.refund_terms import Terms, read_terms
from returns.services.refunds import why_approval
from returns.worth import Part


@dataclass(frozen=True)
class RefundPreview:
    """What would be refunded now to one destination, how and why."""

    total: Money
    bonus: Money
    parts: list[Part]
    tenders: list[tuple[UUID, Money]]
    needs_approval: bool
    why: Explanation
    reasons: list[str] = field(default_factory=list)


def preview_refund(actor: Actor, return_id: UUID, proposal: RefundProposalIn | None = None) -> list[RefundPreview]:
    """Return what policy would refund now, or what the proposal would: one preview for each way that money goes.

    At least one, which may be of nothing. Raises NotFound, Denied, and as propose_refund for a proposal.
    """
    rma = access_return(actor, return_id, Permission.REFUNDS_VIEW)
    terms = read_terms(rma, by_itself=False)
    if proposal is not None:
        return [_preview(terms, plan_by_person(terms, proposal))]
    return previews_by_policy(terms)


def previews_by_policy(terms: Terms) -> list[RefundPreview]:
    """Return what policy would refund under these terms, one preview for each way; at least one, maybe of nothing."""
    found = []
    for way in list(terms.due()) or [Destination.TENDER]:
        plan = plan_by_policy(terms, way)
        found.append(_preview(terms, plan))
        terms = after(terms, plan)
    return found


def _preview(terms: Terms, plan: Plan) -> RefundPreview:
    currency = terms.rma.currency
    reasons = why_approval(terms, plan)
    return RefundPreview(
        total=Money(plan.calculation.total, currency),
        bonus=Money(plan.bonus, currency),
        parts=plan.calculation.parts,
        tenders=[(tender.payment_id, Money(amount, currency)) for tender, amount in plan.spread],
        needs_approval=bool(reasons),
        why=explain(terms, plan),
        reasons=reasons,
    )
