"""Everything that the page of one return shows, read in a fixed number of queries."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from uuid import UUID

from django.db.models import Prefetch, Sum
from django.utils.safestring import mark_safe

from retailops.accounts.actor import Actor, can, scope_q
from retailops.accounts.permissions import Permission
from retailops.cases.evidence import evidence_of_story
from retailops.cases.models import Approval, ApprovalStatus, Case, CaseStatus, EvidenceFile
from retailops.events.models import Delivery, Event
from retailops.lib.money import Money
from retailops.sla.selectors import ShownClock, clocks_of_return
from returns.allocation import count
from returns.claim_access import claims_visible_to
from returns.enums import (
    CLAIMING_EXCHANGES,
    LIVE_REFUNDS,
    Logistics,
    RefundStatus,
    Resolution,
    ReturnKind,
    ReturnStatus,
    ReviewStatus,
)
from returns.models import (
    Chargeback,
    ClaimLine,
    CreditMemo,
    DropOffCode,
    FraudReview,
    Inspection,
    MarketplaceReturn,
    Parcel,
    Receipt,
    Refund,
    Return,
    ReturnLine,
    StoredAccount,
    SupplierClaim,
    TillRefund,
    WarrantyAssessment,
)
from returns.money_paths import Path, path_of
from returns.refund_terms import covered_units
from returns.selectors import parcels_that_arrived, status_shown
from returns.services.claim_drafting import CLAIMABLE
from returns.services.credit_memos import why_memo_stands
from returns.web.action_menu import Group, groups_of
from returns.web.actions import Offer, offers
from returns.web.codes import qr_picture
from returns.web.corrections import RETRIED, why_not_reversed
from returns.web.exchanges import ExchangeView, views
from returns.web.stored_listing import accounts_for
from returns.web.warranty_steps import steps_of
from returns.web.why import Why, why_of

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
        rows = self.rma.receipts.select_related("location", "reversal").prefetch_related(
            "lines__line", "lines__serials"
        )
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
    def parcels(self) -> list[Parcel]:
        """Return the parcels with their scans, each with `arrived`: whether a receipt names it."""
        found = list(self.rma.parcels.prefetch_related("scans"))
        arrived = parcels_that_arrived(self.rma) if found else set()
        for parcel in found:
            parcel.arrived = parcel.tracking in arrived  # type: ignore[attr-defined]  # what its row reads
        return found

    @cached_property
    def drop_off(self) -> DropOffCode | None:
        """Return the code that the customer shows at a drop-off point."""
        return DropOffCode.objects.filter(rma=self.rma).first()

    @cached_property
    def drop_off_picture(self) -> str:
        """Return the code as a QR picture."""
        return mark_safe(qr_picture(self.drop_off.token)) if self.drop_off else ""  # noqa: S308  # drawn by us

    @cached_property
    def marketplace(self) -> MarketplaceReturn | None:
        """Return what a marketplace asked."""
        return MarketplaceReturn.objects.filter(rma=self.rma).first()

    @cached_property
    def payouts(self) -> list[TillRefund]:
        """Return what tills have paid out."""
        return list(self.rma.till_refunds.select_related("location").order_by("id"))

    @cached_property
    def may_inspect(self) -> bool:
        """Tell whether the person may correct verdicts here."""
        return can(self.actor, Permission.RETURNS_INSPECT, region=self.rma.region, brand=self.rma.brand)

    @cached_property
    def may_request(self) -> bool:
        """Tell whether the person may change a draft here."""
        return can(self.actor, Permission.RETURNS_REQUEST, region=self.rma.region, brand=self.rma.brand)

    @cached_property
    def refunds(self) -> list[Refund]:
        """Return the refunds with components and attempts, oldest first."""
        return list(
            self.rma.refunds.select_related("payment", "approval")
            .prefetch_related("components", Prefetch("attempts", to_attr="told"), "stored_entries")
            .order_by("proposed_at")
        )

    @cached_property
    def exchanges(self) -> list[ExchangeView]:
        """Return the exchanges with what may be done with each, oldest first."""
        return views(self.actor, self.rma)

    @cached_property
    def to_exchange(self) -> bool:
        """Tell whether a line is to be exchanged and nothing is proposed for it."""
        wanted = any(line.resolution in (Resolution.EXCHANGE, Resolution.REPLACEMENT) for line in self.lines)
        return wanted and not any(view.exchange.status in CLAIMING_EXCHANGES for view in self.exchanges)

    @cached_property
    def retried(self) -> list[Refund]:
        """Return the refunds that ended without paying and may be tried again."""
        return [refund for refund in self.refunds if refund.status in RETRIED]

    @cached_property
    def assessments(self) -> list[WarrantyAssessment]:
        """Return the warranty verdicts, each with `next`: the steps that come now."""
        if self.rma.kind != ReturnKind.WARRANTY:
            return []
        found = list(self.rma.assessments.select_related("line").order_by("line__line_no", "id"))
        for each in found:
            each.next = steps_of(each)  # type: ignore[attr-defined]  # what its row reads
        return found

    @cached_property
    def claims(self) -> list[SupplierClaim]:
        """Return the claims on suppliers for units of this return that the person may see."""
        mine = ClaimLine.objects.filter(slice__line__rma=self.rma, live=True).values("claim")
        return list(claims_visible_to(self.actor).filter(pk__in=mine).order_by("id"))

    @cached_property
    def claimable(self) -> set[UUID]:
        """Return the verdicts of which units can be claimed by this person, as far as the page can tell."""
        if not can(self.actor, Permission.CLAIMS_WORK, region=self.rma.region, brand=self.rma.brand):
            return set()
        parts = [part for inspection in self.inspections for part in inspection.slices.all()]
        wanted = [part for part in parts if part.disposition in CLAIMABLE and part.status != "reversed"]
        rows = ClaimLine.objects.filter(slice__in=wanted, live=True).values("slice").annotate(sum=Sum("quantity"))
        claimed = {row["slice"]: row["sum"] for row in rows}
        return {part.id for part in wanted if claimed.get(part.id, 0) < part.quantity}

    @cached_property
    def reviews(self) -> list[FraudReview]:
        """Return the fraud reviews of the return that the person may see."""
        if not can(self.actor, Permission.FRAUD_VIEW, region=self.rma.region, brand=self.rma.brand):
            return []
        return list(self.rma.fraud_reviews.order_by("id"))

    @cached_property
    def memos(self) -> list[CreditMemo]:
        """Return the ERP's documents, oldest first."""
        return list(self.rma.credit_memos.select_related("refund").order_by("queued_at"))

    @property
    def reversible(self) -> list[CreditMemo]:
        """Return the posted memos of money that is not out any more: the ERP is to reverse them."""
        return [memo for memo in self.memos if not why_memo_stands(memo)]

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
    def evidence(self) -> list[EvidenceFile]:
        """Return the files of this story that the actor may see, oldest first."""
        return evidence_of_story(self.actor, self.rma.correlation_id)

    @cached_property
    def chargebacks(self) -> list[Chargeback]:
        """Return the disputes of the order's payments, oldest first."""
        rows = Chargeback.objects.filter(payment__order_id=self.rma.order_id) if self.rma.order_id else None
        return [] if rows is None else list(rows.select_related("payment").order_by("opened_at"))

    @cached_property
    def clocks(self) -> list[ShownClock]:
        """What was promised of the return and of its refunds, and how it stands."""
        return clocks_of_return(self.rma.id, self.rma.correlation_id)

    @cached_property
    def history(self) -> list[Event]:
        """Return the latest events of this return and its refunds, newest first."""
        rows = Event.objects.filter(correlation_id=self.rma.correlation_id).exclude(subject_type="order")
        return list(rows.order_by("-position")[:HISTORY_LIMIT])

    @cached_property
    def why(self) -> Why | None:
        """Return why policy decided as it did; None where it decided nothing (a parcel without an order)."""
        return why_of(self.rma, self.refunds)

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
            *(f"{each.exchange.id}{each.exchange.status}{each.waits_for}" for each in self.exchanges),
            *(f"{each.id}{each.owner_id}" for each in self.cases),
            *(f"{each.id}{each.status}" for each in self.chargebacks),
            len(self.evidence),
            *(f"{each.id}{each.version}" for each in self.claims),
            *(f"{each.id}{each.status}" for each in self.reviews),
            *(f"{each.id}{each.status}{each.progress}" for each in self.assessments),
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
    def may_observe(self) -> bool:
        """Tell whether the person may record what a marketplace says that it paid."""
        return can(self.actor, Permission.REFUNDS_OBSERVE, region=self.rma.region, brand=self.rma.brand)

    @cached_property
    def observed(self) -> list[Refund]:
        """Return the refunds that wait for a marketplace's word."""
        return [
            refund
            for refund in self.refunds
            if refund.status == RefundStatus.PENDING and path_of(refund) == Path.OBSERVED
        ]

    @cached_property
    def may_give(self) -> bool:
        """Tell whether the person may give this customer value."""
        allowed = can(self.actor, Permission.STORED_VALUE_ISSUE, region=self.rma.region, brand=self.rma.brand)
        return allowed and self.rma.order_id is not None

    @cached_property
    def accounts(self) -> list[StoredAccount]:
        """Return the customer's accounts of stored value that the person may see."""
        return accounts_for(self.actor, self.rma)

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
        paid = covered_units([line.id for line in self.lines])
        earned = any(line.accepted + line.kept > count(paid.get(line.id, [])) + line.exchanged for line in self.lines)
        # Under warranty a verdict leads on, to a refund as well.
        earned = earned and not self.to_exchange and self.rma.kind != ReturnKind.WARRANTY
        more = {"receive": arriving, "exchange": self.to_exchange, "refund": earned}
        return ["submit", "authorize", "match", "inspect", *(key for key, wanted in more.items() if wanted)]

    @cached_property
    def next(self) -> str:
        """Return the one action that comes next, if this person may do it now."""
        open_now = {offer.action.key for offer in self.offers if not offer.reason}
        first = next((key for key in self.flow if key in open_now), "")
        # Where a refund failed, trying that one again comes first, and it stands beside the refund.
        return "" if first == "refund" and self.retried and self.may_refund else first

    @cached_property
    def menu(self) -> list[Group]:
        """Return what may be done now, grouped."""
        return groups_of(self.offers)

    @cached_property
    def later(self) -> list[Offer]:
        """Return what may not be done now, each with its reason."""
        return [offer for offer in self.offers if offer.reason]

    @cached_property
    def waiting_reviews(self) -> list[FraudReview]:
        """Return the fraud reviews that hold something and the person may see."""
        return [review for review in self.reviews if review.status == ReviewStatus.PENDING]

    @cached_property
    def wants_attention(self) -> bool:
        """Tell whether anything stands at the top of the page: money in doubt, disputes, cases, holds, a draft."""
        held = self.in_doubt or self.chargebacks or self.cases or self.waiting_reviews
        return bool(held or self.rma.open_cases or self.rma.status == ReturnStatus.DRAFT)

    def _sum(self, *statuses: str) -> Money:
        return Money(sum(r.amount for r in self.refunds if r.status in statuses), self.rma.currency)


def return_page(actor: Actor, rma: Return) -> ReturnDetail:
    """Return what the page shows and what this person may do now."""
    return ReturnDetail(actor, rma, offers(actor, rma))
