"""Suppliers and what comes from them, as the ERP, a file or a person tells it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.clock import now
from returns.claim_access import access_supplier, require_for_suppliers
from returns.events import SupplierChanged, SupplierSkusTold
from returns.inputs.claims import SupplierIn, SupplierSkuIn
from returns.models import Supplier, SupplierSku

MANAGE = Permission.SUPPLIERS_MANAGE


@transaction.atomic
def put_supplier(*, actor: Actor, code: str, supplier: SupplierIn) -> tuple[Supplier, bool]:
    """Create the supplier of that code or replace its terms; tell whether it is new. Raises Denied.

    Claims that are on their way keep the amounts that they were drafted with. The same terms again change nothing.
    """
    require_for_suppliers(actor, MANAGE)
    terms = _terms(supplier)
    kept, fresh = Supplier.objects.select_for_update(no_key=True).get_or_create(code=code, defaults=terms)
    if fresh or any(getattr(kept, name) != value for name, value in terms.items()):
        _take(actor, kept, supplier, terms, fresh=fresh)
    return kept, fresh


def _terms(supplier: SupplierIn) -> dict[str, Any]:
    percent = Decimal(supplier.restocking_basis_points) / 100
    return supplier.model_dump(exclude={"restocking_basis_points"}) | {"restocking_percent": percent}


def _take(actor: Actor, kept: Supplier, supplier: SupplierIn, terms: Mapping[str, Any], *, fresh: bool) -> None:
    for name, value in terms.items():
        setattr(kept, name, value)
    kept.updated_at = now()
    kept.save()
    told = SupplierChanged(supplier_id=str(kept.id), code=kept.code, fresh=fresh, **supplier.model_dump())
    publish(told, subject=kept.as_subject(), actor=actor)


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
    told = SupplierSkusTold(
        supplier_id=str(supplier.id),
        code=supplier.code,
        unit_costs={row.sku: row.unit_cost for row in rows},
        currencies={row.sku: row.currency for row in rows},
    )
    publish(told, subject=supplier.as_subject(), actor=actor)
    return len(rows)
