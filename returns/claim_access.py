"""Fetch, scope, permission and lock of claims and suppliers. What an actor may not see does not exist for it."""

from uuid import UUID

from django.db.models import QuerySet

from retailops.accounts.actor import Actor, can, require, scope_q
from retailops.accounts.permissions import Permission as P
from retailops.lib.errors import Conflict, NotFound, hidden
from retailops.lib.ids import parse_uuid
from returns.models import Supplier, SupplierClaim


def access_claim(
    actor: Actor,
    claim_id: UUID,
    permission: P = P.CLAIMS_VIEW,
    *,
    lock: bool = False,
    expected_version: int | None = None,
) -> SupplierClaim:
    """Return the claim with its supplier and return. Raises NotFound, Denied; Conflict when it is newer than seen."""
    rows = SupplierClaim.objects.select_related("supplier", "rma", "approval")
    claim = (rows.select_for_update(no_key=True, of=("self",)) if lock else rows).filter(pk=claim_id).first()
    if claim is None:
        raise hidden()
    require(actor, permission, region=claim.region, brand=claim.brand, view=P.CLAIMS_VIEW)
    if expected_version is not None and expected_version != claim.version:
        raise Conflict(
            "Somebody changed this claim in the meantime; look at it again.",
            code="stale",
            expected_version=expected_version,
            present_version=claim.version,
            present_status=str(claim.status),
        )
    return claim


def claims_visible_to(actor: Actor) -> QuerySet[SupplierClaim]:
    """Return the claims that the actor may see, with their suppliers and returns."""
    return SupplierClaim.objects.filter(scope_q(actor, P.CLAIMS_VIEW)).select_related("supplier", "rma")


def claim_named(actor: Actor, key: str) -> SupplierClaim:
    """Return the claim of that id or number. Raises NotFound."""
    known = parse_uuid(key)
    rows = claims_visible_to(actor)
    claim = (rows.filter(pk=known) if known else rows.filter(number=key.upper())).first()
    if claim is None:
        raise hidden()
    return claim


def require_for_suppliers(actor: Actor, permission: P) -> None:
    """Require the permission for what is the same in every region. Raises Denied."""
    require(actor, P.CLAIMS_VIEW)
    if permission != P.CLAIMS_VIEW:
        require(actor, permission, region="", brand="")


def may_change_suppliers(actor: Actor) -> bool:
    """Tell whether the actor may change suppliers: everywhere, as they are the same everywhere."""
    return can(actor, P.SUPPLIERS_MANAGE, region="", brand="")


def access_supplier(actor: Actor, code: str, permission: P = P.CLAIMS_VIEW, *, lock: bool = False) -> Supplier:
    """Return the supplier of that code; the same in every region, changed by who may do so everywhere.

    Raises NotFound, Denied.
    """
    require_for_suppliers(actor, permission)
    rows = Supplier.objects.filter(code=code)
    supplier = (rows.select_for_update(no_key=True) if lock else rows).first()
    if supplier is None:
        raise NotFound("There is no such supplier.")
    return supplier
