"""Make two customers one, and two again. A merge moves references and logs each; undoing it moves exactly those back.

Locks: customers in id order, then orders, then returns, as everywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.services import resolve_troubles
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, FieldError, Invalid
from returns.customer_access import access_customer, access_merge
from returns.events.customers import CustomerMerged, CustomerUnmerged
from returns.models import (
    Customer,
    CustomerIdentity,
    CustomerKey,
    CustomerMerge,
    CustomerUnmerge,
    MovedKind,
    MovedReference,
    Order,
    Return,
)
from returns.services.surviving import settle

MANAGE = Permission.CUSTOMERS_MANAGE


@dataclass
class _Moving:
    """The rows that go from one customer to the other, by kind."""

    orders: list[UUID] = field(default_factory=list)
    returns: list[UUID] = field(default_factory=list)
    identities: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)

    def to(self, customer: Customer) -> None:
        """Move them. Orders and returns are locked already."""
        Order.objects.filter(id__in=self.orders).update(customer=customer)
        Return.objects.filter(id__in=self.returns).update(customer=customer)
        CustomerIdentity.objects.filter(id__in=self.identities).update(customer=customer)
        CustomerKey.objects.filter(id__in=self.keys).update(customer=customer)

    def references(self, merge: CustomerMerge) -> list[MovedReference]:
        """Return the log's rows."""
        kinds: tuple[tuple[MovedKind, Iterable[object]], ...] = (
            (MovedKind.ORDER, self.orders),
            (MovedKind.RETURN, self.returns),
            (MovedKind.IDENTITY, self.identities),
            (MovedKind.KEY, self.keys),
        )
        return [MovedReference(merge=merge, kind=kind, object_id=str(id)) for kind, ids in kinds for id in ids]


@transaction.atomic
def merge_customers(
    *, actor: Actor, winner_id: UUID, loser_id: UUID, reason: str, expected_version: int | None = None
) -> CustomerMerge:
    """Merge the loser into the winner: its orders, returns, names and proofs move there; both rows stay.

    `expected_version` is the winner's. Publishes `customer.merged`. Raises NotFound, Denied (the actor must hold the
    permission wherever either of them bought), Invalid, and Conflict when one of them is merged or erased already.
    """
    _require_reason(reason)
    if winner_id == loser_id:
        raise Invalid("A customer is not merged into itself.", errors=[FieldError("/other", "the same customer")])
    winner, loser = _locked(actor, winner_id, loser_id, expected_version)
    for each in (winner, loser):
        _refuse_ended(each)
        if each.merged_into_id:
            raise Conflict("One of the two is merged already: work with the customer that it is now.", code="merged")
    moving = _of_customer(loser)
    merge = CustomerMerge.objects.create(winner=winner, loser=loser, reason=reason, actor=actor.key)
    MovedReference.objects.bulk_create(moving.references(merge))
    moving.to(winner)
    loser.merged_into = winner
    _save(winner, loser)
    settle([winner.id])
    _end_conflict(actor, merge)
    _tell(CustomerMerged, merge, moving, actor)
    return merge


@transaction.atomic
def unmerge_customers(*, actor: Actor, merge_id: UUID, reason: str) -> CustomerMerge:
    """Undo a merge: what it moved goes back, and so does what came since by a name that is the loser's again.

    Publishes `customer.unmerged`. Raises NotFound, Denied, Invalid, and Conflict when it is undone already, or the
    winner is merged on (that merge is undone first), or one of them is erased.
    """
    _require_reason(reason)
    merge = access_merge(actor, merge_id)
    winner, loser = _locked(actor, merge.winner_id, merge.loser_id, None)
    if CustomerUnmerge.objects.filter(merge=merge).exists():
        raise Conflict("This merge is undone already.", code="merged")
    if winner.merged_into_id:
        raise Conflict("The customer was merged on since: undo that merge first.", code="merged")
    for each in (winner, loser):
        _refuse_ended(each)
    CustomerUnmerge.objects.create(merge=merge, reason=reason, actor=actor.key)
    moving = _of_merge(merge)
    moving.to(loser)
    loser.merged_into = None
    _save(winner, loser)
    settle([winner.id, loser.id])
    _tell(CustomerUnmerged, merge, moving, actor)
    return merge


def _locked(actor: Actor, winner_id: UUID, loser_id: UUID, version: int | None) -> tuple[Customer, Customer]:
    ids = [winner_id, loser_id]
    list(Customer.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
    winner = access_customer(actor, winner_id, MANAGE, expected_version=version)
    return winner, access_customer(actor, loser_id, MANAGE)


def _refuse_ended(customer: Customer) -> None:
    if customer.erased_at:
        raise Conflict("One of the two was erased: nothing is known of it any more.", code="erased")


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why.", errors=[FieldError("/reason", "must not be empty")])


def _of_customer(loser: Customer) -> _Moving:
    return _Moving(
        orders=_lock(Order, Q(customer=loser)),
        returns=_lock(Return, Q(customer=loser)),
        identities=list(loser.identities.order_by("id").values_list("id", flat=True)),
        keys=list(loser.keys.order_by("id").values_list("id", flat=True)),
    )


def _of_merge(merge: CustomerMerge) -> _Moving:
    """Return what the merge moved, and what came since by a name that it moved, as far as it is the winner's now."""
    logged: dict[str, list[str]] = {str(kind): [] for kind in MovedKind}
    for kind, id in merge.moved.values_list("kind", "object_id"):
        logged[kind].append(id)
    mine = Q(customer=merge.winner_id)
    names = CustomerIdentity.objects.filter(mine, id__in=logged[MovedKind.IDENTITY]).order_by("id")
    proofs = Q(id__in=logged[MovedKind.KEY])
    for name in names:
        proofs |= Q(system=name.system, external_id=name.external_id)
    identities = [name.id for name in names]
    orders = _lock(Order, mine & (Q(id__in=logged[MovedKind.ORDER]) | Q(identity__in=identities)))
    return _Moving(
        orders=orders,
        returns=_lock(Return, mine & (Q(id__in=logged[MovedKind.RETURN]) | Q(order__in=orders))),
        identities=identities,
        keys=list(CustomerKey.objects.filter(mine & proofs).order_by("id").values_list("id", flat=True)),
    )


def _lock(model: type[Order] | type[Return], which: Q) -> list[UUID]:
    rows = model._default_manager.select_for_update(no_key=True).filter(which).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _save(*customers: Customer) -> None:
    for customer in customers:
        customer.version += 1
        customer.save(update_fields=["merged_into", "version"])


def _end_conflict(actor: Actor, merge: CustomerMerge) -> None:
    first, second = sorted([str(merge.winner_id), str(merge.loser_id)])
    trouble = f"customer_conflict:{first}:{second}"
    resolve_troubles(actor, trouble, "The two were merged into one.", {"merge": str(merge.id)})


def _tell(
    kind: type[CustomerMerged] | type[CustomerUnmerged], merge: CustomerMerge, moving: _Moving, actor: Actor
) -> None:
    fact = kind(
        customer_id=str(merge.winner_id),
        merged_id=str(merge.loser_id),
        merge_id=str(merge.id),
        orders=len(moving.orders),
        returns=len(moving.returns),
        identities=len(moving.identities),
    )
    publish(fact, subject=merge.winner.as_subject(), actor=actor)
