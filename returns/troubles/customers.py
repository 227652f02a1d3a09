"""Trouble with who a customer is."""

from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from returns.inputs import OrderIn
from returns.models import KeyKind
from returns.troubles.opening import open_trouble


def customer_conflict(actor: Actor, customer_id: UUID, other_id: UUID, kind: str, system: str, order: OrderIn) -> None:
    """A system has proof that an e-mail, phone or loyalty id is one customer's, and it is another's here."""
    what = str(KeyKind(kind).label).lower()
    first, second = sorted([str(customer_id), str(other_id)])
    open_trouble(
        actor,
        "customer_conflict",
        Subject("customer", customer_id, customer_id, str(customer_id), order.region, order.brand, order.channel),
        f"Two customers have proof of one {what}, so it is not known whether they are one person",
        "Compare the two customers; merge them if they are one person, else say why not",
        dedupe=f"{first}:{second}",
        evidence={"customer": first, "other": second, "by": kind, "system": system},
        cause="Two customers have proof of the same thing",
    )
