"""Stored value: accounts and their entries read, value given, redeemed and taken back."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from django_filters import rest_framework as filters
from pydantic import StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, MoneyIn, MoneyShape, Shape
from returns.access import access_account, access_order
from returns.api.bodies import Reason
from returns.enums import EntryKind, StoredKind, StoredStatus
from returns.inputs import read
from returns.inputs.stored_value import GiftIn, RedemptionIn
from returns.models import StoredAccount, StoredEntry
from returns.selectors import stored_accounts_visible_to, stored_entries_visible_to
from returns.services.giving_value import give_stored_value
from returns.services.redeeming import give_code, redeem_stored_value
from returns.services.voiding import void_account, void_entry

VIEW, ISSUE = Permission.STORED_VALUE_VIEW, Permission.STORED_VALUE_ISSUE
REDEEM, VOID = Permission.STORED_VALUE_REDEEM, Permission.STORED_VALUE_VOID
Key = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class StoredAccountShape(Shape):
    """A customer's store credit, or a gift card. The balance is the sum of its entries."""

    id: UUID
    kind: StoredKind
    status: StoredStatus
    customer_id: UUID | None
    order_id: UUID | None
    return_id: UUID | None
    region: str
    brand: str
    balance: MoneyShape
    last_four: str
    expires_at: datetime | None
    opened_at: datetime


class StoredEntryShape(Shape):
    """A change of a balance; never edited, only undone by its opposite."""

    id: UUID
    account_id: UUID
    number: int
    kind: EntryKind
    amount: MoneyShape
    balance_after: MoneyShape
    effect_key: str
    refund_id: UUID | None
    reverses: UUID | None
    reference: str
    reason: str
    actor: str
    at: datetime


class StoredAccountList(Shape):
    """One page of accounts."""

    results: list[StoredAccountShape]
    next_cursor: str


class StoredEntryList(Shape):
    """One page of entries."""

    results: list[StoredEntryShape]
    next_cursor: str


class GiftShape(Shape):
    """What became of a gift: an entry, or an approval that waits."""

    account: StoredAccountShape
    entry: StoredEntryShape | None
    approval_id: UUID | None


class CodeShape(Shape):
    """A gift card with its new code, which is shown this once."""

    account: StoredAccountShape
    code: str


class GiftBody(Body):
    """Value for the customer of an order. `key` makes it happen once."""

    kind: StoredKind = StoredKind.STORE_CREDIT
    order_id: UUID
    amount: MoneyIn
    reason: Reason
    key: Key


class RedemptionBody(Body):
    """A payment out of an account, named by its id or by a gift card's code. `reference` makes it happen once, and is
    what the order's payment must bear as its `external_id` (with gateway `stored_value`)."""

    account_id: UUID | None = None
    code: Annotated[str, StringConstraints(max_length=40)] = ""
    amount: MoneyIn
    reference: Key


class TakeBackBody(Body):
    """Why it is taken back."""

    reason: Reason


class StoredAccountFilter(filters.FilterSet):
    """Filters of accounts."""

    kind = filters.MultipleChoiceFilter(choices=StoredKind.choices)
    status = filters.MultipleChoiceFilter(choices=StoredStatus.choices)
    customer_id = filters.UUIDFilter()
    order_id = filters.UUIDFilter()
    return_id = filters.UUIDFilter(field_name="rma_id")
    region = filters.CharFilter()
    currency = filters.CharFilter()

    class Meta:
        model = StoredAccount
        fields: ClassVar[list[str]] = []


class StoredEntryFilter(filters.FilterSet):
    """Filters of entries."""

    kind = filters.MultipleChoiceFilter(choices=EntryKind.choices)
    refund_id = filters.UUIDFilter()
    reference = filters.CharFilter()

    class Meta:
        model = StoredEntry
        fields: ClassVar[list[str]] = []


def account_shape(account: StoredAccount) -> StoredAccountShape:
    """Return one account."""
    return StoredAccountShape.build(
        id=account.id, kind=account.kind, status=account.status, customer_id=account.customer_id,
        order_id=account.order_id, return_id=account.rma_id, region=account.region, brand=account.brand,
        balance=MoneyShape.of(account.balance, account.currency), last_four=account.last_four,
        expires_at=account.expires_at, opened_at=account.opened_at,
    )  # fmt: skip


def entry_shape(entry: StoredEntry) -> StoredEntryShape:
    """Return one entry."""
    return StoredEntryShape.build(
        id=entry.id, account_id=entry.account_id, number=entry.number, kind=entry.kind,
        amount=MoneyShape.of(entry.amount, entry.currency),
        balance_after=MoneyShape.of(entry.balance_after, entry.currency), effect_key=entry.effect_key,
        refund_id=entry.refund_id, reverses=entry.reverses_id, reference=entry.reference, reason=entry.reason,
        actor=entry.actor, at=entry.at,
    )  # fmt: skip


class StoredAccounts(ListEndpoint):
    """Accounts of stored value."""

    queryset = StoredAccount.objects.none()
    filterset_class = StoredAccountFilter

    @operation(
        id="listStoredAccounts", summary="Accounts of stored value", tag="Stored value", permission=VIEW,
        query=PageQuery, orderings=("-id", "id"), answers={200: StoredAccountList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> StoredAccountList:
        """Those of the caller's regions and brands, the newest first."""
        page = self.page(stored_accounts_visible_to(self.actor), query)
        return StoredAccountList.build(
            results=[account_shape(account) for account in page.rows], next_cursor=page.next_cursor
        )


class StoredAccountEndpoint(Endpoint):
    """One account."""

    @operation(
        id="getStoredAccount", summary="An account of stored value", tag="Stored value", permission=VIEW,
        answers={200: StoredAccountShape}, problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> StoredAccountShape:
        """Its balance and state."""
        return account_shape(access_account(self.actor, id))


class StoredEntries(ListEndpoint):
    """Entries of one account."""

    queryset = StoredEntry.objects.none()
    filterset_class = StoredEntryFilter

    @operation(
        id="listStoredEntries", summary="Entries of an account", tag="Stored value", permission=VIEW,
        query=PageQuery, orderings=("-id", "id"), answers={200: StoredEntryList}, problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID, query: PageQuery) -> StoredEntryList:
        """Every change of its balance, the newest first."""
        account = access_account(self.actor, id)
        page = self.page(stored_entries_visible_to(self.actor).filter(account=account), query)
        return StoredEntryList.build(results=[entry_shape(entry) for entry in page.rows], next_cursor=page.next_cursor)


class Gifts(CommandEndpoint):
    """Value that is given without a return."""

    @operation(
        id="giveStoredValue", summary="Give a customer value", tag="Stored value", permission=ISSUE, body=GiftBody,
        answers={200: GiftShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: GiftBody) -> GiftShape:
        """Above the policy's limit it waits for a second person. The same `key` of an order happens once."""
        order = access_order(self.actor, body.order_id)
        if body.amount.currency != order.currency:
            fault = FieldError("/amount/currency", f"Must be {order.currency}, the order's currency.")
            raise Invalid("See `errors` for each field.", errors=[fault])
        given = body.model_dump() | {"amount": body.amount.amount}
        found = give_stored_value(actor=self.actor, gift=read(GiftIn, given))
        return GiftShape.build(
            account=account_shape(found.account),
            entry=entry_shape(found.entry) if found.entry else None,
            approval_id=found.approval.id if found.approval else None,
        )


class Redemptions(CommandEndpoint):
    """Payments out of stored value."""

    @operation(
        id="redeemStoredValue", summary="Pay out of stored value", tag="Stored value", permission=REDEEM,
        body=RedemptionBody, answers={200: StoredEntryShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: RedemptionBody) -> StoredEntryShape:
        """422 `exceeds-balance` where less is left. The same `reference` of an account happens once."""
        if (body.account_id is None) == (not body.code):
            fault = FieldError("/account_id", "Name the account by account_id, or by code.")
            raise Invalid("See `errors` for each field.", errors=[fault])
        given = body.model_dump() | {"amount": body.amount.amount, "currency": body.amount.currency}
        return entry_shape(redeem_stored_value(actor=self.actor, redemption=read(RedemptionIn, given)))


class GiftCardCode(CommandEndpoint):
    """The code of a gift card."""

    @operation(
        id="giveGiftCardCode", summary="Give a gift card a new code", tag="Stored value", permission=ISSUE,
        answers={200: CodeShape}, problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> CodeShape:
        """It is answered this once and kept only as a hash, so this call takes no Idempotency-Key: a repeat gives
        another code, and the former is dead."""
        account, code = give_code(actor=self.actor, account_id=id)
        return CodeShape.build(account=account_shape(account), code=code)


class VoidAccount(CommandEndpoint):
    """Ending an account."""

    @operation(
        id="voidStoredAccount", summary="End an account", tag="Stored value", permission=VOID, body=TakeBackBody,
        answers={200: StoredAccountShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: TakeBackBody) -> StoredAccountShape:
        """What is left on it is written off by an entry."""
        return account_shape(void_account(actor=self.actor, account_id=id, reason=body.reason))


class VoidEntry(CommandEndpoint):
    """Taking one entry back."""

    @operation(
        id="voidStoredEntry", summary="Take an entry back", tag="Stored value", permission=VOID, body=TakeBackBody,
        answers={200: StoredEntryShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: TakeBackBody) -> StoredEntryShape:
        """By its opposite. What a refund credited reverses that refund; 422 `spent` where the customer has used it."""
        return entry_shape(void_entry(actor=self.actor, entry_id=id, reason=body.reason))
