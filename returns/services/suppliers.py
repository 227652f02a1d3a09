"""Suppliers and what comes from them, as the ERP or a file tells it."""

from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from returns.claim_access import access_supplier
from returns.inputs.claims import SupplierIn, SupplierSkuIn
from returns.models import Supplier, SupplierSku

MANAGE = Permission.SUPPLIERS_MANAGE


@transaction.atomic
def put_supplier(*, actor: Actor, code: str, supplier: SupplierIn) -> tuple[Supplier, bool]:
    """Create the supplier of that code or replace its terms; tell whether it is new. Raises Denied.

    Claims that are on their way keep the amounts that they were drafted with.
    """
    require(actor, MANAGE, view=Permission.CLAIMS_VIEW)
    terms = supplier.model_dump(exclude={"restocking_basis_points"})
    percent = Decimal(supplier.restocking_basis_points) / 100
    return Supplier.objects.update_or_create(
        code=code, defaults={**terms, "restocking_percent": percent, "updated_at": now()}
    )


@transaction.atomic
def put_supplier_skus(*, actor: Actor, code: str, skus: Sequence[SupplierSkuIn]) -> int:
    """Say that these skus come from the supplier, at these costs; a sku comes from the one that was said last.

    Return how many were written. Raises NotFound, Denied.
    """
    supplier = access_supplier(actor, code, MANAGE, lock=True)
    last = {each.sku: each for each in skus}
    rows = [SupplierSku(supplier=supplier, **last[sku].model_dump()) for sku in sorted(last)]
    SupplierSku.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["sku"],
        update_fields=["supplier", "supplier_sku", "unit_cost", "currency", "updated_at"],
    )
    return len(rows)
