"""Pages of customers: search, one customer, and the dialogs of merging, un-merging, holding and erasing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import Conflict, DomainError, NotFound
from retailops.lib.forms import tell
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page
from retailops.lib.money import Money
from returns.customer_access import access_customer, access_merge, why_not_everywhere
from returns.customer_reads import Alike, alike, find_customers, merges_of, orders_of, returns_of, survivors_of
from returns.enums import RefundStatus
from returns.models import Customer, CustomerMerge, Order, Refund, Return
from returns.services.erasing import erase_customer, hold_customer
from returns.services.merging import merge_customers, unmerge_customers
from returns.web.customer_forms import EraseForm, HoldForm, MergeForm
from returns.web.listing import with_sums
from returns.web.order_page import shown

VIEW, MANAGE = Permission.CUSTOMERS_VIEW, Permission.CUSTOMERS_MANAGE
MOST_LISTED = 25


@dataclass(frozen=True)
class CustomerPage:
    """One customer as the person may see it."""

    actor: Actor
    customer: Customer

    @cached_property
    def may_manage(self) -> bool:
        """Tell whether the person's role may change customers at all."""
        return can(self.actor, MANAGE)

    @cached_property
    def why_not(self) -> str:
        """Say why this customer cannot be changed; "" where it can."""
        if self.customer.erased_at:
            return "It was erased."
        if self.customer.merged_into_id:
            return "It was merged: work with the customer that it is now."
        return why_not_everywhere(self.actor, self.customer, MANAGE)

    @cached_property
    def orders(self) -> list[Order]:
        """Return the latest orders within the person's scope, each with what was paid."""
        rows = orders_of(self.actor, self.customer).annotate(paid=Sum("payments__captured", default=0))
        return list(rows[:MOST_LISTED])

    @cached_property
    def returns(self) -> list[Return]:
        """Return the latest returns within the person's scope."""
        return shown(with_sums(returns_of(self.actor, self.customer))[:MOST_LISTED])

    @cached_property
    def refunded(self) -> list[Money]:
        """Return what was refunded within the person's scope, by currency."""
        rows = Refund.objects.filter(rma__in=returns_of(self.actor, self.customer), status=RefundStatus.SUCCEEDED)
        sums = rows.order_by("currency").values_list("currency").annotate(total=Sum("amount"))
        return [Money(total, currency) for currency, total in sums]

    @cached_property
    def merges(self) -> list[CustomerMerge]:
        """Return the merges that it took part in, the latest first."""
        return list(merges_of(self.customer))

    @cached_property
    def alike(self) -> list[Alike]:
        """Return who may be the same person."""
        return alike(self.actor, self.customer)

    @cached_property
    def survivors(self) -> list[Any]:
        """Return whose word on which field holds."""
        return survivors_of(self.customer)

    @cached_property
    def identities(self) -> list[Any]:
        """Return what systems call the customer."""
        return list(self.customer.identities.order_by("system", "id"))


@login_required
@require_GET
def customer_list(request: HttpRequest) -> HttpResponse:
    """Show the customers of a search, or the latest."""
    actor = actor_of(request)
    require(actor, VIEW)
    text = request.GET.get("q", "").strip()
    rows = find_customers(actor, text)
    page = keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    for customer in page.rows:
        customer.bought = orders_of(actor, customer).count()  # type: ignore[attr-defined]  # what its row reads
    context = {"page": page, "text": text, "total": capped_count(rows)}
    return show(request, "customers/list.html", context, fragments={"customers": "customers/_list.html"})


@login_required
@require_GET
def customer_detail(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Show one customer."""
    actor = actor_of(request)
    customer = access_customer(actor, customer_id)
    return show(request, "customers/detail.html", {"page": CustomerPage(actor, customer), "customer": customer})


@login_required
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, customer_id: UUID, other_id: UUID) -> HttpResponse:
    """Show the two side by side, or merge the other into the one of the address."""
    customer, other = _both(request, customer_id, other_id)
    form = MergeForm(request.POST or None, initial={"expected_version": customer.version})
    reason = _reason(request, customer) or _reason(request, other)

    def run(data: dict[str, Any]) -> object:
        return merge_customers(
            actor=actor_of(request), winner_id=customer.id, loser_id=other.id, reason=data["reason"],
            expected_version=data["expected_version"],
        )  # fmt: skip

    context = {"other": other, "reason": reason}
    return _dialog(request, "customers/merge.html", customer, form, run, "Merged; it can be undone here.", context)


@login_required
@require_http_methods(["GET", "POST"])
def unmerge(request: HttpRequest, customer_id: UUID, merge_id: UUID) -> HttpResponse:
    """Ask why two are two after all, or undo the merge."""
    customer = _managed(request, customer_id)
    made = access_merge(actor_of(request), merge_id)
    if customer.id not in (made.winner_id, made.loser_id):
        raise NotFound("The customer has no such merge.")
    form = MergeForm(request.POST or None)
    reason = "This merge is undone already." if hasattr(made, "undone") else ""

    def run(data: dict[str, Any]) -> object:
        return unmerge_customers(actor=actor_of(request), merge_id=made.id, reason=data["reason"])

    context = {"merge": made, "reason": reason, "orders": made.moved.filter(kind="order").count()}
    return _dialog(request, "customers/unmerge.html", customer, form, run, "Two customers again.", context)


@login_required
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Ask whether it is meant, or erase what is known of the customer."""
    customer = _managed(request, customer_id)
    form = EraseForm(request.POST or None, initial={"expected_version": customer.version})
    held = f"A legal hold forbids it: {customer.legal_hold}" if customer.legal_hold else ""

    def run(data: dict[str, Any]) -> object:
        return erase_customer(
            actor=actor_of(request), customer_id=customer.id, reference=data["reference"],
            expected_version=data["expected_version"],
        )  # fmt: skip

    context = {"reason": _reason(request, customer) or held}
    return _dialog(request, "customers/erase.html", customer, form, run, "Erased; the proof is kept here.", context)


@login_required
@require_http_methods(["GET", "POST"])
def hold(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """Ask for the reason of a legal hold, or set or lift it."""
    customer = _managed(request, customer_id)
    form = HoldForm(request.POST or None, initial={"reason": customer.legal_hold})

    def run(data: dict[str, Any]) -> object:
        return hold_customer(actor=actor_of(request), customer_id=customer.id, reason=data["reason"])

    context = {"reason": _reason(request, customer)}
    return _dialog(request, "customers/hold.html", customer, form, run, "Legal hold recorded.", context)


def _both(request: HttpRequest, customer_id: UUID, other_id: UUID) -> tuple[Customer, Customer]:
    customer = _managed(request, customer_id)
    return customer, access_customer(actor_of(request), other_id)


def _managed(request: HttpRequest, customer_id: UUID) -> Customer:
    """Return the customer for a dialog. Raises NotFound, and Denied to whose role never changes customers."""
    actor = actor_of(request)
    customer = access_customer(actor, customer_id)
    require(actor, MANAGE)
    return customer


def _reason(request: HttpRequest, customer: Customer) -> str:
    return CustomerPage(actor_of(request), customer).why_not


def _dialog(
    request: HttpRequest,
    template: str,
    customer: Customer,
    form: forms.Form,
    run: Callable[[dict[str, Any]], object],
    message: str,
    context: dict[str, Any],
) -> HttpResponse:
    """Show the form, or run its command; a refusal is told in the form, a stale one as a conflict."""
    back = reverse("customers:detail", args=[customer.id])
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                run(form.cleaned_data)
            return done(request, back, message)
        except DomainError as refusal:
            if isinstance(refusal, Conflict) and refusal.code == "stale":
                return show(request, "errors/refused.html", {"error": refusal, "again": back}, status=409)
            tell(form, refusal)
    shown_as = {"customer": customer, "form": form, "back": back, **context}
    return show(request, template, shown_as, status=422 if form.errors else 200)
