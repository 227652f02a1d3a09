"""Pages of stored value: accounts with their entries, giving and taking back, and a gift card's code."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.cases import services as cases
from retailops.cases.access import access_approval
from retailops.lib.errors import hidden
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from returns.access import access_account
from returns.enums import StoredKind
from returns.inputs import read
from returns.inputs.stored_value import GiftIn
from returns.models import StoredEntry
from returns.services.giving_value import GIFT_KIND, Given, give_stored_value
from returns.services.redeeming import give_code
from returns.services.voiding import void_account, void_entry
from returns.web.stored_forms import GiftForm, ReasonForm
from returns.web.stored_listing import account_page, stored_listing, why_stays
from returns.web.views import by_number

P = Permission
VERDICTS = {
    "approve": ("Approve credit", cases.approve, "Approved; the customer has it."),
    "refuse": ("Refuse credit", cases.refuse, "Refused; nothing is credited."),
}


@login_required
@require_GET
def account_list(request: HttpRequest) -> HttpResponse:
    """Show the accounts of the query; htmx gets the rows with tabs and pager."""
    actor = actor_of(request)
    require(actor, P.STORED_VALUE_VIEW)
    context = {"listing": stored_listing(actor, request.GET)}
    return show(request, "stored/list.html", context, fragments={"accounts": "stored/_list.html"})


@login_required
@require_GET
def account_detail(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Show one account with its entries."""
    actor = actor_of(request)
    account = access_account(actor, account_id)
    return show(request, "stored/detail.html", {"page": account_page(actor, account), "account": account})


@login_required
@require_http_methods(["GET", "POST"])
def new_code(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Ask whether a gift card gets a new code, or show it this once."""
    actor = actor_of(request)
    account = access_account(actor, account_id, P.STORED_VALUE_ISSUE)
    form = forms.Form(request.POST or None)
    context = {"account": account, "form": form, "back": _address(account.id), "code": ""}
    if account.kind != StoredKind.GIFT_CARD or not account.alive():
        context["reason"] = "Only a gift card that is alive has a code."
    elif request.method == "POST":
        with transaction.atomic(durable=True):
            context["account"], context["code"] = give_code(actor=actor, account_id=account.id)
    return show(request, "stored/code.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def end_account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Ask why an account ends, or end it."""
    actor = actor_of(request)
    account = access_account(actor, account_id, P.STORED_VALUE_VOID)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if accepted(form, lambda: void_account(actor=actor, account_id=account.id, reason=reason)):
            return done(request, _address(account.id), "The account has ended.")
    context = {"account": account, "form": form, "back": _address(account.id)}
    context["reason"] = "" if account.alive() else "It has ended already."
    return show(request, "stored/void.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def take_back(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """Ask why an entry is taken back, or take it back by its opposite."""
    actor = actor_of(request)
    entry = StoredEntry.objects.select_related("account", "refund__rma", "reversal").filter(pk=entry_id).first()
    if entry is None:
        raise hidden()
    account = access_account(actor, entry.account_id, P.STORED_VALUE_VOID)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if accepted(form, lambda: void_entry(actor=actor, entry_id=entry.id, reason=reason)):
            return done(request, _address(account.id), "Taken back by an entry of its own.")
    context = {"account": account, "entry": entry, "form": form, "back": _address(account.id)}
    context["reason"] = why_stays(account, entry)
    return show(request, "stored/take_back.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def give(request: HttpRequest, number: str) -> HttpResponse:
    """Ask what the customer of a return's order is given, or give it; above the limit a second person is asked."""
    actor = actor_of(request)
    rma = by_number(actor, number)
    require(actor, P.STORED_VALUE_ISSUE, region=rma.region, brand=rma.brand, view=P.RETURNS_VIEW)
    form = GiftForm(request.POST or None, currency=rma.currency)
    back = reverse("returns:detail", args=[rma.number])
    if request.method == "POST" and rma.order_id and form.is_valid():
        wanted = {"order_id": rma.order_id, **form.cleaned_data}
        given: list[Given] = []
        if accepted(form, lambda: given.append(give_stored_value(actor=actor, gift=read(GiftIn, wanted)))):
            if given[0].entry is None:
                return done(request, back, "It waits in Approvals for a second person.", messages.WARNING)
            return done(request, _address(given[0].account.id), "Given.")
    context = {"rma": rma, "form": form, "back": back}
    context["reason"] = "" if rma.order_id else "No order was found, so nobody is known to give it to."
    return show(request, "stored/give.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def gift_verdict(request: HttpRequest, approval_id: UUID, verdict: str) -> HttpResponse:
    """Show the form of a second person's word on value that is to be given, or give it."""
    actor = actor_of(request)
    approval = access_approval(actor, approval_id, P.APPROVALS_DECIDE)
    if approval.kind != GIFT_KIND or verdict not in VERDICTS:
        raise hidden()
    title, command, message = VERDICTS[verdict]
    form = ReasonForm(request.POST or None)
    back = reverse("workbench:approvals")
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if accepted(form, lambda: command(actor, approval.id, reason)):
            return done(request, back, message)
    context = {
        "approval": approval, "title": title, "verdict": verdict, "form": form, "back": back,
        "own": approval.requested_by == actor.key,
    }  # fmt: skip
    return show(request, "stored/verdict.html", context, status=422 if form.errors else 200)


def _address(account_id: UUID) -> str:
    return reverse("stored:detail", args=[account_id])
