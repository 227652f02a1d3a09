"""Give a customer value without a return: within policy's limit at once, above it when a second person agrees."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval
from retailops.lib.clock import now
from retailops.lib.errors import Denied, Unprocessable
from retailops.lib.money import Money
from returns.access import access_account, access_order
from returns.enums import EntryKind, StoredKind
from returns.inputs.stored_value import GiftIn
from returns.models import Order, StoredAccount, StoredEntry
from returns.policy import Policy, Scope, active_policies, choose, may_approve, within
from returns.services.stored_accounts import Holder, extend, open_account
from returns.services.stored_ledger import write_entry

GIFT_KIND = "stored_value_gift"


@dataclass(frozen=True)
class Given:
    """What became of a gift: an entry, or a request for a second person's word."""

    account: StoredAccount
    entry: StoredEntry | None = None
    approval: Approval | None = None


@transaction.atomic
def give_stored_value(*, actor: Actor, gift: GiftIn) -> Given:
    """Credit the customer of an order (or the order, where it has none); a gift card is a new one each time.

    Happens once for each key of an order. It is not money of the order: nothing of what was paid is reserved by it.
    Raises NotFound, Denied, Conflict (another request over the account waits; the key was used for another amount).
    """
    order = access_order(actor, gift.order_id, Permission.STORED_VALUE_ISSUE, lock=True)
    known = StoredEntry.objects.filter(effect_key=_key(order.id, gift.key)).select_related("account").first()
    account = known.account if known else _account(actor, gift, order)
    policy = _policy(order)
    if known or within(gift.amount, policy.rules.stored_value.gift_limit, order.currency):
        entry = _book(actor, account, policy, gift.amount, _key(order.id, gift.key), gift.reason)
        return Given(account, entry=entry)
    return Given(account, approval=_ask(actor, account, policy, order, gift))


def _account(actor: Actor, gift: GiftIn, order: Order) -> StoredAccount:
    """Return where it goes; a gift card that waits for a second person is found again by its order."""
    waiting = Approval.objects.filter(kind=GIFT_KIND, asked__key=_key(order.id, gift.key)).values("subject_id")
    asked = StoredAccount.objects.select_for_update(no_key=True).filter(pk__in=waiting).first()
    holder = Holder(
        order.region, order.brand, order.currency, order.correlation_id, customer=order.customer, order=order
    )
    return asked or open_account(actor, StoredKind(gift.kind), holder)


def _policy(order: Order) -> Policy:
    group = order.customer.group if order.customer else ""
    scope = Scope(order.channel, order.region, order.brand, group)
    return choose(active_policies(), scope, now(), str(order.id))


def _key(order_id: UUID, key: str) -> str:
    return f"gift:{order_id}:{key}"


def _book(
    actor: Actor, account: StoredAccount, policy: Policy, amount: int, effect_key: str, reason: str
) -> StoredEntry:
    locked = StoredAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    extend(locked, policy.rules.stored_value)
    entry = write_entry(actor, locked, EntryKind.ISSUE, amount, effect_key, reason=reason)
    account.refresh_from_db()
    return entry


def _ask(actor: Actor, account: StoredAccount, policy: Policy, order: Order, gift: GiftIn) -> Approval:
    limit = policy.rules.stored_value.gift_limit
    effect_key = _key(order.id, gift.key)
    return cases.request_approval(
        actor,
        ApprovalIn(
            kind=GIFT_KIND,
            subject=account.as_subject(),
            payload=_payload(effect_key, order.id),
            reason=gift.reason,
            money=Money(gift.amount, order.currency),
            asked={
                "rules": ["above the limit for giving by itself"],
                "permitted": limit.get(order.currency, limit.get("*", 0)),
                "requested": gift.amount,
                "key": effect_key,
                "order": str(order.id),
            },
            policy_version=policy.label,
            valid_for=timedelta(hours=policy.rules.approval_expires_hours),
        ),
    )


def _payload(effect_key: str, order_id: UUID) -> dict[str, Any]:
    return {"effect_key": effect_key, "order": str(order_id)}


def take_gift(actor: Actor, approval_id: UUID) -> StoredEntry:
    """Book a gift whose approval was just given, by who gave it. For the approval's subscriber.

    Raises Denied above the limit of the approver's roles, Unprocessable when the account has ended meanwhile.
    """
    approval = Approval.objects.get(pk=approval_id)
    account = access_account(actor, approval.subject_id, Permission.APPROVALS_DECIDE, lock=True)
    order = Order.objects.select_related("customer").get(pk=approval.asked["order"])
    money = Money(int(approval.amount or 0), approval.currency)
    policy = _policy(order)
    if not may_approve(actor, policy.rules, money.amount, money.currency, region=account.region, brand=account.brand):
        detail = f"{money} is above what {actor.label} may approve."
        raise Denied(detail, code="above-limit", region=account.region, brand=account.brand)
    if not account.alive():
        raise Unprocessable("The account has ended meanwhile: ask again.", code="account-not-alive")
    effect_key = str(approval.asked["key"])
    cases.consume_approval(
        actor, kind=GIFT_KIND, subject_id=account.id, money=money, payload=_payload(effect_key, order.id)
    )
    return _book(actor, account, policy, money.amount, effect_key, approval.reason)
