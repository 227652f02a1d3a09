"""Suppliers and goods to claim from them, for tests."""

from typing import Any

from returns.inputs import read
from returns.inputs.claims import ClaimIn, SupplierIn, SupplierSkuIn
from returns.models import DispositionSlice, Return, Supplier, SupplierClaim
from returns.services.claim_drafting import draft_claim
from returns.services.suppliers import put_supplier, put_supplier_skus
from tests.factories import SYSTEM, make_inspection, make_order, make_receipt, make_return, slice_data, unique


def make_supplier(*skus: str, unit_cost: int = 400, currency: str = "GBP", **terms: Any) -> Supplier:
    """Return a supplier of these skus; `terms` as in SupplierIn."""
    code = unique("sup-")
    supplier, _ = put_supplier(actor=SYSTEM, code=code, supplier=read(SupplierIn, {"name": "Wool & Co", **terms}))
    costs = [SupplierSkuIn(sku=sku, unit_cost=unit_cost, currency=currency, supplier_sku=f"W-{sku}") for sku in skus]
    put_supplier_skus(actor=SYSTEM, code=code, skus=costs)
    return supplier


def disposed(quantity: int = 2, disposition: str = "return_to_vendor", **order: Any) -> tuple[Return, DispositionSlice]:
    """Return a return of which so many units were accepted into the disposition, and that verdict."""
    rma = make_return(make_order(**order), {1: quantity})
    make_receipt(rma)
    made = make_inspection(rma, [slice_data(1, quantity, disposition=disposition)])
    return rma, made.slices.get()


def drafted(quantity: int = 2, *, disposition: str = "return_to_vendor", **terms: Any) -> SupplierClaim:
    """Return a draft for so many units, at 4.00 each."""
    _, part = disposed(quantity, disposition)
    make_supplier(part.line.sku, **terms)
    return draft_claim(actor=SYSTEM, claim=read(ClaimIn, {"lines": [{"slice_id": part.id}]}))
