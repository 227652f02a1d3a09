"""Suppliers, their terms, and which skus come from them."""

from typing import Annotated, ClassVar

from django_filters import rest_framework as filters
from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import Answer, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import NotFound
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, MoneyIn, Shape
from returns.api.claim_shapes import SupplierShape, supplier_shape
from returns.claim_access import access_supplier
from returns.inputs import Name, read
from returns.inputs.claims import Days, SupplierIn, SupplierSkuIn
from returns.models import Supplier
from returns.services import suppliers

VIEW, MANAGE = Permission.CLAIMS_VIEW, Permission.SUPPLIERS_MANAGE


class SupplierBody(Body):
    """A supplier's terms; what is left out has its default."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=150, strip_whitespace=True)]
    takes_back: bool = Field(True, description="Goods may be sent back to it.")
    restocking_basis_points: int = Field(0, ge=0, le=10_000, description="1250 is 12.5 % of the goods' cost.")
    claim_window_days: Days = Field(0, description="Days from the verdict; 0: no limit.")
    credit_days: Days = 30
    approval_above: list[MoneyIn] = Field(
        default_factory=list, max_length=50, description="Amounts above which a second person agrees, one a currency."
    )


class SkuBody(Body):
    """A sku that comes from the supplier, and what one unit costs."""

    sku: Name
    supplier_sku: Annotated[str, StringConstraints(max_length=64)] = ""
    unit_cost: MoneyIn


class SkusBody(Body):
    """Skus that come from the supplier."""

    skus: list[SkuBody] = Field(min_length=1, max_length=500)


class SkusWritten(Shape):
    """How many were written."""

    written: int


class SupplierList(Shape):
    """One page of suppliers."""

    results: list[SupplierShape]
    next_cursor: str


class SupplierFilter(filters.FilterSet):
    """Filters of suppliers."""

    code = filters.CharFilter()
    sku = filters.CharFilter(field_name="skus__sku")

    class Meta:
        model = Supplier
        fields: ClassVar[list[str]] = []


class Suppliers(ListEndpoint):
    """Suppliers."""

    queryset = Supplier.objects.none()
    filterset_class = SupplierFilter

    @operation(
        id="listSuppliers", summary="Suppliers", tag="Claims", permission=VIEW, query=PageQuery,
        orderings=("id", "-id"), answers={200: SupplierList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> SupplierList:
        """The same in every region; `sku` finds the one that it comes from."""
        page = self.page(Supplier.objects.all(), query)
        return SupplierList.build(results=[supplier_shape(row) for row in page.rows], next_cursor=page.next_cursor)


class SupplierEndpoint(CommandEndpoint):
    """One supplier."""

    @operation(
        id="getSupplier", summary="A supplier", tag="Claims", permission=VIEW, answers={200: SupplierShape},
        problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, code: str) -> SupplierShape:
        """Its terms."""
        return supplier_shape(access_supplier(self.actor, code))

    @operation(
        id="putSupplier", summary="Create a supplier or replace its terms", tag="Claims", permission=MANAGE,
        body=SupplierBody, answers={200: SupplierShape, 201: SupplierShape}, problems=(404,),
    )  # fmt: skip
    def put(self, request: Request, code: str, body: SupplierBody) -> Answer:
        """Claims that are on their way keep the amounts that they were drafted with."""
        if len(code) > 64:
            raise NotFound("A supplier's code has at most 64 characters.")
        terms = body.model_dump(exclude={"approval_above"})
        above = {limit.currency: limit.amount for limit in body.approval_above}
        told = read(SupplierIn, {**terms, "approval_above": above})
        supplier, fresh = suppliers.put_supplier(actor=self.actor, code=code, supplier=told)
        return Answer(supplier_shape(supplier), 201 if fresh else 200)


class SupplierSkus(CommandEndpoint):
    """The skus of one supplier."""

    @operation(
        id="putSupplierSkus", summary="Say which skus come from it", tag="Claims", permission=MANAGE, body=SkusBody,
        answers={200: SkusWritten}, problems=(404,),
    )  # fmt: skip
    def put(self, request: Request, code: str, body: SkusBody) -> SkusWritten:
        """Up to 500 at once; a sku comes from the supplier that was told last."""
        told = [
            SupplierSkuIn(
                sku=each.sku,
                supplier_sku=each.supplier_sku,
                unit_cost=each.unit_cost.amount,
                currency=each.unit_cost.currency,
            )
            for each in body.skus
        ]
        return SkusWritten.build(written=suppliers.put_supplier_skus(actor=self.actor, code=code, skus=told))
