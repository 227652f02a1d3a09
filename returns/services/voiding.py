"""Take stored value back: one entry by its opposite, or a whole account; and let it lapse."""

from dataclasses import replace
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Unprocessable, hidden
from retailops.lib.fsm import fire
from returns.access import access_account
from returns.enums import EntryKind, StoredStatus
from returns.events import StoredValueVoided
from returns.models import Payment, StoredAccount, StoredEntry
from returns.money_paths import OWN_LEDGER
from returns.services.refund_outcomes import reverse_refund
from returns.services.stored_accounts import lapse
from returns.services.stored_ledger import account_facts, write_entry

LEDGER = Actor.system("ledger")


@transaction.atomic
def void_entry(*, actor: Actor, entry_id: UUID, reason: str) -> StoredEntry:
    """Undo an entry by its opposite and return that; again returns the one that is there.

    What a refund credited is taken back by reversing the refund: its units count as not refunded. Raises Conflict (an
    entry that undoes or ends, a redemption whose order was captured: refund that), Unprocessable (no reason, spent
    meanwhile, account not alive), NotFound, Denied.
    """
    entry = StoredEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise hidden()
    access_account(actor, entry.account_id, Permission.STORED_VALUE_VOID)
    if not reason.strip():
        raise Unprocessable("Say why: taking back needs a reason.", code="reason-needed")
    if entry.refund_id is not None and entry.kind != EntryKind.VOID:
        reverse_refund(actor=replace(LEDGER, on_behalf_of=actor.key), refund_id=entry.refund_id, message=reason)
        return StoredEntry.objects.get(reverses=entry)
    account = access_account(actor, entry.account_id, Permission.STORED_VALUE_VOID, lock=True)
    if why := _why_not(account, entry):
        raise Conflict(why, code="not-to-undo")
    return write_entry(actor, account, EntryKind.VOID, -entry.amount, f"void:{entry.id}", reverses=entry, reason=reason)


def _why_not(account: StoredAccount, entry: StoredEntry) -> str:
    if entry.kind in (EntryKind.VOID, EntryKind.EXPIRE):
        return "It undoes or ends something itself."
    if not account.alive():
        return "The account is not alive any more."
    paid = Payment.objects.filter(gateway=OWN_LEDGER, external_id=entry.reference)
    if entry.kind == EntryKind.REDEEM and entry.reference and paid.exists():
        return "An order was paid with it: refund that order instead."
    return ""


@transaction.atomic
def void_account(*, actor: Actor, account_id: UUID, reason: str) -> StoredAccount:
    """End an account that was lost, stolen or opened by mistake; what is left on it is written off.

    Raises Unprocessable (no reason), TransitionRefused (it has ended), NotFound, Denied.
    """
    account = access_account(actor, account_id, Permission.STORED_VALUE_VOID, lock=True)
    if not reason.strip():
        raise Unprocessable("Say why: ending an account needs a reason.", code="reason-needed")
    fire(account.void)
    if account.balance:
        write_entry(actor, account, EntryKind.VOID, -account.balance, f"void-account:{account.id}", reason=reason)
    account.save(update_fields=["status"])
    fact = StoredValueVoided(**account_facts(account))
    publish(fact, subject=account.as_subject(), actor=actor, words=reason)
    return account


@transaction.atomic
def expire_account(actor: Actor, account_id: UUID) -> None:
    """Let an account lapse whose time is over; one that was extended or ended meanwhile is left."""
    account = access_account(actor, account_id, lock=True)
    if account.status == StoredStatus.ACTIVE and not account.alive():
        lapse(actor, account)
