"""Lists: filters by django-filter, keyset pages, an ordering from those that have an index."""

from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django_filters.rest_framework import DjangoFilterBackend

from retailops.accounts.endpoint import Endpoint
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.pagination import Page, PageQuery, keyset_page

M = TypeVar("M", bound=Model)


class ListEndpoint(Endpoint):
    """An endpoint with a filtered list. `queryset` tells the documentation which model it is of."""

    filter_backends: ClassVar[list[Any]] = [DjangoFilterBackend]
    filterset_class: ClassVar[Any]
    queryset: ClassVar[Any]

    def filter_names(self) -> frozenset[str]:
        """Return the names of the parameters that the filters read."""
        return frozenset(self.filterset_class.base_filters)

    def page(self, rows: "QuerySet[M]", query: PageQuery) -> "Page[M]":
        """Return one page of the rows that the request's filters let through. Raises Invalid, naming the parameter."""
        given = self.request._request.GET
        empty = [name for name in self.filter_names() if name in given and "" in given.getlist(name)]
        if empty:
            # "No filter" by mistake would show (and have somebody work) far too much.
            raise Invalid("A filter is empty.", errors=[FieldError(f"?{name}", "Must not be empty.") for name in empty])
        filters = self.filterset_class(given, queryset=rows)
        if not filters.is_valid():
            faults = [FieldError(f"?{name}", " ".join(said)) for name, said in filters.errors.items()]
            raise Invalid("See `errors` for each parameter.", errors=faults)
        orderings = self.get.operation.orderings  # type: ignore[attr-defined]  # set by @operation
        return keyset_page(filters.qs, query, orderings)
