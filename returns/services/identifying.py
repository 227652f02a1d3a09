"""Tell who bought: by what their system calls them, else by what is verified. Nothing unverified makes two people one.

Customers are locked in id order, before orders: a merge and a capture of one customer take turns.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.lib.errors import Conflict
from returns import contact, troubles
from returns.inputs import CustomerIn, OrderIn
from returns.models import Customer, CustomerIdentity, CustomerKey, KeyKind

Key = tuple[str, str]
Proof = tuple[str, str]
TURNS = 8


@dataclass(frozen=True)
class Buyer:
    """A person as one system tells of them, and what it has proof of."""

    told: CustomerIn
    proofs: tuple[Proof, ...]
    order: OrderIn


@dataclass
class _Known:
    """What the database holds of the buyers, read under the locks of all its customers."""

    identities: dict[Key, CustomerIdentity] = field(default_factory=dict)
    owners: dict[Proof, UUID] = field(default_factory=dict)
    made: dict[UUID, Customer] = field(default_factory=dict)


@dataclass(frozen=True)
class _Clash:
    """A verified key of one customer that a system tells of another."""

    customer_id: UUID
    other_id: UUID
    kind: str
    buyer: Buyer


def key_of(told: CustomerIn) -> Key:
    """Return what the system calls the customer."""
    return told.system, told.external_id


def identify(actor: Actor, orders: Iterable[OrderIn]) -> dict[Key, CustomerIdentity]:
    """Return the identities of who bought the orders, with their customers locked; made where unknown.

    A new identity joins the customer that holds its verified e-mail, phone or loyalty id; where those speak of several
    people, or of another loyalty id, it stays alone and a case opens. Needs an open transaction.
    """
    buyers = {key_of(each.customer): _buyer(each.customer, each) for each in orders if each.customer}
    if not buyers:
        return {}
    for _ in range(TURNS):
        known = _read_locked(buyers)
        clashes: list[_Clash] = []
        if _introduce(buyers, known, clashes) and _claim(buyers, known, clashes):
            for clash in clashes:
                troubles.customer_conflict(
                    actor, clash.customer_id, clash.other_id, clash.kind, clash.buyer.told.system, clash.buyer.order
                )
            return known.identities
        _forget(known.made)
    raise Conflict("Other captures of these customers came first, again and again; send it once more.")


def hidden(key: Key) -> str:
    """Return what stands in place of an external id that had to be erased, by which it is known again."""
    return f"erased:{hashlib.sha256(':'.join(key).encode()).hexdigest()[:48]}"


def _buyer(told: CustomerIn, order: OrderIn) -> Buyer:
    found = {
        KeyKind.EMAIL: contact.email(told.email) if told.email_verified else "",
        KeyKind.PHONE: contact.phone(told.phone, order.country) if told.phone_verified else "",
        KeyKind.LOYALTY_ID: told.loyalty_id,
    }
    return Buyer(told, tuple((str(kind), value) for kind, value in found.items() if value), order)


def _read_locked(buyers: Mapping[Key, Buyer]) -> _Known:
    """Read identities and keys until all their customers are locked: one that waited may read other owners."""
    locked: set[UUID] = set()
    for _ in range(TURNS):
        known = _Known(_identities(buyers), _owners(buyers.values()))
        wanted = {each.customer_id for each in known.identities.values()} | set(known.owners.values())
        if wanted <= locked:
            return known
        rows = Customer.objects.select_for_update(no_key=True).filter(id__in=wanted).order_by("id")
        locked |= set(rows.values_list("id", flat=True))
    raise Conflict("These customers are being merged; send it once more.")


def _identities(buyers: Iterable[Key]) -> dict[Key, CustomerIdentity]:
    by_system: dict[str, dict[str, Key]] = {}
    for key in buyers:
        by_system.setdefault(key[0], {}).update({key[1]: key, hidden(key): key})
    found: dict[Key, CustomerIdentity] = {}
    for system, ids in by_system.items():
        rows = CustomerIdentity.objects.filter(system=system, external_id__in=ids).select_related("customer")
        found.update({ids[row.external_id]: row for row in rows})
    return found


def _owners(buyers: Iterable[Buyer]) -> dict[Proof, UUID]:
    wanted = {proof for each in buyers for proof in each.proofs}
    if not wanted:
        return {}
    rows = CustomerKey.objects.filter(value__in={value for _, value in wanted})
    found = {(row.kind, row.value): row.customer_id for row in rows}
    return {proof: owner for proof, owner in found.items() if proof in wanted}


def _introduce(buyers: Mapping[Key, Buyer], known: _Known, clashes: list[_Clash]) -> bool:
    """Give each unknown identity its customer; False when another transaction made one of them in between."""
    fresh = {key: buyers[key] for key in sorted(buyers) if key not in known.identities}
    if not fresh:
        return True
    loyal = _loyalty_of(set(known.owners.values()))
    chosen: dict[Key, UUID] = {}
    for key, buyer in fresh.items():
        owner, others = _choose(buyer, known, loyal)
        if owner is None:
            customer = Customer(group=buyer.told.group)
            owner = customer.id
            known.made[owner] = customer
            clashes += [_Clash(owner, other, kind, buyer) for other, kind in others.items()]
        chosen[key] = owner
        for proof in buyer.proofs:
            known.owners.setdefault(proof, owner)
        if own := dict(buyer.proofs).get(KeyKind.LOYALTY_ID):
            loyal[owner] = own
    Customer.objects.bulk_create(known.made.values())
    return _write(fresh, chosen, known)


def _choose(buyer: Buyer, known: _Known, loyal: Mapping[UUID, str]) -> tuple[UUID | None, dict[UUID, str]]:
    """Return the one customer that the proofs speak of, or none with those that they contradict each other about."""
    named = {known.owners[proof]: proof[0] for proof in buyer.proofs if proof in known.owners}
    if len(named) > 1:
        return None, named
    own = dict(buyer.proofs).get(KeyKind.LOYALTY_ID, "")
    for owner in named:
        if not own or loyal.get(owner, own) == own:
            return owner, {}
        return None, {owner: KeyKind.LOYALTY_ID}
    return None, {}


def _loyalty_of(customers: set[UUID]) -> dict[UUID, str]:
    if not customers:
        return {}
    rows = CustomerKey.objects.filter(customer_id__in=customers, kind=KeyKind.LOYALTY_ID)
    return dict(rows.values_list("customer_id", "value"))


def _write(fresh: Mapping[Key, Buyer], chosen: Mapping[Key, UUID], known: _Known) -> bool:
    CustomerIdentity.objects.bulk_create(
        [CustomerIdentity(customer_id=chosen[key], system=key[0], external_id=key[1]) for key in fresh],
        ignore_conflicts=True,
    )
    found = _identities(fresh)
    known.identities.update(found)
    return all(found[key].customer_id == owner for key, owner in chosen.items())


def _forget(made: Iterable[UUID]) -> None:
    """Remove customers that were made for nothing, with the identities that came with them."""
    gone = list(made)
    CustomerIdentity.objects.filter(customer_id__in=gone).delete()
    Customer.objects.filter(id__in=gone).delete()


def _claim(buyers: Mapping[Key, Buyer], known: _Known, clashes: list[_Clash]) -> bool:
    """Write the proofs that nobody holds yet; False when another transaction wrote one of them for somebody else."""
    wanted: dict[Proof, tuple[UUID, Buyer]] = {}
    for key, buyer in buyers.items():
        customer = known.identities[key].customer
        if customer.erased_at is None:
            for proof in buyer.proofs:
                wanted.setdefault(proof, (customer.id, buyer))
                owner = known.owners.get(proof, customer.id)
                if owner != customer.id and not any(c.customer_id == customer.id for c in clashes):
                    clashes.append(_Clash(customer.id, owner, proof[0], buyer))
    held = _owners(buyers.values())
    missing = {proof: wanted[proof] for proof in sorted(wanted) if proof not in held}
    if not missing:
        return True
    CustomerKey.objects.bulk_create(
        [
            CustomerKey(
                kind=kind,
                value=value,
                customer_id=known.owners.get((kind, value), customer),
                system=buyer.told.system,
                external_id=buyer.told.external_id,
            )
            for (kind, value), (customer, buyer) in missing.items()
        ],
        ignore_conflicts=True,
    )
    held = _owners(buyers.values())
    return all(held[proof] == known.owners.get(proof, customer) for proof, (customer, _) in missing.items())
