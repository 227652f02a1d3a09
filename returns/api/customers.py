"""Customers: read, merged, un-merged, erased. The one place of the API that tells who a person is."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import NotFound
from retailops.lib.wire import Body, Shape
from returns.api.bodies import Reason, Version
from returns.customer_access import access_customer, access_merge
from returns.customer_reads import alike, merges_of, orders_of, returns_of, survivors_of
from returns.models import Customer, CustomerErasure, CustomerMerge
from returns.services.erasing import erase_customer
from returns.services.merging import merge_customers, unmerge_customers

VIEW, MANAGE = Permission.CUSTOMERS_VIEW, Permission.CUSTOMERS_MANAGE
MOST_LISTED = 100
Seen = Annotated[Version | None, Field(description="The customer's `version` as it was seen; another one is 409.")]


class IdentityShape(Shape):
    """What one system calls the customer."""

    system: str
    external_id: str


class SurvivorShape(Shape):
    """Whose word on a field holds."""

    field: str
    value: str
    system: str
    verified: bool
    won_at: datetime


class AlikeShape(Shape):
    """Another customer who may be the same person; nothing was merged."""

    customer_id: UUID
    by: list[str]


class MergeShape(Shape):
    """A merge: the loser's orders, returns and names went to the winner."""

    merge_id: UUID
    customer_id: UUID
    merged_id: UUID
    merged_at: datetime
    undone_at: datetime | None


class CustomerShape(Shape):
    """A customer with what is known of them. At most 100 orders and returns, the latest first."""

    id: UUID
    name: str
    email: str
    phone: str
    loyalty_id: str
    group: str
    version: int
    merged_into: UUID | None
    erased_at: datetime | None
    legal_hold: str
    identities: list[IdentityShape]
    survivors: list[SurvivorShape]
    order_ids: list[UUID]
    return_ids: list[UUID]
    merges: list[MergeShape]
    alike: list[AlikeShape]


class ErasedShape(Shape):
    """A customer of whom nothing is known any more; how many rows of which table were changed."""

    customer_id: UUID
    erased_at: datetime
    reference: str
    counts: dict[str, int]


class MergeBody(Body):
    """Which other customer is merged into the one of the address, and why."""

    other: UUID
    reason: Reason
    expected_version: Seen = None


class UnmergeBody(Body):
    """Which merge is undone, and why."""

    merge_id: UUID
    reason: Reason


class EraseBody(Body):
    """The request that asks for it: a number, nothing that tells who it is."""

    reference: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
    expected_version: Seen = None


class CustomerEndpoint(CommandEndpoint):
    """One customer."""

    @operation(
        id="getCustomer", summary="A customer", tag="Customers", permission=VIEW, answers={200: CustomerShape},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> CustomerShape:
        """Who it is, by which systems' word, what they bought and sent back within the caller's regions and brands,
        which merges made it, and who may be the same person."""
        customer = access_customer(self.actor, id)
        return CustomerShape.build(
            **{name: getattr(customer, name) for name in (
                "id", "name", "email", "phone", "loyalty_id", "group", "version", "erased_at", "legal_hold",
            )},
            merged_into=customer.merged_into_id,
            identities=[
                IdentityShape.build(system=each.system, external_id=each.external_id)
                for each in customer.identities.order_by("id")
            ],
            survivors=[SurvivorShape.model_validate(each) for each in survivors_of(customer)],
            order_ids=list(orders_of(self.actor, customer).values_list("id", flat=True)[:MOST_LISTED]),
            return_ids=list(returns_of(self.actor, customer).values_list("id", flat=True)[:MOST_LISTED]),
            merges=[merge_shape(each) for each in merges_of(customer)],
            alike=[
                AlikeShape.build(customer_id=each.customer.id, by=each.by) for each in alike(self.actor, customer)
            ],
        )  # fmt: skip


class MergeCustomer(CommandEndpoint):
    """Making two customers one."""

    @operation(
        id="mergeCustomer", summary="Merge another customer into this one", tag="Customers", permission=MANAGE,
        body=MergeBody, answers={200: MergeShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: MergeBody) -> MergeShape:
        """Its orders, returns and names move here; both rows stay, and it can be undone. The caller must hold the
        permission wherever either of them bought."""
        merge = merge_customers(
            actor=self.actor, winner_id=id, loser_id=body.other, reason=body.reason,
            expected_version=body.expected_version,
        )  # fmt: skip
        return merge_shape(merge)


class UnmergeCustomer(CommandEndpoint):
    """Undoing a merge."""

    @operation(
        id="unmergeCustomer", summary="Undo a merge", tag="Customers", permission=MANAGE, body=UnmergeBody,
        answers={200: MergeShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: UnmergeBody) -> MergeShape:
        """Exactly what it moved goes back, and what came since by the other's names."""
        merge = access_merge(self.actor, body.merge_id)
        if id not in (merge.winner_id, merge.loser_id):
            raise NotFound("The customer has no such merge.")
        return merge_shape(unmerge_customers(actor=self.actor, merge_id=merge.id, reason=body.reason))


class EraseCustomer(CommandEndpoint):
    """Forgetting a person."""

    @operation(
        id="eraseCustomer", summary="Erase what is known of a customer", tag="Customers", permission=MANAGE,
        body=EraseBody, answers={200: ErasedShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: EraseBody) -> ErasedShape:
        """Orders, returns, refunds and amounts stay. A legal hold refuses it (409) with its reason. It cannot be
        undone; a repeat answers the same."""
        return _erased(
            erase_customer(
                actor=self.actor, customer_id=id, reference=body.reference, expected_version=body.expected_version
            )
        )


def _erased(customer: Customer) -> ErasedShape:
    proof = CustomerErasure.objects.get(customer=customer)
    return ErasedShape.build(
        customer_id=customer.id, erased_at=proof.erased_at, reference=proof.reference, counts=proof.counts
    )


def merge_shape(merge: CustomerMerge) -> MergeShape:
    """Return the merge without its reason, which a person wrote."""
    undone = getattr(merge, "undone", None)
    return MergeShape.build(
        merge_id=merge.id, customer_id=merge.winner_id, merged_id=merge.loser_id, merged_at=merge.merged_at,
        undone_at=undone.unmerged_at if undone else None,
    )  # fmt: skip
