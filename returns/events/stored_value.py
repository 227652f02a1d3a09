"""Events of stored value: ids and amounts; a gift card's code is in none of them."""

from dataclasses import dataclass

from retailops.events.catalog import event


@dataclass(frozen=True)
class StoredAccountFact:
    """What every event of an account tells; `balance` after it, in minor units."""

    account_id: str
    kind: str
    currency: str
    balance: int
    last_four: str = ""


@dataclass(frozen=True)
class StoredEntryFact(StoredAccountFact):
    """A change of the balance. `amount` is signed; `refund_id` names the refund that it pays, if one does."""

    entry_id: str = ""
    amount: int = 0
    effect_key: str = ""
    refund_id: str = ""
    reference: str = ""


@event("stored_value.issued")
@dataclass(frozen=True)
class StoredValueIssued(StoredEntryFact):
    """The customer got value: for a return, or because a person gave it."""


@event("stored_value.redeemed")
@dataclass(frozen=True)
class StoredValueRedeemed(StoredEntryFact):
    """The customer paid with it."""


@event("stored_value.restored")
@dataclass(frozen=True)
class StoredValueRestored(StoredEntryFact):
    """What the customer had paid with it came back."""


@event("stored_value.taken_back")
@dataclass(frozen=True)
class StoredValueTakenBack(StoredEntryFact):
    """An entry was undone by its opposite."""


@event("stored_value.expired")
@dataclass(frozen=True)
class StoredValueExpired(StoredAccountFact):
    """Its time is over; what was left of it lapsed."""


@event("stored_value.voided")
@dataclass(frozen=True)
class StoredValueVoided(StoredAccountFact):
    """The account is worth nothing any more."""


@event("stored_value.code_given")
@dataclass(frozen=True)
class StoredValueCodeGiven(StoredAccountFact):
    """A gift card got a new code; an earlier one is dead."""
