"""The list of stored-value accounts, and what the page of one shows."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import QueryDict

from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.lib.ids import parse_uuid
from retailops.lib.keyset import KeysetPage, capped_count, keyset_page
from returns.enums import EntryKind, StoredKind
from returns.models import Return, StoredAccount, StoredEntry
from returns.selectors import stored_accounts_visible_to
from returns.web.listing import Tab

VIEWS: dict[str, tuple[str, Q]] = {
    "all": ("All", Q()),
    "credit": ("Store credit", Q(kind="store_credit", status="active")),
    "cards": ("Gift cards", Q(kind="gift_card", status="active")),
    "ended": ("Ended", ~Q(status="active")),
}
ENTRIES = 200


@dataclass(frozen=True)
class StoredListing:
    """What the list shows."""

    page: KeysetPage[StoredAccount]
    tabs: list[Tab]
    total: int
    q: str


def stored_listing(actor: Actor, query: QueryDict) -> StoredListing:
    """Return one page of the accounts that the actor may see, narrowed by view and text."""
    visible = stored_accounts_visible_to(actor).select_related("customer", "order", "rma")
    current = query.get("view", "") if query.get("view", "") in VIEWS else "all"
    text = query.get("q", "").strip()
    rows = _matching(visible.filter(VIEWS[current][1]), text)
    tabs = [
        Tab(key, title, capped_count(visible.filter(condition)), key == current)
        for key, (title, condition) in VIEWS.items()
    ]
    page = keyset_page(rows, after=query.get("after", ""), before=query.get("before", ""))
    return StoredListing(page, tabs, capped_count(rows), text)


def _matching(rows: QuerySet[StoredAccount], text: str) -> QuerySet[StoredAccount]:
    if not text:
        return rows
    found = Q(last_four__iexact=text) | Q(order__number=text) | Q(rma__number__iexact=text)
    key = parse_uuid(text)
    return rows.filter(found | Q(pk=key) | Q(customer_id=key) if key else found)


@dataclass(frozen=True)
class Row:
    """One entry, and why it cannot be taken back; an empty reason means that it can."""

    entry: StoredEntry
    stays: str


@dataclass(frozen=True)
class AccountPage:
    """What the page of one account shows."""

    account: StoredAccount
    rows: list[Row]
    may_give_code: bool
    may_void: bool

    @property
    def issued(self) -> int:
        """Return what was ever put on it without what was taken back, in minor units."""
        kinds = (EntryKind.ISSUE, EntryKind.BONUS)
        return sum(row.entry.amount for row in self.rows if row.entry.kind in kinds)

    @property
    def redeemed(self) -> int:
        """Return what was paid with it, in minor units."""
        return -sum(row.entry.amount for row in self.rows if row.entry.kind == EntryKind.REDEEM)


def account_page(actor: Actor, account: StoredAccount) -> AccountPage:
    """Return what the page shows and what this person may do now."""
    where = {"region": account.region, "brand": account.brand}
    entries = account.entries.select_related("refund__rma", "reversal").order_by("-number")[:ENTRIES]
    return AccountPage(
        account,
        [Row(entry, why_stays(account, entry)) for entry in entries],
        may_give_code=account.kind == StoredKind.GIFT_CARD and can(actor, Permission.STORED_VALUE_ISSUE, **where),
        may_void=can(actor, Permission.STORED_VALUE_VOID, **where),
    )


def why_stays(account: StoredAccount, entry: StoredEntry) -> str:
    """Say why an entry cannot be taken back; the command checks again, under the locks."""
    if entry.kind in (EntryKind.VOID, EntryKind.EXPIRE):
        return "It undoes or ends something itself."
    if getattr(entry, "reversal", None) is not None:
        return "Taken back already."
    if not account.alive():
        return "The account has ended."
    return "Spent since." if account.balance < entry.amount else ""


def accounts_for(actor: Actor, rma: Return) -> list[StoredAccount]:
    """Return the accounts of a return's customer, order or own gift card that the actor may see, newest first."""
    mine = Q(rma=rma)
    if rma.customer_id:
        mine |= Q(customer_id=rma.customer_id)
    if rma.order_id:
        mine |= Q(order_id=rma.order_id)
    return list(stored_accounts_visible_to(actor).filter(mine).order_by("-id")[:5])
