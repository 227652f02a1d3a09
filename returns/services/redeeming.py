"""Pay out of stored value, and give gift cards their codes."""

import hashlib
import secrets
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Unprocessable, hidden
from returns.access import access_account
from returns.enums import EntryKind, StoredKind
from returns.events import StoredValueCodeGiven
from returns.inputs.stored_value import RedemptionIn
from returns.models import StoredAccount, StoredEntry
from returns.services.stored_ledger import account_facts, write_entry

# Without letters and digits that are taken for one another; 16 of them are 80 bits, so a plain digest is enough.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 16


def digest(code: str) -> str:
    """Return what is stored of a code, however it was typed."""
    plain = "".join(each for each in code.upper() if each.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


@transaction.atomic
def give_code(*, actor: Actor, account_id: UUID) -> tuple[StoredAccount, str]:
    """Return the gift card with a new code, which cannot be shown again; an earlier code is dead from now on.

    Raises Conflict (no gift card, or one that is not alive), NotFound, Denied.
    """
    account = access_account(actor, account_id, Permission.STORED_VALUE_ISSUE, lock=True)
    if account.kind != StoredKind.GIFT_CARD or not account.alive():
        raise Conflict("Only a gift card that is alive has a code.", code="no-code")
    plain = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    account.code_hash, account.last_four = digest(plain), plain[-4:]
    account.save(update_fields=["code_hash", "last_four"])
    fact = StoredValueCodeGiven(**account_facts(account))
    publish(fact, subject=account.as_subject(), actor=actor)
    return account, "-".join(plain[place : place + 4] for place in range(0, LENGTH, 4))


@transaction.atomic
def redeem_stored_value(*, actor: Actor, redemption: RedemptionIn) -> StoredEntry:
    """Take an amount off an account, once for each reference of it.

    Raises NotFound (no such account or code), Unprocessable (not alive, another currency, more than is left), Conflict
    (the reference was used for another amount), Denied.
    """
    account = _account(actor, redemption)
    key = f"redeem:{account.id}:{redemption.reference}"
    if not StoredEntry.objects.filter(effect_key=key).exists():
        _refuse_unfit(account, redemption)
    return write_entry(
        actor, account, EntryKind.REDEEM, -redemption.amount, key, reference=redemption.reference, reason="redeemed"
    )


def _account(actor: Actor, redemption: RedemptionIn) -> StoredAccount:
    if redemption.account_id is not None:
        return access_account(actor, redemption.account_id, Permission.STORED_VALUE_REDEEM, lock=True)
    rows = StoredAccount.objects.select_for_update(no_key=True)
    account = rows.filter(code_hash=digest(redemption.code)).first()
    if account is None:
        raise hidden()
    view = Permission.STORED_VALUE_VIEW
    require(actor, Permission.STORED_VALUE_REDEEM, region=account.region, brand=account.brand, view=view)
    return account


def _refuse_unfit(account: StoredAccount, redemption: RedemptionIn) -> None:
    if not account.alive():
        raise Unprocessable("The account is not alive any more.", code="account-not-alive")
    if account.currency != redemption.currency:
        raise Unprocessable(f"The account is kept in {account.currency}.", code="other-currency")
