"""The screens that exist, who may open them, and the queues whose counts stand beside them."""

from dataclasses import dataclass, field

from django.urls import reverse

from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission


@dataclass(frozen=True)
class Screen:
    """One entry of the navigation: its view name, its "g" key and the permission that opens it."""

    key: str
    label: str
    view: str
    go: str
    icon: str
    permission: Permission | None = None


SCREENS = (
    Screen("home", "Today", "workbench:home", "h", "home"),
    Screen("cases", "Cases", "workbench:cases", "e", "inbox-stack", Permission.CASES_VIEW),
    Screen("approvals", "Approvals", "workbench:approvals", "a", "hand-raised", Permission.APPROVALS_DECIDE),
    Screen("dead", "Deliveries", "workbench:dead", "d", "paper-airplane", Permission.DELIVERIES_VIEW),
    Screen("returns", "Returns", "returns:list", "r", "arrow-uturn-left", Permission.RETURNS_VIEW),
    Screen("policies", "Policies", "policies:list", "p", "scale", Permission.POLICIES_VIEW),
    Screen("stock", "Stock", "stock:overview", "s", "archive-box", Permission.INVENTORY_VIEW),
    Screen("claims", "Claims", "claims:list", "l", "receipt-refund", Permission.CLAIMS_VIEW),
    Screen("fraud", "Fraud", "fraud:list", "f", "shield-exclamation", Permission.FRAUD_VIEW),
    Screen("stored", "Stored value", "stored:list", "v", "gift", Permission.STORED_VALUE_VIEW),
    Screen("customers", "Customers", "customers:list", "u", "users", Permission.CUSTOMERS_VIEW),
    Screen("discrepancies", "Discrepancies", "discrepancies:list", "x", "scale", Permission.DISCREPANCIES_VIEW),
    Screen("trace", "Trace", "workbench:search", "t", "queue-list", Permission.EVENTS_READ),
    Screen("connections", "Connections", "connections:list", "c", "link", Permission.CONNECTIONS_VIEW),
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

    def __getattr__(self, name: str) -> str:
        """Read label, key, go and icon from the screen."""
        return str(getattr(self.screen, name))


def entries(actor: Actor, path: str) -> list[Entry]:
    """Return the screens that the actor may open; the one that the path is within is current."""
    shown = [
        Entry(screen, reverse(screen.view), current=False)
        for screen in SCREENS
        if screen.permission is None or can(actor, screen.permission)
    ]
    within = [entry for entry in shown if path == entry.url or (entry.url != "/" and path.startswith(entry.url))]
    if within:
        max(within, key=lambda entry: len(entry.url)).current = True
    return shown
