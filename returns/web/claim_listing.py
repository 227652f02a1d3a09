"""The list of claims: tabs with counts, filters, one keyset page, and what suppliers owe."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import django_filters
from django import forms
from django.db.models import F, Q, QuerySet, Sum
from django.http import QueryDict

from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid
from retailops.lib.keyset import KeysetPage, capped_count, keyset_page
from retailops.lib.money import Money
from returns.claim_access import claims_visible_to
from returns.enums import ClaimStatus
from returns.models import Supplier, SupplierClaim
from returns.web.listing import Tab

C = ClaimStatus
AT_SUPPLIER = (C.SENT, C.PENDING_CREDIT)
OWED = (*AT_SUPPLIER, C.CREDITED, C.REFUSED)


def views() -> dict[str, tuple[str, Q]]:
    """Return the tabs: name → title and condition."""
    return {
        "all": ("All", Q()),
        "send": ("To send", Q(status=C.DRAFT)),
        "approval": ("Waits for approval", Q(status=C.PENDING_APPROVAL)),
        "supplier": ("At the supplier", Q(status__in=AT_SUPPLIER)),
        "decide": ("To decide", Q(status__in=[C.REFUSED, C.CREDITED])),
        "closed": ("Closed", Q(status=C.CLOSED)),
    }


class ClaimFilter(django_filters.FilterSet):
    """Text, state, supplier and region."""

    q = django_filters.CharFilter(
        method="by_text",
        label="Number",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Claim, return, sku or supplier's number"}),
    )
    view = django_filters.CharFilter(method="by_view", widget=forms.HiddenInput)
    supplier = django_filters.ModelChoiceFilter(
        label="Supplier", queryset=Supplier.objects.order_by("name"), to_field_name="code", empty_label="Supplier: any"
    )
    region = django_filters.CharFilter(label="Region", widget=forms.TextInput(attrs={"placeholder": "Region"}))

    class Meta:
        model = SupplierClaim
        fields: tuple[str, ...] = ()

    def by_view(self, rows: QuerySet[SupplierClaim], name: str, value: str) -> QuerySet[SupplierClaim]:
        """Narrow to a tab; an unknown tab is all."""
        known = views()
        return rows.filter(known[value][1]) if value in known else rows

    def by_text(self, rows: QuerySet[SupplierClaim], name: str, value: str) -> QuerySet[SupplierClaim]:
        """Find by any number that a person may hold in the hand."""
        text = value.strip()
        matches = Q(number__iexact=text) | Q(supplier_reference=text) | Q(rma__number__iexact=text)
        matches |= Q(pk__in=SupplierClaim.objects.filter(lines__sku=text).values("pk"))
        if (id := parse_uuid(text)) is not None:
            matches |= Q(id=id) | Q(correlation_id=id)
        return rows.filter(matches)


@dataclass(frozen=True)
class ClaimListing:
    """What the list page shows. `owed` is what suppliers owe on the claims of these filters, by currency."""

    page: KeysetPage[SupplierClaim]
    filter: ClaimFilter
    tabs: Sequence[Tab]
    total: int
    narrowed: bool
    owed: Sequence[Money]
    overdue: int


def claim_listing(actor: Actor, query: QueryDict) -> ClaimListing:
    """Return one page of the claims that the actor may see, narrowed by the query."""
    visible = claims_visible_to(actor)
    found = ClaimFilter(query, queryset=visible)
    rows = found.qs
    page = keyset_page(rows, after=query.get("after", ""), before=query.get("before", ""))
    current = query.get("view", "") or "all"
    tabs = [
        Tab(key, title, capped_count(visible.filter(where)), key == current) for key, (title, where) in views().items()
    ]
    narrowed = any(query.get(name) for name in ("q", "supplier", "region"))
    overdue = visible.filter(status__in=AT_SUPPLIER, sent_at__isnull=False).filter(
        Q(due_at__isnull=True) | Q(due_at__lte=now())
    )
    return ClaimListing(page, found, tabs, capped_count(rows), narrowed, _owed(rows), capped_count(overdue))


def _owed(rows: QuerySet[SupplierClaim]) -> list[Money]:
    left: Any = F("claimed") - F("credited") - F("written_off")
    sums = rows.filter(status__in=OWED, claimed__gt=F("credited") + F("written_off")).order_by()
    return [Money(row["sum"], row["currency"]) for row in sums.values("currency").annotate(sum=Sum(left))]
