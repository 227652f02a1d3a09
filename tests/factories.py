"""Make orders, returns and people for tests, through the real commands. Every id is new, so that tests never meet."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from inventory.models import Location
from retailops.accounts.actor import EVERYWHERE, Actor, Grant
from retailops.accounts.models import RoleGrant, User
from retailops.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.enums import PolicyStatus
from returns.inputs import InspectionIn, OrderIn, OrderRef, ReceiptIn, ReturnIn, read
from returns.models import Inspection, Order, Receipt, Return, ReturnPolicy
from returns.policy import Rules
from returns.services.inspecting import inspect_return
from returns.services.intake import request_return
from returns.services.orders import capture_order
from returns.services.receiving import receive_return

SYSTEM = Actor.system("test")


def unique(prefix: str = "") -> str:
    """Return a short text that no other test has."""
    return f"{prefix}{uuid4().hex[:10]}"


def actor_with(
    *permissions: str,
    regions: Iterable[str] = (EVERYWHERE,),
    brands: Iterable[str] = (EVERYWHERE,),
    roles: Iterable[str] = (),
    id: str = "",
) -> Actor:
    """Return an actor (no row) that holds these permissions there, and these roles for approval limits."""
    where = frozenset(regions), frozenset(brands)
    held = frozenset(map(str, roles))
    grants = [Grant(frozenset(map(str, permissions)), *where), *(Grant(frozenset(), *where, role) for role in held)]
    identity = id or str(uuid7())
    return Actor("user", identity, f"user {identity[:8]}", tuple(grants), roles=held)


def everyone_with(*permissions: str, region: str = "uk") -> tuple[Actor, Actor, Actor]:
    """Return three actors: one with the rights in the region, one with them elsewhere, one with none."""
    return (
        actor_with(*permissions, regions=[region]),
        actor_with(*permissions, regions=["elsewhere"]),
        actor_with(regions=[region]),
    )


def make_user(
    role: str = Role.OPS_AGENT,
    *,
    regions: Sequence[str] = (EVERYWHERE,),
    brands: Sequence[str] = (EVERYWHERE,),
    **more: Any,
) -> User:
    """Return a person with the role."""
    user = User.objects.create_user(
        email=more.pop("email", f"{unique()}@example.com"), name=more.pop("name", "Test"), **more
    )
    RoleGrant.objects.create(user=user, role=role, regions=list(regions), brands=list(brands))
    return user


def role_actor(role: str, **scope: Any) -> Actor:
    """Return an actor (no row) with a role's permissions and its approval limit."""
    return actor_with(*ROLE_PERMISSIONS[role], roles=[role], **scope)


def ensure_policy(**rules: Any) -> ReturnPolicy:
    """Return the standard policy, active for every scope; `rules` make a newer version that replaces it."""
    policy, _ = ReturnPolicy.objects.get_or_create(
        name="standard",
        version=1,
        defaults={
            "status": PolicyStatus.ACTIVE,
            "effective_from": now() - timedelta(days=9000),
            "rules": {"auto_approve_limit": {"*": 50000}, "approval_limits": {"finance_approver": {"*": None}}},
        },
    )
    return make_policy(name="standard", rules=policy.rules | rules) if rules else policy


def make_policy(*, rules: dict[str, Any], name: str = "", **fields: Any) -> ReturnPolicy:
    """Return a new active policy version that applies from long ago; `fields` narrow its scope."""
    name = name or unique("policy-")
    latest = ReturnPolicy.objects.filter(name=name).order_by("-version").first()
    fields.setdefault("effective_from", now() - timedelta(days=8000))
    version = latest.version + 1 if latest else 1
    if latest is not None and not fields.get("effective_to") and Rules(**rules).canary_share == 100:
        former = ReturnPolicy.objects.filter(name=name, effective_to=None, effective_from__lte=fields["effective_from"])
        former.update(effective_to=fields["effective_from"])
    return ReturnPolicy.objects.create(name=name, version=version, status=PolicyStatus.ACTIVE, rules=rules, **fields)


def make_location(code: str = "", *, region: str = "uk", sellable: bool = True, **fields: Any) -> Location:
    """Return a location; an existing one of that code is returned as it is."""
    code = code or unique("WH-")
    defaults = {"name": code, "region": region, "sellable": sellable, **fields}
    return Location.objects.get_or_create(code=code, defaults=defaults)[0]


def order_data(**fields: Any) -> dict[str, Any]:
    """Return an order's input as plain data: two lines (3 × 10.00 and 1 × 25.50), paid by one card, shipped last week.

    `fields` replace top-level entries. Amounts in minor units of GBP.
    """
    shipped = now() - timedelta(days=7)
    number = unique("O-")
    lines = fields.get("lines") or [
        line_data("L1", quantity=3, unit_price=1000),
        line_data("L2", quantity=1, unit_price=2550),
    ]
    total = sum(line["unit_price"] * line["quantity"] - line.get("discount", 0) for line in lines)
    total += sum(tax["amount"] for line in lines for tax in line.get("taxes", []) if not tax.get("included"))
    total += sum(line.get("duty", 0) for line in lines) - fields.get("discount", 0)
    total += fields.get("shipping_charged", 0) + fields.get("shipping_tax", 0)
    data = {
        "channel": "shopify-uk",
        "external_id": unique("gid-"),
        "number": number,
        "version": 1,
        "region": "uk",
        "brand": "acme",
        "store": "",
        "legal_entity": "ACME-UK",
        "country": "GB",
        "currency": "GBP",
        "placed_at": shipped - timedelta(days=1),
        "customer": {"system": "shopify-uk", "external_id": unique("c-"), "name": "Ada", "email": "ada@example.com"},
        "lines": lines,
        "payments": [{"external_id": unique("pi_"), "gateway": "stripe", "captured": total}],
        "shipments": [{"tracking": unique("TRK"), "carrier": "dhl", "shipped_at": shipped}],
    }
    return data | fields


def line_data(external_id: str = "", *, quantity: int = 1, unit_price: int = 1000, **fields: Any) -> dict[str, Any]:
    """Return an order line's input as plain data, shipped last week."""
    return {
        "external_id": external_id or unique("L-"),
        "sku": fields.pop("sku", None) or unique("SKU-"),
        "title": "Thing",
        "quantity": quantity,
        "unit_price": unit_price,
        "shipped_at": now() - timedelta(days=7),
        **fields,
    }


def make_order(actor: Actor = SYSTEM, **fields: Any) -> Order:
    """Return a captured order; `fields` as in order_data."""
    ensure_policy()
    return capture_order(actor=actor, order=read(OrderIn, order_data(**fields))).order


def return_data(order: Order, quantities: dict[int, int] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a return request's input as plain data: the quantities by order line number, or one unit of line 1."""
    lines = [{"line_no": number, "quantity": units} for number, units in (quantities or {1: 1}).items()]
    return {"order": {"order_id": order.id}, "lines": lines, "reason": "too_small"} | fields


def make_return(
    order: Order | None = None, quantities: dict[int, int] | None = None, *, actor: Actor = SYSTEM, **fields: Any
) -> Return:
    """Return a requested return, authorized at once under the standard policy."""
    order = order or make_order()
    return request_return(actor=actor, request=read(ReturnIn, return_data(order, quantities, **fields)))


def receipt_data(rma: Return, quantities: dict[int, int] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a receipt's input as plain data: the quantities by return line number, or all that was requested."""
    found = quantities or {line.line_no: line.requested for line in rma.lines.all()}
    location = fields.pop("location", None) or make_location(region=rma.region).code
    lines = [{"line_no": number, "quantity": units} for number, units in found.items()]
    return {"scan_id": unique("scan-"), "location": location, "lines": lines} | fields


def make_receipt(
    rma: Return, quantities: dict[int, int] | None = None, *, actor: Actor = SYSTEM, **fields: Any
) -> Receipt:
    """Return the receipt of an arrival."""
    return receive_return(
        actor=actor, return_id=rma.id, receipt=read(ReceiptIn, receipt_data(rma, quantities, **fields))
    )


def slice_data(line_no: int = 1, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    """Return one verdict as plain data: accepted and sellable."""
    return {"line_no": line_no, "quantity": quantity, "accepted": True, "disposition": "sellable"} | fields


def make_inspection(
    rma: Return, slices: Sequence[dict[str, Any]] | None = None, *, actor: Actor = SYSTEM, **fields: Any
) -> Inspection:
    """Return an inspection: the slices, or all that waits accepted as sellable, at the place of the last receipt."""
    last = rma.receipts.order_by("-recorded_at").select_related("location").first()
    location = fields.pop("location", None) or (last.location.code if last else make_location(region=rma.region).code)
    waiting = [line for line in rma.lines.all() if line.received > line.inspected]
    parts = slices or [slice_data(line.line_no, line.received - line.inspected) for line in waiting]
    data = {"reference": unique("insp-"), "location": location, "slices": list(parts)} | fields
    return inspect_return(actor=actor, return_id=rma.id, inspection=read(InspectionIn, data))


def make_inspected_return(
    order: Order | None = None, quantities: dict[int, int] | None = None, **fields: Any
) -> Return:
    """Return a return whose units arrived and were accepted: its refund is proposed, and paid if something pays it."""
    rma = make_return(order, quantities, **fields)
    make_receipt(rma)
    make_inspection(rma)
    return fresh(rma)


def fresh(rma: Return) -> Return:
    """Return the return as the database has it now."""
    return Return.objects.get(pk=rma.pk)


def order_ref(order: Order) -> OrderRef:
    """Return the order's reference as commands take it."""
    return OrderRef(order_id=UUID(str(order.id)))


ALL_PERMISSIONS = tuple(Permission)
