"""What people do with stock: move it, book a counted difference, and give a second person's word on one."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from inventory.inputs import AdjustmentIn, ShiftIn, read
from inventory.models import AdjustmentStatus, StockAdjustment
from inventory.services import adjust_stock, shift_stock
from inventory.services.adjusting import approval_of
from inventory.web.forms import CountForm, ReasonForm, ShiftForm
from inventory.web.views import actor_of
from retailops.accounts.actor import require
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.access import access_approval
from retailops.cases.models import ApprovalStatus
from retailops.lib.errors import hidden
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show

VERDICTS = {"approve": "Approve adjustment", "refuse": "Refuse adjustment"}


def page_of(sku: str) -> str:
    """Return the address of a sku's page."""
    return reverse("stock:sku", args=[quote(sku, safe="/")]) if sku else reverse("stock:overview")


def _asked(request: HttpRequest, *names: str) -> dict[str, Any]:
    return {name: request.GET[name] for name in names if name in request.GET}


@login_required
@require_http_methods(["GET", "POST"])
def shift(request: HttpRequest) -> HttpResponse:
    """Ask what goes where, or move it. A second click moves nothing more."""
    actor = actor_of(request)
    require(actor, Permission.INVENTORY_WRITE)
    asked = _asked(request, "sku", "location", "source", "target", "quantity", "lot")
    form = ShiftForm(request.POST or None, actor=actor, initial=asked)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if accepted(form, lambda: shift_stock(actor=actor, shift=read(ShiftIn, given))):
            return done(request, page_of(given["sku"]), f"{given['quantity']} of {given['sku']} moved.")
    context = {"form": form, "title": "Move stock", "back": page_of(asked.get("sku", "")), "address": "stock:shift"}
    context["consequence"] = (
        "Only what is sellable may be promised to customers. Systems that follow the stock are told."
    )
    return show(request, "stock/dialog.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def count(request: HttpRequest) -> HttpResponse:
    """Ask what was counted, or book the difference; above the place's limit a second person is asked."""
    actor = actor_of(request)
    require(actor, Permission.INVENTORY_WRITE)
    asked = _asked(request, "sku", "location", "disposition", "lot")
    form = CountForm(request.POST or None, actor=actor, initial=asked)
    made: list[StockAdjustment] = []
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if accepted(form, lambda: made.append(adjust_stock(actor=actor, adjustment=read(AdjustmentIn, given)))):
            return done(request, page_of(given["sku"]), _told(made[0]))
    context = {"form": form, "title": "Book a count", "back": page_of(asked.get("sku", "")), "address": "stock:count"}
    context["consequence"] = (
        "The difference is booked at once up to the place's limit; above it a second person agrees."
    )
    return show(request, "stock/dialog.html", context, status=422 if form.errors else 200)


def _told(row: StockAdjustment) -> str:
    if row.status == AdjustmentStatus.WAITING:
        return "Asked. It is booked when a second person agrees, in Approvals."
    return f"{row.change:+} of {row.sku} booked."


@login_required
@require_http_methods(["GET", "POST"])
def adjustment_verdict(request: HttpRequest, adjustment_id: UUID, verdict: str) -> HttpResponse:
    """Show the form of a second person's word on a counted difference, or give it; agreed, it is booked at once."""
    actor = actor_of(request)
    row = StockAdjustment.objects.select_related("location").filter(pk=adjustment_id).first()
    asked = approval_of(row) if row else None
    if row is None or asked is None or verdict not in VERDICTS:
        raise hidden()
    approval = access_approval(actor, asked.id, Permission.APPROVALS_DECIDE)
    form, back = ReasonForm(request.POST or None), reverse("workbench:approvals")
    if request.method == "POST" and form.is_valid():
        command = cases.approve if verdict == "approve" else cases.refuse
        if accepted(form, lambda: command(actor, approval.id, form.cleaned_data["reason"])):
            return done(
                request, back, "Approved and booked." if verdict == "approve" else "Refused; nothing is booked."
            )
    own = approval.requested_by == actor.key
    over = "" if approval.status == ApprovalStatus.REQUESTED else "It was decided already."
    context = {
        "row": row, "approval": approval, "verdict": verdict, "title": VERDICTS[verdict], "form": form, "back": back,
        "own": own, "over": over,
    }  # fmt: skip
    return show(request, "stock/adjustment_verdict.html", context, status=422 if form.errors else 200)
