"""Everything that the page of one return shows, read in a fixed number of queries."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from django.db.models import Prefetch

from retailops.accounts.actor import Actor, can, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.models import Approval, ApprovalStatus, Case, CaseStatus
from retailops.events.models import Delivery, Event
from retailops.lib.money import Money
from returns.enums import LIVE_REFUNDS, Logistics, RefundStatus
from returns.models import CreditMemo, Inspection, Receipt, Refund, Return, ReturnLine
from returns.selectors import status_shown
from returns.web.actions import Offer, offers
from returns.web.corrections import RETRIED, why_not_reversed

HISTORY_LIMIT = 8


@dataclass(frozen=True)
class ReturnDetail:
    """One return with its parts, as the person may see them."""

    actor: Actor
    rma: Return
    offers: list[Offer] = field(default_factory=list)

    @cached_property
    def status(self) -> str:
        """Return the one word for where it stands."""
        return str(status_shown(self.rma))

    @cached_property
    def lines(self) -> list[ReturnLine]:
        """Return the lines with their counters."""
        return list(self.rma.lines.all())

    @cached_property
    def receipts(self) -> list[Receipt]:
        """Return the arrivals, oldest first, each with `stays`: why it cannot be reversed now."""
        rows = self.rma.receipts.select_related("location", "reversal").prefetch_related("lines__line")
        found = list(rows.order_by("received_at"))
        for receipt in found:
            receipt.stays = why_not_reversed(self.rma, receipt)  # type: ignore[attr-defined]  # what its row reads
        return found

    @cached_property
    def inspections(self) -> list[Inspection]:
        """Return the inspections with their dispositions, oldest first."""
        return list(
            self.rma.inspections.select_related("location").prefetch_related("slices__line").order_by("inspected_at")
        )

    @cached_property
    def refunds(self) -> list[Refund]:
        """Return the refunds with components and attempts, oldest first."""
        return list(
            self.rma.refunds.select_related("payment", "approval")
            .prefetch_related("components", Prefetch("attempts", to_attr="told"))
            .order_by("proposed_at")
        )

    @cached_property
    def retried(self) -> list[Refund]:
        """Return the refunds that ended without paying and may be tried again."""
        return [refund for refund in self.refunds if refund.status in RETRIED]

    @cached_property
    def memos(self) -> list[CreditMemo]:
        """Return the ERP's documents, oldest first."""
        return list(self.rma.credit_memos.order_by("queued_at"))

    @cached_property
    def deliveries(self) -> list[Delivery]:
        """Return what other systems are owed or were told of this return, oldest first."""
        rows = Delivery.objects.filter(lane_key=str(self.rma.id)).select_related("destination__connection", "event")
        return list(rows.order_by("lane_seq"))

    @cached_property
    def cases(self) -> list[Case]:
        """Return the open cases of this return that the actor may see."""
        rows = Case.objects.filter(scope_q(self.actor, Permission.CASES_VIEW), status=CaseStatus.OPEN)
        return list(rows.filter(correlation_id=self.rma.correlation_id).select_related("owner").order_by("opened_at"))

    @cached_property
    def approvals(self) -> list[Approval]:
        """Return what waits for a second person."""
        ids = [refund.id for refund in self.refunds]
        return list(Approval.objects.filter(subject_id__in=ids, status=ApprovalStatus.REQUESTED))

    @cached_property
    def history(self) -> list[Event]:
        """Return the latest events of this return and its refunds, newest first."""
        rows = Event.objects.filter(correlation_id=self.rma.correlation_id).exclude(subject_type="order")
        return list(rows.order_by("-position")[:HISTORY_LIMIT])

    @cached_property
    def in_doubt(self) -> list[Refund]:
        """Return the refunds whose outcome nobody knows yet."""
        return [refund for refund in self.refunds if refund.status == RefundStatus.UNKNOWN]

    @cached_property
    def paid(self) -> Money:
        """Return what has been refunded."""
        return self._sum(RefundStatus.SUCCEEDED)

    @cached_property
    def reserved(self) -> Money:
        """Return what is on its way or kept back for it, not yet refunded."""
        return self._sum(*(status for status in LIVE_REFUNDS if status != RefundStatus.SUCCEEDED))

    @cached_property
    def fingerprint(self) -> str:
        """Return what changes whenever the page would look different."""
        parts = [
            self.rma.version,
            self.rma.open_cases,
            *(f"{each.id}{each.status}{each.attempt_no}" for each in self.deliveries),
            *(f"{each.id}{each.status}" for each in self.refunds),
            *(f"{each.id}{each.owner_id}" for each in self.cases),
        ]
        return sha256("|".join(map(str, parts)).encode()).hexdigest()[:16]

    @cached_property
    def may_decide(self) -> bool:
        """Tell whether the person may give a second person's word here."""
        return can(self.actor, Permission.APPROVALS_DECIDE, region=self.rma.region, brand=self.rma.brand)

    @cached_property
    def may_receive(self) -> bool:
        """Tell whether the person may reverse receipts here."""
        return can(self.actor, Permission.RETURNS_RECEIVE, region=self.rma.region, brand=self.rma.brand)

    @cached_property
    def may_refund(self) -> bool:
        """Tell whether the person may try failed refunds again here."""
        return can(self.actor, Permission.REFUNDS_PROPOSE, region=self.rma.region, brand=self.rma.brand)

    @cached_property
    def may_see_customer(self) -> bool:
        """Tell whether the person may see who the customer is."""
        return can(self.actor, Permission.CUSTOMERS_VIEW, region=self.rma.region, brand=self.rma.brand)

    @cached_property
    def may_see_order(self) -> bool:
        """Tell whether the person may open the order."""
        return can(self.actor, Permission.ORDERS_VIEW, region=self.rma.region, brand=self.rma.brand)

    @cached_property
    def flow(self) -> list[str]:
        """Return the actions that usually come next; the others are in the menu."""
        arriving = self.rma.logistics != Logistics.RECEIVED
        earned = any(line.accepted + line.kept > line.refunded for line in self.lines)
        return ["authorize", "inspect", *(["receive"] if arriving else []), *(["refund"] if earned else [])]

    @cached_property
    def next(self) -> str:
        """Return the one action that comes next, if this person may do it now."""
        open_now = {offer.action.key for offer in self.offers if not offer.reason}
        return next((key for key in self.flow if key in open_now), "")

    def _sum(self, *statuses: str) -> Money:
        return Money(sum(r.amount for r in self.refunds if r.status in statuses), self.rma.currency)


def return_page(actor: Actor, rma: Return) -> ReturnDetail:
    """Return what the page shows and what this person may do now."""
    return ReturnDetail(actor, rma, offers(actor, rma))
