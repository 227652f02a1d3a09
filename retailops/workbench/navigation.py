"""The screens that exist, who may open them, and the queues whose counts stand beside them."""

from dataclasses import dataclass, field

from django.urls import reverse

from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission


@dataclass(frozen=True)
class Screen:
    """One entry of the navigation: its view name, its "g" key and the permission that opens it.

    `group` is the heading that it stands under, none for those always in sight; a phone's bar has the `main` ones.
    """

    key: str
    label: str
    view: str
    go: str
    icon: str
    permission: Permission | None = None
    group: str = ""
    main: bool = False
    # Other addresses that belong to the screen.
    also: tuple[str, ...] = ()


P = Permission
RETURNS, GOODS, SYSTEMS, ACCESS = "Customers and claims", "Stock and money", "Systems", "Rules and access"
# The groups that a person has not touched are open, but for what is set up once.
FOLDED = frozenset({ACCESS})
# A cookie keeps what a person folded or opened, so that the page comes as it was left; `static/js/rail.js` writes it.
COOKIE = "rail"
SCREENS = (
    Screen("home", "Today", "workbench:home", "h", "home", main=True),
    Screen(
        "cases", "Exceptions", "workbench:exceptions", "e", "inbox-stack", P.CASES_VIEW, main=True, also=("/cases/",)
    ),
    Screen("approvals", "Approvals", "workbench:approvals", "a", "hand-raised", P.APPROVALS_DECIDE, main=True),
    Screen("returns", "Returns", "returns:list", "r", "arrow-uturn-left", P.RETURNS_VIEW, main=True),
    Screen("dashboards", "Dashboards", "dashboards:home", "b", "chart-bar", P.DASHBOARDS_VIEW),
    Screen("customers", "Customers", "customers:list", "u", "users", P.CUSTOMERS_VIEW, RETURNS),
    Screen("fraud", "Fraud", "fraud:list", "f", "shield-exclamation", P.FRAUD_VIEW, RETURNS),
    Screen("claims", "Claims", "claims:list", "l", "receipt-refund", P.CLAIMS_VIEW, RETURNS),
    Screen("stock", "Stock", "stock:overview", "s", "archive-box", P.INVENTORY_VIEW, GOODS),
    Screen("stored", "Stored value", "stored:list", "v", "gift", P.STORED_VALUE_VIEW, GOODS),
    Screen("discrepancies", "Discrepancies", "discrepancies:list", "x", "scale", P.DISCREPANCIES_VIEW, GOODS),
    Screen("reconciliation", "Reconciliation", "settlements:overview", "m", "banknotes", P.SETTLEMENTS_VIEW, GOODS),
    Screen("dead", "Deliveries", "workbench:dead", "d", "paper-airplane", P.DELIVERIES_VIEW, SYSTEMS),
    Screen("operations", "Operations", "workbench:operations", "o", "rectangle-stack", P.DELIVERIES_VIEW, SYSTEMS),
    Screen("trace", "Trace", "workbench:search", "t", "queue-list", P.EVENTS_READ, SYSTEMS),
    Screen("connections", "Connections", "connections:list", "c", "link", P.CONNECTIONS_VIEW, SYSTEMS),
    Screen("policies", "Policies", "policies:list", "p", "document-text", P.POLICIES_VIEW, ACCESS),
    Screen("sla", "SLA policies", "sla:list", "y", "clock", P.POLICIES_VIEW, ACCESS),
    Screen("alerts", "Alerts", "alerts:list", "w", "bell", P.CASES_VIEW, ACCESS),
    Screen("people", "People", "people:list", "i", "user-group", P.PEOPLE_MANAGE, ACCESS),
    Screen("clients", "API clients", "clients:list", "k", "key", P.PEOPLE_MANAGE, ACCESS),
    Screen("audit", "Audit log", "audit:list", "j", "clipboard-document-list", P.AUDIT_VIEW, ACCESS),
)


@dataclass
class Entry:
    """A screen as one request shows it."""

    screen: Screen
    url: str
    current: bool
    count: str = ""
    tone: str = ""
    counted: bool = field(default=False)

    @property
    def main(self) -> bool:
        """Tell whether it stands in a phone's bar."""
        return self.screen.main

    def __getattr__(self, name: str) -> str:
        """Read label, key, go, icon and group from the screen."""
        return str(getattr(self.screen, name))


@dataclass
class Group:
    """Screens under one heading, as one request shows them."""

    label: str
    entries: list[Entry]
    open: bool

    @property
    def key(self) -> str:
        """Return the name that the cookie knows the group by."""
        return self.label.lower().replace(" ", "-")


def groups(shown: list[Entry], kept: str) -> list[Group]:
    """Return the screens by heading; `kept` is the cookie, `systems:0.rules-and-access:1`.

    The group of the current screen is open in any case.
    """
    chosen = dict(part.split(":", 1) for part in kept.split(".") if ":" in part)
    found: list[Group] = []
    for entry in shown:
        if not found or found[-1].label != entry.group:
            found.append(Group(entry.group, [], open=False))
        found[-1].entries.append(entry)
    for group in found:
        left = chosen.get(group.key, "0" if group.label in FOLDED else "1") == "1"
        group.open = left or any(entry.current for entry in group.entries)
    return found


def entries(actor: Actor, path: str) -> list[Entry]:
    """Return the screens that the actor may open; the one that the path is within is current."""
    shown = [
        Entry(screen, reverse(screen.view), current=False)
        for screen in SCREENS
        if screen.permission is None or can(actor, screen.permission)
    ]
    within = [
        (len(url), entry)
        for entry in shown
        for url in (entry.url, *entry.screen.also)
        if path == url or (url != "/" and path.startswith(url))
    ]
    if within:
        max(within, key=lambda each: each[0])[1].current = True
    return shown
