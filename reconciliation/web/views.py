"""Pages of discrepancies: list, one, and the dialogs of its repairs."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import django_filters
from django import forms
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from reconciliation import repairs
from reconciliation.access import access_discrepancy, discrepancies_visible_to
from reconciliation.models import Discrepancy, DiscrepancyStatus, DiscrepancyType, Resolution
from reconciliation.services import leave_discrepancy, take_theirs, tell_ours
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page
from returns.models import TruthObject
from returns.selectors import returns_visible_to

VIEW, RESOLVE = Permission.DISCREPANCIES_VIEW, Permission.DISCREPANCIES_RESOLVE


@dataclass(frozen=True)
class Repair:
    """One way to settle it: its words, when not now, and the command."""

    label: str
    consequence: str
    done: str
    resolution: str
    why_not: Callable[[Discrepancy], str]
    run: Callable[..., Discrepancy]


REPAIRS = {
    "take": Repair(
        "Take their value",
        "The order gets their value. What a return or refund relies on is never changed.",
        "Their value is taken over.", Resolution.TOOK_THEIRS, repairs.why_not_theirs, take_theirs,
    ),
    "tell": Repair(
        "Tell them ours",
        "Whoever keeps the other system is asked to set it to ours. Nothing changes here.",
        "They are told.", Resolution.TOLD_OURS, repairs.why_not_told, tell_ours,
    ),
    "leave": Repair(
        "Keep both",
        "Both stand as they are, with your reason. Told anew, it opens again.",
        "Left as it is.", Resolution.LEFT, repairs.why_not_left, leave_discrepancy,
    ),
}  # fmt: skip


TAKEN_OF_RETURN = (
    "The return is brought to what they say, by the same command as on its own page: what goods or money stand in the "
    "way of is refused."
)


@dataclass(frozen=True)
class Offer:
    """A repair as it is offered; a reason says why not now."""

    key: str
    repair: Repair
    reason: str


class ReasonForm(forms.Form):
    """Why it is settled so."""

    reason = forms.CharField(max_length=200, label="Reason", help_text="Kept with the discrepancy and its case.")


def _text(label: str) -> forms.TextInput:
    return forms.TextInput(attrs={"placeholder": label})


class DiscrepancyFilter(django_filters.FilterSet):
    """What the list can be narrowed to."""

    q = django_filters.CharFilter(
        method="by_text", label="Number, reference or field", widget=_text("Number, reference or field")
    )
    status = django_filters.ChoiceFilter(choices=DiscrepancyStatus.choices, label="State", empty_label="State: any")
    type = django_filters.ChoiceFilter(choices=DiscrepancyType.choices, label="Kind", empty_label="Kind: any")
    object = django_filters.ChoiceFilter(choices=TruthObject.choices, label="About", empty_label="About: anything")
    system = django_filters.CharFilter(label="System", widget=_text("System"))
    region = django_filters.CharFilter(label="Region", widget=_text("Region"))

    class Meta:
        model = Discrepancy
        fields: tuple[str, ...] = ()

    def by_text(self, rows: "QuerySet[Discrepancy]", name: str, value: str) -> "QuerySet[Discrepancy]":
        """Find by the number of the order or the return, the reference of the money, or the field's name."""
        told = value.strip()
        reference = Q(order__isnull=True, external_id=told.upper())
        named = Q(type=DiscrepancyType.RETURN_DRIFT, external_id__startswith=told)
        return rows.filter(Q(order__number=told) | reference | named | Q(field__iexact=told.replace(" ", "_")))


@login_required
@require_GET
def discrepancy_list(request: HttpRequest) -> HttpResponse:
    """Show the discrepancies of the query, the open ones unless it says otherwise."""
    actor = actor_of(request)
    require(actor, VIEW)
    query = request.GET.copy()
    if "status" not in query:
        query["status"] = DiscrepancyStatus.OPEN
    found = DiscrepancyFilter(query, queryset=discrepancies_visible_to(actor))
    page = keyset_page(found.qs, after=query.get("after", ""), before=query.get("before", ""))
    context = {
        "page": page,
        "filter": found,
        "total": capped_count(found.qs),
        "narrowed": any(value for name, value in request.GET.items() if name not in ("after", "before")),
        "may_see_truth": can(actor, Permission.POLICIES_VIEW),
    }
    return show(request, "discrepancies/list.html", context, fragments={"discrepancies": "discrepancies/_list.html"})


@login_required
@require_GET
def discrepancy_detail(request: HttpRequest, discrepancy_id: UUID) -> HttpResponse:
    """Show one discrepancy with what may be done about it."""
    actor = actor_of(request)
    found = access_discrepancy(actor, discrepancy_id)
    allowed = can(actor, RESOLVE, region=found.region, brand=found.brand)
    ways = {"leave": REPAIRS["leave"]} if found.of_money else REPAIRS
    offers = [Offer(key, each, each.why_not(found)) for key, each in ways.items()] if allowed else []
    may_see_order = can(actor, Permission.ORDERS_VIEW, region=found.region, brand=found.brand)
    context = {"found": found, "offers": offers, "may_see_order": may_see_order and found.order_id is not None}
    context["may_see_items"] = can(actor, Permission.SETTLEMENTS_VIEW, region=found.region, brand=found.brand)
    context["return_number"] = _return_of(actor, found)
    return show(request, "discrepancies/detail.html", context)


def _return_of(actor: Actor, found: Discrepancy) -> str:
    """Return the number of the return that it is about, where the person may see it."""
    if found.type != DiscrepancyType.RETURN_DRIFT:
        return ""
    rows = returns_visible_to(actor).filter(pk=str(found.object_id))
    return str(rows.values_list("number", flat=True).first() or "")


@login_required
@require_http_methods(["GET", "POST"])
def repair(request: HttpRequest, discrepancy_id: UUID, repair: str) -> HttpResponse:
    """Show the form of a repair, or do it."""
    actor, chosen = actor_of(request), REPAIRS.get(repair)
    if chosen is None:
        raise NotFound("There is no such repair.")
    found = access_discrepancy(actor, discrepancy_id, RESOLVE)
    back = reverse("discrepancies:detail", args=[found.id])
    form = ReasonForm(request.POST or None)

    def run() -> None:
        chosen.run(actor=actor, discrepancy_id=found.id, reason=form.cleaned_data["reason"])

    if request.method == "POST" and form.is_valid() and accepted(form, run):
        return done(request, back, chosen.done)
    context = {"found": found, "key": repair, "repair": chosen, "form": form, "back": back}
    context["reason"] = chosen.why_not(found)
    of_return = found.type == DiscrepancyType.RETURN_DRIFT and repair == "take"
    context["consequence"] = TAKEN_OF_RETURN if of_return else chosen.consequence
    return show(request, "discrepancies/repair.html", context, status=422 if form.errors else 200)
