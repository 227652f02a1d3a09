"""Forget a person and keep the books: what is known of them goes, orders, returns and amounts stay as they are."""

import re
from collections import Counter
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.erasing import MARK, erase_everywhere, erasing
from retailops.lib.errors import Conflict, DomainError, FieldError, Invalid
from returns.customer_access import access_customer
from returns.events.customers import CustomerErased, CustomerHeld
from returns.models import (
    Customer,
    CustomerClaim,
    CustomerErasure,
    CustomerIdentity,
    CustomerKey,
    Order,
    Return,
    Survivor,
)
from returns.person import Person, person_of, stores, whole
from returns.selectors import TERMINAL
from returns.services.identifying import hidden

MANAGE = Permission.CUSTOMERS_MANAGE
# Erased row by row above, or not a customer's: people who work here, and what Django keeps for itself.
OWN_TABLES = frozenset({
    "returns_customer", "returns_customerclaim", "returns_customerkey", "returns_survivor", "returns_customeridentity",
})  # fmt: skip
OTHERS = frozenset({
    "accounts_user", "accounts_apiclient", "account_emailaddress", "account_emailconfirmation", "django_session",
    "django_migrations", "django_content_type", "mfa_authenticator",
})  # fmt: skip
STAFF = frozenset({"actor_label"})
# Logs too long to be read whole: only the person's own stories can tell of them.
STORIES = {
    "events_event": "correlation_id = ANY(%(stories)s)",
    "events_remark": "event_id IN (SELECT id FROM events_event WHERE correlation_id = ANY(%(stories)s))",
    "events_delivery": "event_id IN (SELECT id FROM events_event WHERE correlation_id = ANY(%(stories)s))",
    "events_attempt": "delivery_id IN (SELECT d.id FROM events_delivery d JOIN events_event e ON e.id = d.event_id"
    " WHERE e.correlation_id = ANY(%(stories)s))",
}
# Where people and gateways write freely about one story.
TOLD = STORIES | {
    "cases_case": "correlation_id = ANY(%(stories)s)",
    "cases_casenote": "case_id IN (SELECT id FROM cases_case WHERE correlation_id = ANY(%(stories)s))",
    "cases_approval": "correlation_id = ANY(%(stories)s)",
    "returns_return": "correlation_id = ANY(%(stories)s)",
    "returns_refund": "rma_id IN (SELECT id FROM returns_return WHERE correlation_id = ANY(%(stories)s))",
    "returns_customermerge": "winner_id = ANY(%(customers)s) OR loser_id = ANY(%(customers)s)",
}


@transaction.atomic
def erase_customer(*, actor: Actor, customer_id: UUID, reference: str, expected_version: int | None = None) -> Customer:
    """Erase what is known of a customer and of all that was merged into it; say so once, with the proof.

    Name, e-mail, phone and loyalty id go, with all tellings of them; they are taken out of notes, cases, attempts and
    messages, and bodies of messages that were taken are emptied. Orders, returns, refunds and amounts are unchanged.
    A customer that is erased already is returned as it is. Publishes `customer.erased`.

    Raises NotFound, Denied; Conflict while a legal hold stands (with its reason), when stale, or for one that was
    merged: the customer that it is now is erased. `reference` names the request, and holds no personal data.
    """
    _locked_tree(customer_id)
    customer = access_customer(actor, customer_id, MANAGE)
    if customer.erased_at:
        return customer
    access_customer(actor, customer_id, MANAGE, expected_version=expected_version)
    if not reference.strip():
        raise Invalid("Name the request that asks for it.", errors=[FieldError("/reference", "must not be empty")])
    if customer.merged_into_id:
        raise Conflict("It was merged: erase the customer that it is now.", code="merged")
    tree = _locked_tree(customer_id)
    if held := [each.legal_hold for each in tree if each.legal_hold]:
        raise Conflict(f"A legal hold forbids it: {held[0]}", code="legal-hold")
    person = whole(person_of(tree))
    if re.search(person.in_stories, reference, re.IGNORECASE) if person.in_stories else False:
        raise Invalid("The reference tells who it is.", errors=[FieldError("/reference", "give a number")])
    counts = _forget(person)
    for each in tree:
        _empty(actor, each, reference, counts if each.id == customer.id else Counter())
    customer.refresh_from_db()
    fact = CustomerErased(str(customer.id), str(customer.erasure.id), sum(counts.values()))
    publish(fact, subject=customer.as_subject(), actor=actor)
    return customer


def _locked_tree(customer_id: UUID) -> list[Customer]:
    """Return the locked customer and all that was merged into it, at any depth, in id order."""
    found = {customer_id}
    while True:
        further = set(Customer.objects.filter(merged_into__in=found).values_list("id", flat=True)) - found
        if not further:
            rows = Customer.objects.select_for_update(no_key=True, of=("self",)).filter(id__in=found)
            return list(rows.order_by("id"))
        found |= further


def _forget(person: Person) -> Counter[str]:
    counts: Counter[str] = Counter()
    given = {"stories": list(person.stories), "customers": list(person.customer_ids)}
    for name, store in stores().items():
        counts[name] += store.forget(person)
    counts.update(
        erase_everywhere(
            person.everywhere,
            skip=OWN_TABLES | OTHERS,
            skip_columns=STAFF,
            narrow=STORIES,
            parameters=given,
        )
    )
    counts.update(
        erase_everywhere(person.in_stories, only=TOLD.keys(), skip_columns=STAFF, narrow=TOLD, parameters=given)
    )
    counts.update(_own_rows(person))
    return +counts


def _own_rows(person: Person) -> dict[str, int]:
    names = CustomerIdentity.objects.filter(customer__in=person.customer_ids)
    known = re.compile(person.in_stories or r"(?!)", re.IGNORECASE)
    telling = [name for name in names if known.search(name.external_id)]
    for name in telling:
        name.external_id = hidden((name.system, name.external_id))
    CustomerIdentity.objects.bulk_update(telling, ["external_id"])
    with erasing():
        survivors = Survivor.objects.filter(customer__in=person.customer_ids).exclude(value__in=("", MARK))
        survived = survivors.update(value=MARK)
        told_by = {name.external_id for name in names}
        stray = Survivor.objects.filter(customer__in=person.customer_ids).exclude(external_id__in={*told_by, "", MARK})
        stray.update(external_id=MARK)
    claims, _ = CustomerClaim.objects.filter(identity__in=names).delete()
    keys, _ = CustomerKey.objects.filter(customer__in=person.customer_ids).delete()
    return {
        "returns_customeridentity": len(telling),
        "returns_survivor": survived,
        "returns_customerclaim": claims,
        "returns_customerkey": keys,
        "returns_customer": len(person.customer_ids),
    }


def _empty(actor: Actor, customer: Customer, reference: str, counts: Counter[str]) -> None:
    customer.name = customer.email = customer.phone = customer.loyalty_id = customer.group = ""
    customer.erased_at = now()
    customer.version += 1
    customer.save()
    CustomerErasure.objects.create(customer=customer, actor=actor.key, reference=reference[:80], counts=dict(counts))


@transaction.atomic
def hold_customer(*, actor: Actor, customer_id: UUID, reason: str) -> Customer:
    """Set a legal hold, or lift it with an empty reason; while it stands nothing is erased. Publishes `customer.held`.

    Raises NotFound, Denied, and Conflict for one that is erased already.
    """
    customer = access_customer(actor, customer_id, MANAGE, lock=True)
    if customer.erased_at:
        raise Conflict("It was erased: nothing is left to hold.", code="erased")
    customer.legal_hold = reason.strip()[:200]
    customer.version += 1
    customer.save(update_fields=["legal_hold", "version"])
    publish(CustomerHeld(str(customer.id), bool(customer.legal_hold)), subject=customer.as_subject(), actor=actor)
    return customer


def erase_expired(limit: int = 50) -> int:
    """Erase customers who bought nothing for longer than their regions keep personal data; a registered sweep.

    The longest of the regions counts; a region without a figure keeps it. Nobody with an open return is touched.
    """
    kept: dict[str, int] = settings.CUSTOMER_RETENTION_DAYS
    if not kept:
        return 0
    over = Q()
    for region, days in kept.items():
        over |= Q(region=region, placed_at__lt=now() - timedelta(days=days))
    # Subqueries without NULL: NOT IN would find nobody.
    living = Order.objects.filter(customer__isnull=False).exclude(over).values("customer")
    busy = Return.objects.filter(customer__isnull=False).exclude(status__in=TERMINAL).values("customer")
    rows = Customer.objects.filter(erased_at=None, merged_into=None, legal_hold="", orders__isnull=False)
    rows = rows.exclude(id__in=living).exclude(id__in=busy).annotate(last=Max("orders__placed_at")).order_by("last")
    done = 0
    for customer_id in list(rows.values_list("id", flat=True)[:limit]):
        try:
            erase_customer(actor=Actor.system("retention"), customer_id=customer_id, reference="retention")
            done += 1
        except DomainError:  # a hold on what was merged into it: the next sweep asks again
            continue
    return done
