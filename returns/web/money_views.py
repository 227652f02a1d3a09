"""Pages about a refund's money: why it is what it is, what a marketplace paid, what the ERP reversed."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.clock import now
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from returns.access import access_memo, access_refund
from returns.enums import RefundStatus
from returns.inputs import read
from returns.inputs.marketplaces import ObservedRefundIn
from returns.models import Refund, Return
from returns.money_paths import Path, path_of
from returns.refund_explanation import explanation_of
from returns.services.credit_memos import reverse_credit_memo, why_memo_stands
from returns.services.observing import observe_refund
from returns.web.stored_forms import ObservedForm, ReversalForm
from returns.web.views import by_number


@login_required
@require_GET
def refund_why(request: HttpRequest, number: str, refund_id: UUID) -> HttpResponse:
    """Show why a refund is what it is: its lines, the rules that decided, caps and tenders."""
    rma, refund = _refund(request, number, refund_id, Permission.REFUNDS_VIEW)
    context = {"rma": rma, "refund": refund, "why": explanation_of(refund), "title": "Why this amount"}
    context["back"] = _address(rma)
    return show(request, "returns/why.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def refund_observed(request: HttpRequest, number: str, refund_id: UUID) -> HttpResponse:
    """Ask what a marketplace says that it refunded, or record it."""
    rma, refund = _refund(request, number, refund_id, Permission.REFUNDS_OBSERVE)
    form = ObservedForm(request.POST or None, currency=refund.currency)
    reason = _why_not(refund)
    if request.method == "POST" and not reason and form.is_valid():
        told = {
            "order": {"order_id": rma.order_id}, "payment": refund.payment.external_id, "currency": refund.currency,
            "observed_at": now(), **form.cleaned_data,
        }  # fmt: skip
        if accepted(form, lambda: observe_refund(actor=actor_of(request), observed=read(ObservedRefundIn, told))):
            return done(request, _address(rma), "Recorded as the marketplace told it.")
    context = {"rma": rma, "refund": refund, "form": form, "reason": reason, "back": _address(rma)}
    return show(request, "returns/observed.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def memo_reversed(request: HttpRequest, number: str, memo_id: UUID) -> HttpResponse:
    """Ask for the document by which the ERP reversed a memo, or record it."""
    actor = actor_of(request)
    rma = by_number(actor, number)
    memo = access_memo(actor, memo_id, Permission.REFUNDS_OBSERVE)
    if memo.rma_id != rma.id:
        raise NotFound("The return has no such credit memo.")
    form = ReversalForm(request.POST or None)
    reason = why_memo_stands(memo)
    asked = request.method == "POST" and not reason and form.is_valid()
    if asked and accepted(form, lambda: reverse_credit_memo(actor=actor, memo_id=memo.id, **form.cleaned_data)):
        return done(request, _address(rma), "Recorded as reversed.")
    context = {"rma": rma, "memo": memo, "form": form, "reason": reason, "back": _address(rma)}
    return show(request, "returns/memo_reversed.html", context, status=422 if form.errors else 200)


def _why_not(refund: Refund) -> str:
    if path_of(refund) != Path.OBSERVED:
        return "No marketplace holds its payment."
    if refund.status != RefundStatus.PENDING:
        return f"It is {refund.get_status_display().lower()}: nothing waits to be told."
    return ""


def _refund(request: HttpRequest, number: str, refund_id: UUID, permission: Permission) -> tuple[Return, Refund]:
    actor = actor_of(request)
    rma = by_number(actor, number)
    refund = access_refund(actor, refund_id, permission)
    if refund.rma_id != rma.id:
        raise NotFound("The return has no such refund.")
    return rma, refund


def _address(rma: Return) -> str:
    return reverse("returns:detail", args=[rma.number])
