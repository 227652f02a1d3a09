"""Pages of fraud reviews: the list, one review with what it saw and the customer's history, and the verdict."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import Actor, can, require, scope_q
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import NotFound
from retailops.lib.htmx import show
from retailops.lib.keyset import capped_count, keyset_page
from retailops.lib.money import Money
from returns.enums import ReturnStatus, ReviewStatus
from returns.models import FraudReview, OrderLine, Return
from returns.services.holding import held_refunds
from returns.services.reviewing import Word, access_review, block_review, clear_review
from returns.web.forms import VerdictForm
from returns.web.listing import Tab
from returns.web.steps import Step, take_step

VIEW, DECIDE = Permission.FRAUD_VIEW, Permission.FRAUD_DECIDE
RECENT = 10
TABS = {
    "pending": ("To decide", Q(status=ReviewStatus.PENDING)),
    "blocked": ("Blocked", Q(status=ReviewStatus.BLOCKED)),
    "cleared": ("Cleared", Q(status__in=[ReviewStatus.CLEARED, ReviewStatus.WITHDRAWN])),
    "all": ("All", Q()),
}


def reviews_visible_to(actor: Actor) -> QuerySet[FraudReview]:
    """Return the reviews that the actor may see, with their returns."""
    scope = scope_q(actor, VIEW, region="rma__region", brand="rma__brand")
    return FraudReview.objects.filter(scope).select_related("rma__customer")


@dataclass(frozen=True)
class CustomerHistory:
    """What the customer bought and brought back, as far as the person may see it."""

    orders: int
    bought: int
    returned: int
    blocked: int
    recent: list[Return]


@login_required
@require_GET
def review_list(request: HttpRequest) -> HttpResponse:
    """Show the reviews of a tab."""
    actor = actor_of(request)
    require(actor, VIEW)
    visible = reviews_visible_to(actor)
    current = request.GET.get("view", "")
    current = current if current in TABS else "pending"
    rows = visible.filter(TABS[current][1])
    page = keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    tabs = [Tab(key, title, capped_count(visible.filter(q)), key == current) for key, (title, q) in TABS.items()]
    context = {"page": page, "tabs": tabs, "total": capped_count(rows), "current": current}
    return show(request, "fraud/list.html", context, fragments={"reviews": "fraud/_list.html"})


@login_required
@require_GET
def review_detail(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Show one review."""
    actor = actor_of(request)
    review = access_review(actor, review_id)
    rma = review.rma
    context = {
        "review": review,
        "rma": rma,
        "refunds": held_refunds(review),
        "lines": rma.lines.all(),
        "history": history_of(actor, rma),
        "own": review.requested_by == actor.key,
        "may_decide": can(actor, DECIDE, region=rma.region, brand=rma.brand),
    }
    return show(request, "fraud/detail.html", context)


def history_of(actor: Actor, rma: Return) -> CustomerHistory | None:
    """Return the history of the return's customer; None where nobody knows who it is."""
    if rma.customer_id is None:
        return None
    visible = Return.objects.filter(scope_q(actor, Permission.RETURNS_VIEW), customer_id=rma.customer_id)
    bought = OrderLine.objects.filter(
        scope_q(actor, Permission.ORDERS_VIEW, region="order__region", brand="order__brand"),
        order__customer_id=rma.customer_id,
    ).aggregate(units=Sum("shipped_quantity"), orders=Count("order_id", distinct=True))
    others = visible.exclude(pk=rma.pk)
    ended = [ReturnStatus.DECLINED, ReturnStatus.CANCELED, ReturnStatus.EXPIRED]
    returned = others.exclude(status__in=ended).aggregate(units=Sum("lines__requested"))
    return CustomerHistory(
        orders=bought["orders"] or 0,
        bought=bought["units"] or 0,
        returned=returned["units"] or 0,
        blocked=FraudReview.objects.filter(rma__in=others, status=ReviewStatus.BLOCKED).count(),
        recent=list(others.order_by("-id")[:RECENT]),
    )


@login_required
@require_http_methods(["GET", "POST"])
def review_verdict(request: HttpRequest, review_id: UUID, review_verdict: str) -> HttpResponse:
    """Ask why a review is cleared or blocked, or decide it."""
    actor = actor_of(request)
    review = access_review(actor, review_id, DECIDE)
    verdict = review_verdict
    if verdict not in ("clear", "block"):
        raise NotFound("There is no such verdict.")
    command = clear_review if verdict == "clear" else block_review
    return take_step(
        request,
        _step(actor, review, verdict),
        VerdictForm(request.POST or None),
        lambda data: command(actor=actor, review_id=review.id, word=Word(data["reason"])),
    )


def _step(actor: Actor, review: FraudReview, verdict: str) -> Step:
    reason = "" if review.status == ReviewStatus.PENDING else f"It is {review.get_status_display().lower()} already."
    if verdict == "clear" and review.requested_by == actor.key:
        reason = "You asked for it: somebody else must clear it."
    return Step(
        title="Clear" if verdict == "clear" else "Block",
        about=f"{review.rma.number} · {Money(review.amount, review.currency)}",
        consequence=_means(review, verdict),
        done="Cleared: it goes on." if verdict == "clear" else "Blocked.",
        back=reverse("fraud:detail", args=[review.id]),
        reason=reason,
        danger=verdict == "block",
    )


def _means(review: FraudReview, verdict: str) -> str:
    if review.proposal:
        if verdict == "block":
            return "The refund is denied; its money is free again."
        second = "The refund then waits for a second person." if review.held.get("reasons") else ""
        return second or "The refund goes to the gateway at once."
    if verdict == "block":
        return "The return is declined; a parcel that comes all the same brings nothing back."
    return (
        "A person still decides about the return." if review.held.get("review") else "The return is authorized at once."
    )
