"""Take locks in the one order: order → payment → return → line. Whoever needs more than one takes them here."""

from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.errors import hidden
from returns.access import access_exchange, access_return
from returns.models import Exchange, Order, Payment, Return


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
    order_id = _order_id(return_id)
    if order_id and with_order:
        list(Order.objects.select_for_update(no_key=True).filter(pk=order_id).values_list("pk"))
    if order_id and with_payments:
        rows = Payment.objects.select_for_update(no_key=True).filter(order_id=order_id).order_by("id")
        list(rows.values_list("pk"))
    return access_return(actor, return_id, permission, lock=True, expected_version=expected_version)


def lock_exchange(actor: Actor, exchange_id: UUID, permission: Permission) -> Exchange:
    """Return the exchange after its order's payments and its return were locked. Raises as access_exchange."""
    found = access_exchange(actor, exchange_id, permission)
    rma = lock_return(actor, found.rma_id, permission, with_payments=True)
    # Read after the locks were taken: what stood there before may have changed while waiting.
    exchange = Exchange.objects.get(pk=exchange_id)
    exchange.rma = rma
    return exchange


def _order_id(return_id: UUID) -> UUID | None:
    found = Return.objects.filter(pk=return_id).values_list("order_id", flat=True)
    if not found:
        raise hidden()
    return found[0]
