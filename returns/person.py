"""Everything by which one person can be found in the database, and who else stores such things.

Apps above register what they store (`register_store`); they are called within the erasing transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote
from uuid import UUID

from django.db.models import Q

from retailops.lib.erasing import pattern, phone_pattern
from returns.models import Customer, CustomerClaim, CustomerField, CustomerKey, Order, Return, Survivor

# A name of one word, or a short number, is too common to be taken out of other people's stories.
TELLING_LENGTH = 8


@dataclass(frozen=True)
class Person:
    """A customer with all that was merged into it: the ids of its stories, and the strings that are its own.

    `everywhere` matches what can mean nobody else, `in_stories` whatever is known; both are patterns, "" for none.
    """

    customer_ids: tuple[UUID, ...]
    stories: tuple[UUID, ...]
    strings: tuple[str, ...]
    everywhere: str
    in_stories: str


@dataclass(frozen=True)
class Store:
    """A place that holds personal data: `forget` empties it and returns how many rows it changed; `tells` returns
    further strings of the person that stand there, as postal addresses."""

    forget: Callable[[Person], int]
    tells: Callable[[Person], set[str]]


_stores: dict[str, Store] = {}


def register_store(name: str, store: Store) -> None:
    """Register a place. Idempotent."""
    _stores[name] = store


def stores() -> dict[str, Store]:
    """Return the registered places."""
    return dict(_stores)


def whole(person: Person) -> Person:
    """Return the person with what the registered places tell of them too."""
    more = {text for store in _stores.values() for text in store.tells(person) if len(text) >= TELLING_LENGTH}
    return replace(
        person,
        strings=tuple(sorted({*person.strings, *more})),
        everywhere=_any(person.everywhere, pattern({text for text in more if " " in text})),
        in_stories=_any(person.in_stories, pattern(more)),
    )


def person_of(customers: Sequence[Customer]) -> Person:
    """Return all that is known of the customers, as one person."""
    ids = [customer.id for customer in customers]
    orders = Order.objects.filter(customer__in=ids)
    returns = Return.objects.filter(Q(customer__in=ids) | Q(order__in=orders))
    stories = {*orders.values_list("correlation_id", flat=True), *returns.values_list("correlation_id", flat=True)}
    known = _known(customers)
    phones = {value for name, value in known if name == CustomerField.PHONE}
    words = {value for name, value in known if name not in (CustomerField.PHONE, CustomerField.GROUP)}
    words |= {quote(value) for value in words}
    telling = {value for value in words if "@" in value or (len(value) >= TELLING_LENGTH and " " in value)}
    numbers = [phone_pattern(each) for each in phones]
    return Person(
        customer_ids=tuple(ids),
        stories=(*sorted(stories), *ids),
        strings=tuple(sorted(words | phones)),
        everywhere=_any(pattern(telling), *numbers),
        in_stories=_any(pattern(words | phones), *numbers),
    )


def _known(customers: Sequence[Customer]) -> set[tuple[str, str]]:
    """Return what was ever told, by field: present values, claims, proofs and former survivors."""
    ids = [customer.id for customer in customers]
    found = {(str(name), str(getattr(each, name))) for each in customers for name in CustomerField}
    found |= set(CustomerClaim.objects.filter(identity__customer__in=ids).values_list("field", "value"))
    found |= set(CustomerKey.objects.filter(customer__in=ids).values_list("kind", "value"))
    found |= set(Survivor.objects.filter(customer__in=ids).values_list("field", "value"))
    return {(name, value) for name, value in found if value}


def _any(*patterns: str) -> str:
    return "|".join(each for each in patterns if each)
