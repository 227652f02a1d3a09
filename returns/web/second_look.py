"""What a second person needs to decide on a refund: asked beside allowed, who asks, what came before, what shows it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from retailops.accounts.actor import Actor
from retailops.cases.evidence import digest_of
from retailops.cases.models import Approval, ApprovalStatus, EvidenceFile
from retailops.cases.services import files_before
from retailops.lib.errors import Denied
from returns import vocabulary
from returns.enums import RefundStatus
from returns.limits import who_may_approve
from returns.models import Payment, Refund, RefundOverride, Return
from returns.services.refunds import check_limit
from returns.services.submitting import APPROVAL_KIND
from returns.web.ways import way_in_words

RULES = {
    "manual_amount": ("Amount", "More than policy gives for these units."),
    "fees_waived": ("Fees", "Fees that policy takes off are left out."),
    "shipping": ("Shipping", "More of the shipping than policy gives back."),
    "other_tender": ("Paid back to", "Another payment than policy would choose."),
    "other_destination": ("The customer gets", "Another way than the customer was promised."),
    "no_receipt": ("Receipt", "There is no proof of purchase."),
    "out_of_window": ("Window", "Asked for after the return window had ended."),
}
MOST_NAMES = 5


@dataclass(frozen=True)
class Row:
    """One rule: what it allows, what is asked for, and the difference where both are money."""

    name: str
    words: str
    allowed: Any
    asked: Any
    is_money: bool

    @property
    def difference(self) -> int | None:
        """Return asked less allowed, in minor units."""
        return self.asked - self.allowed if self.is_money else None


@dataclass(frozen=True)
class SecondLook:
    """One refund that waits, as one person who may decide looks at it."""

    actor: Actor
    refund: Refund

    @property
    def approval(self) -> Approval | None:
        """Return the request."""
        return self.refund.approval

    @property
    def waits(self) -> bool:
        """Tell whether it can still be decided."""
        return bool(self.refund.status == RefundStatus.PENDING_APPROVAL)

    @cached_property
    def rows(self) -> list[Row]:
        """Return the rules that are broken, each with both sides."""
        return [self._row(rule, pair) for rule, pair in self.refund.facts.get("broken", {}).items()]

    def _row(self, rule: str, pair: dict[str, Any]) -> Row:
        name, words = RULES.get(rule, (rule.replace("_", " ").capitalize(), ""))
        allowed, asked = pair.get("permitted"), pair.get("requested")
        if rule == "other_tender":
            return Row(name, words, self._tender(allowed), self._tender(asked), is_money=False)
        if rule == "other_destination":
            return Row(name, words, way_in_words(str(allowed)), way_in_words(str(asked)), is_money=False)
        if isinstance(asked, bool):
            return Row(name, words, "Needed", "Left out", is_money=False)
        return Row(name, words, allowed, asked, is_money=isinstance(allowed, int) and isinstance(asked, int))

    def _tender(self, ids: Any) -> str:
        wanted = ids if isinstance(ids, list) else [ids]
        named = {str(each.id): f"{each.tender} by {each.gateway}" for each in self._payments}
        return ", ".join(named.get(str(id), str(id)) for id in wanted)

    @cached_property
    def _payments(self) -> list[Payment]:
        return list(Payment.objects.filter(order_id=self.refund.payment.order_id))

    @property
    def total(self) -> Row:
        """Return what policy permits in all beside what is asked for in all."""
        facts = self.refund.facts
        asked = facts.get("requested", self.refund.amount)
        return Row("Refund in all", "", facts.get("permitted", asked), asked, is_money=True)

    @property
    def above_limit(self) -> bool:
        """Tell whether it waits only because of its amount."""
        return not self.rows

    @cached_property
    def override(self) -> RefundOverride | None:
        """Return what was asked beyond policy, if anything."""
        return RefundOverride.objects.filter(refund=self.refund).first()

    @property
    def reason_words(self) -> str:
        """Return the coded reason in words."""
        return vocabulary.label("override_reason", self.override.reason_code) if self.override else ""

    @cached_property
    def files(self) -> list[EvidenceFile]:
        """Return the files that lie before whoever decides."""
        return files_before(self.approval) if self.approval else []

    @property
    def seen(self) -> str:
        """Return the hash of these files: the decision is upon them and no others."""
        return str(digest_of(self.files)["hash"])

    @cached_property
    def customer(self) -> dict[str, int] | None:
        """Return the customer's returns, refunded money in this currency and earlier overrides; None if not known."""
        customer_id = self.refund.rma.customer_id
        if customer_id is None:
            return None
        return _history_of_customer(customer_id, self.refund)

    @cached_property
    def requester(self) -> dict[str, int]:
        """Return how many refunds the requester asked a second person for, and what became of them."""
        rows = Approval.objects.filter(kind=APPROVAL_KIND, requested_by=self.refund.requested_by)
        agreed = Q(status__in=[ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED])
        return rows.exclude(subject_id=self.refund.id).aggregate(
            asked=Count("id"), approved=Count("id", filter=agreed), refused=Count("id", filter=Q(status="refused"))
        )

    @cached_property
    def why_not(self) -> str:
        """Say why this person cannot approve it; "" where they can. The command checks again."""
        if not self.waits:
            return f"It is {self.refund.get_status_display().lower()}: nothing is left to decide."
        if self.refund.requested_by == self.actor.key:
            return "Somebody else must decide it."
        try:
            check_limit(self.actor, self.refund)
        except Denied as refusal:
            return refusal.detail
        return ""

    @property
    def own(self) -> bool:
        """Tell whether the person asked for it."""
        return self.refund.requested_by == self.actor.key

    @cached_property
    def others(self) -> str:
        """Return who may approve it, by name."""
        names = who_may_approve(self.refund)
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return ", ".join(names[:MOST_NAMES]) + more


def _history_of_customer(customer_id: UUID, refund: Refund) -> dict[str, int]:
    returns = Return.objects.filter(customer_id=customer_id).exclude(pk=refund.rma_id)
    paid = Refund.objects.filter(rma__customer_id=customer_id, status=RefundStatus.SUCCEEDED, currency=refund.currency)
    overrides = RefundOverride.objects.filter(refund__rma__customer_id=customer_id).exclude(refund=refund)
    money = paid.aggregate(total=Sum("amount"))["total"] or 0
    return {"returns": returns.count(), "refunded": int(money), "overrides": overrides.count()}
