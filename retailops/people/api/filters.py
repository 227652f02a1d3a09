"""Which people and API clients a list shows."""

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from django_filters import rest_framework as filters

from retailops.accounts.models import ApiClient, RoleGrant, User
from retailops.accounts.permissions import Role
from retailops.people.selectors import is_open


class PersonFilter(filters.FilterSet):
    """Filters of people."""

    email = filters.CharFilter(lookup_expr="iexact")
    active = filters.BooleanFilter(field_name="is_active")
    role = filters.ChoiceFilter(choices=Role.choices, method="by_role")

    class Meta:
        model = User
        fields: ClassVar[list[str]] = []

    def by_role(self, rows: "QuerySet[Any]", name: str, value: str) -> "QuerySet[Any]":
        """Keep those who hold the role anywhere."""
        return rows.filter(Exists(RoleGrant.objects.filter(user=OuterRef("pk"), role=value)))


class ClientFilter(filters.FilterSet):
    """Filters of API clients."""

    name = filters.CharFilter()
    open = filters.BooleanFilter(method="by_open", label="Whether its key opens now.")

    class Meta:
        model = ApiClient
        fields: ClassVar[list[str]] = []

    def by_open(self, rows: "QuerySet[Any]", name: str, value: bool) -> "QuerySet[Any]":
        """Keep those whose key opens now, or the others."""
        return rows.filter(is_open()) if value else rows.exclude(is_open())
