"""Whose word on a customer holds: the owner's, then a verified one, then the latest. Each change is recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from retailops.lib.clock import now
from returns import contact
from returns.inputs import CustomerIn
from returns.models import (
    Customer,
    CustomerClaim,
    CustomerField,
    CustomerIdentity,
    SourceOfTruth,
    Survivor,
    TruthObject,
)

FieldKey = tuple[UUID, str]
LONGEST: dict[str, int] = {"name": 150, "email": 254, "phone": 40, "loyalty_id": 120, "group": 40}
PROVABLE = {CustomerField.EMAIL: "email_verified", CustomerField.PHONE: "phone_verified"}


@dataclass(frozen=True)
class Telling:
    """What one system tells of a customer, when, with the country by which its phone number is read."""

    identity: CustomerIdentity
    told: CustomerIn
    country: str
    told_at: datetime


def take_claims(tellings: Iterable[Telling]) -> None:
    """Keep what the systems tell of the locked customers, and let the best of each field survive.

    An older telling never replaces a newer one of its system, nothing said is no claim, and of a person who was erased
    nothing is kept.
    """
    told = [each for each in sorted(tellings, key=lambda t: t.told_at) if each.identity.customer.erased_at is None]
    if not told:
        return
    rows = CustomerClaim.objects.filter(identity_id__in={each.identity.id for each in told})
    known: dict[tuple[int, str], CustomerClaim] = {(row.identity_id, row.field): row for row in rows}
    fresh: dict[tuple[int, str], CustomerClaim] = {}
    for each in told:
        for claim in _claims(each):
            key = (claim.identity_id, claim.field)
            before = fresh.get(key) or known.get(key)
            if before is None or _replaces(claim, before):
                fresh[key] = claim
    if fresh:
        CustomerClaim.objects.bulk_create(
            fresh.values(),
            update_conflicts=True,
            unique_fields=["identity", "field"],
            update_fields=["value", "verified", "told_at"],
        )
        settle({each.identity.customer_id for each in told})


def _claims(telling: Telling) -> list[CustomerClaim]:
    told = telling.told
    values = {
        CustomerField.NAME: told.name,
        CustomerField.EMAIL: contact.email(told.email),
        CustomerField.PHONE: contact.phone(told.phone, telling.country) or told.phone,
        CustomerField.LOYALTY_ID: told.loyalty_id,
        CustomerField.GROUP: told.group,
    }
    return [
        CustomerClaim(
            identity=telling.identity,
            field=name,
            value=value,
            verified=name == CustomerField.LOYALTY_ID or bool(getattr(told, PROVABLE.get(name, ""), False)),
            told_at=telling.told_at,
        )
        for name, value in values.items()
        if value
    ]


def _replaces(claim: CustomerClaim, before: CustomerClaim) -> bool:
    if claim.told_at < before.told_at:
        return False
    if claim.value == before.value:
        return claim.verified and not before.verified
    return True


def settle(customer_ids: Iterable[UUID]) -> None:
    """Give the locked customers the best claims of all their identities; record what won anew, and what nobody claims
    any more."""
    customers = {row.id: row for row in Customer.objects.filter(id__in=set(customer_ids), erased_at__isnull=True)}
    best, holding = _best(customers), _holding(customers)
    won = {key: _survivor(key, claim) for key, claim in best.items()}
    gone = {key: _nothing(key) for key, row in holding.items() if key not in best and row.value}
    changed = [row for key, row in (won | gone).items() if _word(row) != _word(holding.get(key))]
    Survivor.objects.bulk_create(changed)
    _write(customers, changed)


def _survivor(key: FieldKey, claim: CustomerClaim) -> Survivor:
    return Survivor(
        customer_id=key[0],
        field=key[1],
        value=claim.value,
        system=claim.identity.system,
        external_id=claim.identity.external_id,
        verified=claim.verified,
        told_at=claim.told_at,
    )


def _nothing(key: FieldKey) -> Survivor:
    return Survivor(
        customer_id=key[0], field=key[1], value="", system="", external_id="", verified=False, told_at=now()
    )


def _word(row: Survivor | None) -> tuple[object, ...]:
    return (row.value, row.system, row.external_id, row.verified) if row else ()


def _best(customers: Iterable[UUID]) -> dict[FieldKey, CustomerClaim]:
    owners = dict(SourceOfTruth.objects.filter(object=TruthObject.CUSTOMER).values_list("field", "system"))
    rows = CustomerClaim.objects.filter(identity__customer_id__in=list(customers)).select_related("identity")
    best: dict[FieldKey, tuple[Any, CustomerClaim]] = {}
    for claim in rows:
        rank = (owners.get(claim.field) == claim.identity.system, claim.verified, claim.told_at, claim.identity_id)
        key = (claim.identity.customer_id, claim.field)
        if key not in best or rank > best[key][0]:
            best[key] = (rank, claim)
    return {key: claim for key, (_, claim) in best.items()}


def _holding(customers: Iterable[UUID]) -> dict[FieldKey, Survivor]:
    rows = Survivor.objects.filter(customer_id__in=list(customers))
    latest = rows.order_by("customer", "field", "-id").distinct("customer", "field")
    return {(row.customer_id, row.field): row for row in latest}


def _write(customers: dict[UUID, Customer], changed: Sequence[Survivor]) -> None:
    for row in changed:
        setattr(customers[row.customer_id], row.field, row.value[: LONGEST[row.field]])
    touched = {row.customer_id: customers[row.customer_id] for row in changed}
    if touched:
        Customer.objects.bulk_update(touched.values(), list(map(str, CustomerField)))
