"""Customers within a person's scope. A customer has no region of its own: those of its orders and returns count.

To see one, one order within the scope is enough (and only those orders are shown); to change it, all must be within.
"""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from retailops.accounts.actor import Actor, can, scope_q
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, Denied, hidden
from returns.models import Customer, CustomerMerge, Order, Return

VIEW, MANAGE = Permission.CUSTOMERS_VIEW, Permission.CUSTOMERS_MANAGE


def customers_visible_to(actor: Actor) -> QuerySet[Customer]:
    """Return the customers that the actor may see; one without any order is seen by who sees every region."""
    if unlimited(actor, VIEW):
        return Customer.objects.all()
    orders = Order.objects.filter(scope_q(actor, VIEW))
    returns = Return.objects.filter(scope_q(actor, VIEW))
    # One that was merged is where its orders went.
    bought = [Exists(orders.filter(customer=OuterRef(at))) for at in ("pk", "merged_into")]
    sent_back = [Exists(returns.filter(customer=OuterRef(at))) for at in ("pk", "merged_into")]
    within = Q(bought[0]) | Q(bought[1]) | Q(sent_back[0]) | Q(sent_back[1])
    return Customer.objects.filter(within)


def unlimited(actor: Actor, permission: Permission) -> bool:
    """Tell whether the actor holds the permission in every region and brand."""
    return can(actor, permission, region="", brand="")


def access_customer(
    actor: Actor,
    customer_id: UUID,
    permission: Permission = VIEW,
    *,
    lock: bool = False,
    expected_version: int | None = None,
) -> Customer:
    """Return the customer. Raises NotFound; Denied when it may be seen but has orders where the actor may not change;
    Conflict when it is newer than the version that the actor saw."""
    if lock:
        list(Customer.objects.select_for_update(no_key=True).filter(pk=customer_id).values_list("pk"))
    customer = customers_visible_to(actor).filter(pk=customer_id).first()
    if customer is None:
        raise hidden()
    if permission != VIEW:
        require_everywhere(actor, customer, permission)
    if expected_version is not None and expected_version != customer.version:
        raise Conflict(
            "Somebody changed this customer in the meantime; look again.",
            code="stale",
            expected_version=expected_version,
            present_version=customer.version,
        )
    return customer


def why_not_everywhere(actor: Actor, customer: Customer, permission: Permission) -> str:
    """Say why the actor may not change the customer; "" where it may: wherever the customer bought."""
    if not can(actor, permission):
        return f"{actor.label} does not hold the permission {permission} here."
    if unlimited(actor, permission):
        return ""
    home = customer.merged_into_id or customer.id
    bought = Order.objects.filter(customer=home).values_list("region", "brand")
    sent_back = Return.objects.filter(customer=home).values_list("region", "brand")
    places = set(bought.union(sent_back))
    if places and all(can(actor, permission, region=region, brand=brand) for region, brand in places):
        return ""
    return "The customer has orders in regions or brands where you may not change customers."


def require_everywhere(actor: Actor, customer: Customer, permission: Permission) -> None:
    """Raise Denied unless the actor may change the customer wherever it bought."""
    if why := why_not_everywhere(actor, customer, permission):
        raise Denied(why, permission=str(permission))


def access_merge(actor: Actor, merge_id: UUID) -> CustomerMerge:
    """Return the merge, if the actor may see its winner. Raises NotFound."""
    merge = CustomerMerge.objects.filter(pk=merge_id).first()
    if merge is None:
        raise hidden()
    access_customer(actor, merge.winner_id)
    return merge
