"""Refunds that go into our own ledger: credited, or restored to the account they were paid from, in the command."""

from retailops.accounts.actor import Actor
from retailops.events.publish import publish
from retailops.lib.errors import Unprocessable
from retailops.lib.fsm import fire
from retailops.lib.money import Money
from returns.enums import Destination, EntryKind, StoredKind
from returns.events import RefundFailed
from returns.facts import refund_fact
from returns.models import Refund, StoredAccount, StoredEntry
from returns.policy import rules_of
from returns.services.settling import settled
from returns.services.stored_accounts import account_of_payment, extend, holder_of, open_account
from returns.services.stored_ledger import write_entry
from returns.troubles import refund_failed


def credit_refund(actor: Actor, refund: Refund) -> None:
    """Book an approved refund in the ledger (payment and return locked) and settle it.

    What was paid by an account goes back to that account. Where it is not alive the refund fails, with a case: another
    way for the money is a person's decision.
    """
    if refund.destination == Destination.TENDER:
        _restore(actor, refund)
    else:
        _issue(actor, refund)


def _issue(actor: Actor, refund: Refund) -> None:
    account = open_account(actor, StoredKind(refund.destination), holder_of(refund.rma))
    extend(account, rules_of(refund.rma.policy).stored_value)
    reason = f"{refund.rma.number} {refund.reason}".strip()
    entry = write_entry(
        actor, account, EntryKind.ISSUE, refund.amount, f"credit:{refund.effect_key}", refund=refund, reason=reason
    )
    if refund.bonus:
        key = f"bonus:{refund.effect_key}"
        write_entry(actor, account, EntryKind.BONUS, refund.bonus, key, refund=refund, reason=reason)
    _succeed(actor, refund, entry)


def _restore(actor: Actor, refund: Refund) -> None:
    account = account_of_payment(refund.payment)
    why = _why_not(account, refund)
    if account is None or why:
        _refuse(actor, refund, why)
        return
    entry = write_entry(
        actor, account, EntryKind.RESTORE, refund.amount, f"restore:{refund.effect_key}", refund=refund,
        reason=refund.rma.number,
    )  # fmt: skip
    _succeed(actor, refund, entry)


def _why_not(account: StoredAccount | None, refund: Refund) -> str:
    if account is None:
        return "No account of ours paid it."
    if not account.alive():
        return f"{account} that paid it is {'void' if account.status == 'void' else 'expired'}."
    return "" if account.currency == refund.currency else f"{account} is kept in {account.currency}."


def _succeed(actor: Actor, refund: Refund, entry: StoredEntry) -> None:
    fire(refund.credit)
    refund.external_reference = str(entry.id)
    refund.save()
    settled(actor, refund, refund.external_reference)


def _refuse(actor: Actor, refund: Refund, why: str) -> None:
    fire(refund.refuse_credit)
    refund.failure_code, refund.failure_message = "account-not-alive", why
    refund.save()
    fact = refund_fact(RefundFailed, refund)
    publish(fact, subject=refund.as_subject(), actor=actor, reason_code=refund.failure_code)
    refund_failed(actor, refund, late=False)


def take_back(actor: Actor, refund: Refund) -> None:
    """Undo the entries of a credited refund by their opposites.

    Raises Unprocessable when the customer has spent it: then the money is recovered in another way.
    """
    rows = StoredEntry.objects.filter(refund=refund, reverses=None, reversal=None).order_by("id")
    for entry in rows:
        account = StoredAccount.objects.select_for_update(no_key=True).get(pk=entry.account_id)
        if account.balance < entry.amount:
            left = Money(account.balance, account.currency)
            raise Unprocessable(f"Only {left} of it is left: the rest is spent.", code="spent", left=account.balance)
        write_entry(
            actor, account, EntryKind.VOID, -entry.amount, f"void:{entry.id}", refund=refund, reverses=entry,
            reason=refund.rma.number,
        )  # fmt: skip
