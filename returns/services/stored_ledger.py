"""Write entries of stored value: entry and balance in one transaction, under the account's lock, each effect once."""

from typing import Any

from retailops.accounts.actor import Actor
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Unprocessable
from retailops.lib.money import Money
from returns.enums import EntryKind
from returns.events import (
    StoredEntryFact,
    StoredValueIssued,
    StoredValueRedeemed,
    StoredValueRestored,
    StoredValueTakenBack,
)
from returns.models import Refund, StoredAccount, StoredEntry

E = EntryKind
# An account that expires tells that as a whole.
TOLD: dict[str, type[StoredEntryFact]] = {
    E.ISSUE: StoredValueIssued,
    E.BONUS: StoredValueIssued,
    E.REDEEM: StoredValueRedeemed,
    E.RESTORE: StoredValueRestored,
    E.VOID: StoredValueTakenBack,
}


def write_entry(
    actor: Actor,
    account: StoredAccount,
    kind: EntryKind,
    amount: int,
    effect_key: str,
    *,
    refund: Refund | None = None,
    reverses: StoredEntry | None = None,
    reference: str = "",
    reason: str = "",
) -> StoredEntry:
    """Book a signed amount on the locked account; the same effect key again returns the entry that is there.

    Raises Conflict when the key stands for something else, Unprocessable when the balance would fall below nothing.
    """
    known = StoredEntry.objects.filter(effect_key=effect_key).first()
    if known is not None:
        return _same(known, account, amount)
    if account.balance + amount < 0:
        left = Money(account.balance, account.currency)
        raise Unprocessable(f"Only {left} is left on the account.", code="exceeds-balance", left=account.balance)
    account.balance += amount
    account.booked += 1
    account.save(update_fields=["balance", "booked", "expires_at"])
    entry = StoredEntry.objects.create(
        account=account,
        number=account.booked,
        kind=kind,
        amount=amount,
        currency=account.currency,
        balance_after=account.balance,
        effect_key=effect_key,
        refund=refund,
        reverses=reverses,
        reference=reference,
        reason=reason[:200],
        actor=actor.key,
    )
    _tell(actor, account, entry)
    return entry


def _same(known: StoredEntry, account: StoredAccount, amount: int) -> StoredEntry:
    if (known.account_id, known.amount) != (account.id, amount):
        raise Conflict("The same key was used for another amount or account.", code="key-reused")
    return known


def _tell(actor: Actor, account: StoredAccount, entry: StoredEntry) -> None:
    kind = TOLD.get(entry.kind)
    if kind is not None:
        fact = kind(
            **account_facts(account),
            entry_id=str(entry.id),
            amount=entry.amount,
            effect_key=entry.effect_key,
            refund_id=str(entry.refund_id or ""),
            reference=entry.reference,
        )
        publish(fact, subject=account.as_subject(), actor=actor, words=entry.reason)


def account_facts(account: StoredAccount) -> dict[str, Any]:
    """Return what every event of the account tells."""
    return {
        "account_id": str(account.id),
        "kind": str(account.kind),
        "currency": account.currency,
        "balance": account.balance,
        "last_four": account.last_four,
    }
