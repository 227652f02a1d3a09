"""Reads of customers: what the person may see of one, whoever may be the same, and how it came to be what it is."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from retailops.accounts.actor import Actor
from retailops.lib.ids import parse_uuid
from returns import contact
from returns.customer_access import customers_visible_to
from returns.models import (
    Customer,
    CustomerClaim,
    CustomerField,
    CustomerIdentity,
    CustomerMerge,
    Order,
    Return,
    Survivor,
)
from returns.selectors import orders_visible_to, returns_visible_to

MOST_ALIKE = 10


@dataclass(frozen=True)
class Alike:
    """Another customer who may be the same person, and what the two have in common (names of fields)."""

    customer: Customer
    by: list[str]


def living(actor: Actor) -> QuerySet[Customer]:
    """Return the customers that the actor may see, without those that were merged into others."""
    return customers_visible_to(actor).filter(merged_into__isnull=True)


def find_customers(actor: Actor, text: str) -> QuerySet[Customer]:
    """Return the visible customers who are called or reached so, or whom a system or an order number names so."""
    words = text.strip()
    if not words:
        return living(actor)
    if (id := parse_uuid(words)) is not None:
        return customers_visible_to(actor).filter(pk=id)
    told = CustomerClaim.objects.filter(identity__customer=OuterRef("pk"))
    spelled = {contact.email(words), words, *(contact.phone(words, at) for at in ("GB", "US", ""))} - {""}
    names = CustomerIdentity.objects.filter(customer=OuterRef("pk"), external_id=words)
    bought = orders_visible_to(actor).filter(customer=OuterRef("pk"), number=words)
    found = Q(name__icontains=words) | Q(Exists(told.filter(value__in=spelled))) | Q(Exists(names)) | Q(Exists(bought))
    return living(actor).filter(found)


def orders_of(actor: Actor, customer: Customer) -> QuerySet[Order]:
    """Return the customer's orders that the actor may see, the latest first."""
    return orders_visible_to(actor).filter(customer=customer).order_by("-placed_at")


def returns_of(actor: Actor, customer: Customer) -> QuerySet[Return]:
    """Return the customer's returns that the actor may see, the latest first."""
    return returns_visible_to(actor).filter(customer=customer).order_by("-id")


def merges_of(customer: Customer) -> QuerySet[CustomerMerge]:
    """Return the merges that the customer took part in, the latest first."""
    rows = CustomerMerge.objects.filter(Q(winner=customer) | Q(loser=customer))
    return rows.select_related("winner", "loser", "undone").order_by("-merged_at")


def survivors_of(customer: Customer) -> list[Survivor]:
    """Return what won of each field, as it stands."""
    rows = Survivor.objects.filter(customer=customer).order_by("field", "-id").distinct("field")
    order = {str(name): place for place, name in enumerate(CustomerField)}
    return sorted((row for row in rows if row.value), key=lambda row: order[row.field])


def alike(actor: Actor, customer: Customer) -> list[Alike]:
    """Return visible customers of whom a system tells the same e-mail, phone, loyalty id or whole name.

    A suggestion: nothing is merged by it. The most in common first.
    """
    if customer.erased_at or customer.merged_into_id:
        return []
    claims = CustomerClaim.objects.filter(identity__customer=customer).exclude(field=CustomerField.GROUP)
    same = Q(pk__in=[])
    for name, value in set(claims.values_list("field", "value")):
        if name != CustomerField.NAME or " " in value:
            same |= Q(field=name, value=value)
    rows = CustomerClaim.objects.filter(same, identity__customer__in=living(actor)).exclude(identity__customer=customer)
    common: dict[UUID, set[str]] = {}
    for other, name in rows.values_list("identity__customer", "field")[:500]:
        common.setdefault(other, set()).add(name)
    likeliest = sorted(common, key=lambda id: -len(common[id]))[:MOST_ALIKE]
    found = Customer.objects.in_bulk(likeliest)
    labels = {str(name): str(name.label).lower() for name in CustomerField}
    return [Alike(found[id], [labels[name] for name in sorted(common[id])]) for id in likeliest]
