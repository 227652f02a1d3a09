"""Fetch, scope, permission and lock in one call. What an actor may not see does not exist for it."""

from collections.abc import Iterable
from functools import cache
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from retailops.accounts.actor import EVERYWHERE, Actor, require
from retailops.accounts.permissions import Permission as P
from retailops.events.prepared import Prepared, load
from retailops.lib.errors import Conflict, NotFound, hidden
from returns.models import (
    CreditMemo,
    DispositionSlice,
    Exchange,
    Order,
    Payment,
    Refund,
    Return,
    ReturnPolicy,
    StoredAccount,
)

Row = TypeVar("Row", bound=Model)

_OWNERS_OF_REFUND = Prepared(lambda id: Refund.objects.filter(pk=id).values_list("rma_id", "payment_id"))
_REFUND = Prepared(lambda id: Refund.objects.select_related("rma", "payment", "approval").filter(pk=id))
_OWNER_OF_MEMO = Prepared(lambda id: CreditMemo.objects.filter(pk=id).values_list("rma_id", flat=True))
_MEMO = Prepared(lambda id: CreditMemo.objects.select_related("refund").filter(pk=id))
_OWNER_OF_SLICE = Prepared(lambda id: DispositionSlice.objects.filter(pk=id).values_list("line__rma_id", flat=True))
_SLICE = Prepared(
    lambda id: DispositionSlice.objects.select_related("line__order_line", "inspection__location").filter(pk=id)
)


def access_order(actor: Actor, order_id: UUID, permission: P = P.ORDERS_VIEW, *, lock: bool = False) -> Order:
    """Return the order. Raises NotFound, Denied."""
    order = _fetch(Order, order_id, lock)
    require(actor, permission, region=order.region, brand=order.brand, view=P.ORDERS_VIEW)
    return order


def access_order_by_channel(
    actor: Actor, channel: str, external_id: str, permission: P = P.ORDERS_VIEW, *, lock: bool = False
) -> Order:
    """Return the order that its channel calls so. Raises NotFound, Denied."""
    rows = Order.objects.filter(channel=channel, external_id=external_id)
    order = (rows.select_for_update(no_key=True) if lock else rows).first()
    if order is None:
        raise NotFound(f"There is no order {external_id} of channel {channel}.")
    require(actor, permission, region=order.region, brand=order.brand, view=P.ORDERS_VIEW)
    return order


def access_return(
    actor: Actor,
    return_id: UUID,
    permission: P = P.RETURNS_VIEW,
    *,
    lock: bool = False,
    expected_version: int | None = None,
) -> Return:
    """Return the return. Raises NotFound, Denied; Conflict when it is newer than the version that the actor saw."""
    rma = _fetch(Return, return_id, lock)
    load(rma, "policy")
    require(actor, permission, region=rma.region, brand=rma.brand, view=P.RETURNS_VIEW)
    if expected_version is not None and expected_version != rma.version:
        raise Conflict(
            "Somebody changed this return in the meantime; look at it again.",
            code="stale",
            expected_version=expected_version,
            present_version=rma.version,
            present_status=str(rma.status),
        )
    return rma


def access_refund(actor: Actor, refund_id: UUID, permission: P = P.REFUNDS_VIEW, *, lock: bool = False) -> Refund:
    """Return the refund with its return and payment; `lock` locks payment, return and refund, in that order.

    Raises NotFound, Denied.
    """
    found = _OWNERS_OF_REFUND.first(refund_id)
    if found is None:
        raise hidden()
    if lock:
        _fetch(Payment, found[1], lock=True)
        _fetch(Return, found[0], lock=True)
    # Read after the locks were taken: what stood there before may have changed while waiting.
    [refund] = _REFUND.all(refund_id)
    require(actor, permission, region=refund.rma.region, brand=refund.rma.brand, view=P.REFUNDS_VIEW)
    return refund


def access_memo(actor: Actor, memo_id: UUID, permission: P = P.REFUNDS_VIEW, *, lock: bool = False) -> CreditMemo:
    """Return the credit memo with its return; `lock` locks the return. Raises NotFound, Denied."""
    return_id = _OWNER_OF_MEMO.first(memo_id)
    if return_id is None:
        raise hidden()
    rma = _fetch(Return, return_id, lock)
    require(actor, permission, region=rma.region, brand=rma.brand, view=P.REFUNDS_VIEW)
    [memo] = _MEMO.all(memo_id)
    memo.rma = rma
    return memo


def access_exchange(actor: Actor, exchange_id: UUID, permission: P = P.RETURNS_VIEW) -> Exchange:
    """Return the exchange with its return and order, not locked (that is `lock_exchange`). Raises NotFound, Denied."""
    found = Exchange.objects.select_related("rma__order", "rma__policy").filter(pk=exchange_id).first()
    if found is None:
        raise hidden()
    require(actor, permission, region=found.rma.region, brand=found.rma.brand, view=P.RETURNS_VIEW)
    return found


def access_account(
    actor: Actor, account_id: UUID, permission: P = P.STORED_VALUE_VIEW, *, lock: bool = False
) -> StoredAccount:
    """Return the account of stored value. Raises NotFound, Denied."""
    account = _fetch(StoredAccount, account_id, lock)
    require(actor, permission, region=account.region, brand=account.brand, view=P.STORED_VALUE_VIEW)
    return account


def access_slice(
    actor: Actor, slice_id: UUID, permission: P = P.RETURNS_VIEW, *, lock: bool = False
) -> DispositionSlice:
    """Return the disposition with its line, inspection and return; `lock` locks the return. Raises NotFound, Denied."""
    return_id = _OWNER_OF_SLICE.first(slice_id)
    if return_id is None:
        raise hidden()
    rma = _fetch(Return, return_id, lock)
    require(actor, permission, region=rma.region, brand=rma.brand, view=P.RETURNS_VIEW)
    [found] = _SLICE.all(slice_id)
    found.line.rma = rma
    return found


def policies_visible_to(actor: Actor) -> QuerySet[ReturnPolicy]:
    """Return the policy versions that the actor may see: those of its regions and brands, and those for any of them."""
    allowed = Q(pk__in=[])
    for grant in actor.grants:
        if P.POLICIES_VIEW in grant.permissions:
            allowed |= _applies("region", grant.regions) & _applies("brand", grant.brands)
    return ReturnPolicy.objects.filter(allowed)


def _applies(name: str, places: Iterable[str]) -> Q:
    return ~Q(pk__in=[]) if EVERYWHERE in places else Q(**{f"{name}__in": ["", *sorted(places)]})


def access_policy(
    actor: Actor, policy_id: UUID, permission: P = P.POLICIES_VIEW, *, lock: bool = False, revision: int | None = None
) -> ReturnPolicy:
    """Return the policy version; `lock` locks all versions of its name, so that they follow one another.

    What applies everywhere is managed only by whoever holds the permission everywhere. Raises NotFound, Denied;
    Conflict when it is newer than the revision that the actor saw.
    """
    found = policies_visible_to(actor).filter(pk=policy_id).first()
    if found is None:
        raise hidden()
    if lock:
        versions = ReturnPolicy.objects.select_for_update(no_key=True).filter(name=found.name).order_by("id")
        found = {row.id: row for row in versions}[found.id]
    if permission != P.POLICIES_VIEW:
        require(actor, permission, region=found.region, brand=found.brand)
    if revision is not None and revision != found.revision:
        raise Conflict(
            "Somebody changed this draft in the meantime; look at it again.",
            code="stale",
            expected_version=revision,
            present_version=found.revision,
        )
    return found


def _fetch(model: type[Row], key: UUID, lock: bool) -> Row:
    found: Row | None = _by_key(model, lock).first(key)
    if found is None:
        raise hidden()
    return found


@cache
def _by_key(model: type[Row], lock: bool) -> Prepared[Row]:
    rows = model._default_manager
    return Prepared(lambda key: (rows.select_for_update(no_key=True) if lock else rows).filter(pk=key))
