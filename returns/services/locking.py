"""Take locks in the one order: order → payment → return → line. Whoever needs more than one takes them here."""

from uuid import UUID

from django.db.models import QuerySet

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.prepared import Prepared
from returns.access import access_exchange, access_return
from returns.models import Exchange, Order, Payment, Return


def _order_of(return_id: UUID) -> "QuerySet[Return, UUID | None]":
    return Return.objects.filter(pk=return_id).values_list("order_id", flat=True)


_LOCK_ORDER = Prepared(
    lambda id: Order.objects.select_for_update(no_key=True).filter(pk__in=_order_of(id)).values_list("pk")
)
_LOCK_PAYMENTS = Prepared(
    lambda id: (
        Payment.objects.select_for_update(no_key=True)
        .filter(order_id__in=_order_of(id))
        .order_by("id")
        .values_list("pk")
    )
)


def lock_return(
    actor: Actor,
    return_id: UUID,
    permission: Permission,
    *,
    with_order: bool = False,
    with_payments: bool = False,
    expected_version: int | None = None,
) -> Return:
    """Return the locked return, after its order (whose units the command may take) and payments (whose money).

    Raises as access_return.
    """
    if with_order:
        _LOCK_ORDER.all(return_id)
    if with_payments:
        _LOCK_PAYMENTS.all(return_id)
    return access_return(actor, return_id, permission, lock=True, expected_version=expected_version)


def lock_exchange(actor: Actor, exchange_id: UUID, permission: Permission) -> Exchange:
    """Return the exchange after its order's payments and its return were locked. Raises as access_exchange."""
    found = access_exchange(actor, exchange_id, permission)
    rma = lock_return(actor, found.rma_id, permission, with_payments=True)
    # Read after the locks were taken: what stood there before may have changed while waiting.
    exchange = Exchange.objects.get(pk=exchange_id)
    exchange.rma = rma
    return exchange
