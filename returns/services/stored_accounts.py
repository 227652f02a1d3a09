"""Accounts of stored value: found or opened, and locked. Their locks come after order, payment and return."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from retailops.accounts.actor import Actor
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.fsm import fire
from returns.enums import EntryKind, StoredKind, StoredStatus
from returns.events import StoredAccountFact, StoredValueExpired
from returns.models import Customer, Order, Payment, Return, StoredAccount, StoredEntry
from returns.policy import StoredValueRules
from returns.services.stored_ledger import account_facts, write_entry

K = StoredKind


@dataclass(frozen=True)
class Holder:
    """Whose value it is: a customer's, or an order's where nobody is named; a gift card's `rma` tops it up later."""

    region: str
    brand: str
    currency: str
    correlation_id: UUID
    customer: Customer | None = None
    order: Order | None = None
    rma: Return | None = None


def holder_of(rma: Return) -> Holder:
    """Return whose value a return's credit is."""
    return Holder(
        rma.region, rma.brand, rma.currency, rma.correlation_id, customer=rma.customer, order=rma.order, rma=rma
    )


def open_account(actor: Actor, kind: StoredKind, holder: Holder) -> StoredAccount:
    """Return the holder's living account of that kind, locked; a new one where there is none or it has expired."""
    rows = _accounts(kind, holder)
    known = rows.select_for_update(no_key=True).first() if rows is not None else None
    if known is not None and not known.alive():
        lapse(actor, known)
        known = None
    return known or _create(actor, kind, holder)


def _accounts(kind: StoredKind, holder: Holder) -> QuerySet[StoredAccount] | None:
    living = StoredAccount.objects.filter(kind=kind, status=StoredStatus.ACTIVE, currency=holder.currency)
    if kind == K.GIFT_CARD:
        return living.filter(rma=holder.rma) if holder.rma else None
    if holder.customer is not None:
        return living.filter(customer=holder.customer, region=holder.region, brand=holder.brand)
    return living.filter(customer=None, order=holder.order)


def _create(actor: Actor, kind: StoredKind, holder: Holder) -> StoredAccount:
    """Make it; a twin that another transaction made at this moment is taken instead, after waiting for it."""
    own = kind == K.GIFT_CARD or holder.customer is None
    with transaction.atomic():
        made = StoredAccount.objects.bulk_create(
            [
                StoredAccount(
                    kind=kind,
                    customer=holder.customer,
                    order=holder.order if own else None,
                    rma=holder.rma if kind == K.GIFT_CARD else None,
                    region=holder.region,
                    brand=holder.brand,
                    currency=holder.currency,
                    correlation_id=holder.correlation_id,
                    opened_by=actor.key,
                )
            ],
            ignore_conflicts=True,
        )[0]
    found = StoredAccount.objects.select_for_update(no_key=True).filter(pk=made.pk).first()
    return found or open_account(actor, kind, holder)


def account_of_payment(payment: Payment) -> StoredAccount | None:
    """Return the account that a payment was redeemed from, locked: named by the payment, or by its redemption's id."""
    named = str(payment.references.get("account", ""))
    rows = StoredAccount.objects.select_for_update(no_key=True)
    try:
        return rows.get(pk=UUID(named))
    except (ValueError, StoredAccount.DoesNotExist):
        redeemed = StoredEntry.objects.filter(kind=EntryKind.REDEEM, reference=payment.external_id, reversal=None)
        return rows.filter(pk__in=redeemed.values("account_id")[:1]).first()


def extend(account: StoredAccount, rules: StoredValueRules) -> None:
    """Move the expiry of a locked account as policy says for an issue now; value that never expired never will."""
    days = rules.gift_card_days if account.kind == K.GIFT_CARD else rules.store_credit_days
    until = now() + timedelta(days=days) if days else None
    if account.balance and account.expires_at is None:
        return
    account.expires_at = until and max(until, account.expires_at or until)


def lapse(actor: Actor, account: StoredAccount) -> None:
    """End a locked account whose time is over; what was left is written off by an entry."""
    if account.balance:
        write_entry(actor, account, EntryKind.EXPIRE, -account.balance, f"expire:{account.id}", reason="expired")
    fire(account.expire)
    account.save(update_fields=["status"])
    _tell(actor, account, StoredValueExpired)


def _tell(actor: Actor, account: StoredAccount, kind: type[StoredAccountFact]) -> None:
    publish(kind(**account_facts(account)), subject=account.as_subject(), actor=actor)
