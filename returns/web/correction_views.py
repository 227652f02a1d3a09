"""Pages that put right what went wrong on a return: reverse a receipt, try a refund again."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse as address_of
from django.views.decorators.http import require_http_methods

from retailops.accounts.actor import require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from returns.access import access_refund
from returns.enums import Destination
from returns.models import Return
from returns.services.correcting import reverse_receipt
from returns.services.refunds import supersede_refund
from returns.web.corrections import AgainForm, ReversalForm, why_not_again, why_not_reversed
from returns.web.views import by_number


@login_required
@require_http_methods(["GET", "POST"])
def reverse(request: HttpRequest, number: str, receipt_id: UUID) -> HttpResponse:
    """Ask why a receipt was a mistake, or reverse it. A second click reverses nothing more."""
    actor = actor_of(request)
    rma = by_number(actor, number)
    require(actor, Permission.RETURNS_RECEIVE, region=rma.region, brand=rma.brand, view=Permission.RETURNS_VIEW)
    rows = rma.receipts.select_related("location", "reversal").prefetch_related("lines__line")
    receipt = rows.filter(pk=receipt_id).first()
    if receipt is None:
        raise NotFound("The return has no such receipt.")
    form = ReversalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if accepted(
            form,
            lambda: reverse_receipt(actor=actor, return_id=rma.id, scan_id=receipt.scan_id, reason=reason),
        ):
            return done(request, _address(rma), "Receipt reversed: its units count as not received.")
    context = {"receipt": receipt, "reason": why_not_reversed(rma, receipt)}
    return _form(request, "returns/reverse.html", rma, form, context)


@login_required
@require_http_methods(["GET", "POST"])
def refund_again(request: HttpRequest, number: str, refund_id: UUID) -> HttpResponse:
    """Ask by which payment a refund that ended without paying is tried again, or replace it by a new one."""
    actor = actor_of(request)
    rma = by_number(actor, number)
    refund = access_refund(actor, refund_id, Permission.REFUNDS_PROPOSE)
    if refund.rma_id != rma.id:
        raise NotFound("The return has no such refund.")
    form = AgainForm(request.POST or None, refund=refund)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if accepted(
            form,
            lambda: supersede_refund(
                actor=actor,
                refund_id=refund.id,
                reason=given["reason"],
                payment_id=UUID(given["payment"]),
                destination=Destination(given["destination"]) if given.get("destination") else None,
            ),
        ):
            return done(request, _address(rma), "A new refund replaces the failed one; what comes of it shows here.")
    reason = why_not_again(refund)
    if not reason and not form.fields["payment"].choices:  # type: ignore[attr-defined]  # a ChoiceField
        reason = "No payment of the order has the whole amount left."
    return _form(request, "returns/refund_again.html", rma, form, {"refund": refund, "reason": reason})


def _form(request: HttpRequest, template: str, rma: Return, form: forms.Form, more: dict[str, Any]) -> HttpResponse:
    context = {"rma": rma, "form": form, "back": _address(rma), **more}
    return show(request, template, context, status=422 if form.errors else 200)


def _address(rma: Return) -> str:
    return address_of("returns:detail", args=[rma.number])
