"""The boards: which figures each role sees, in the order in which it asks, and how they are laid out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Role
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards.parts import (
    PROMISES,
    Part,
    days,
    groups,
    quarantine,
    read_parts,
    table,
    tiles,
)
from retailops.workbench.dashboards.scope import Scope


@dataclass(frozen=True)
class Board:
    """One board: its name in the URL, its title, whom it is for, and its parts from the top."""

    key: str
    title: str
    about: str
    parts: Sequence[Part]
    roles: frozenset[str] = field(default_factory=frozenset)

    @property
    def url(self) -> str:
        """Return its address."""
        return reverse("dashboards:board", args=[self.key])


_CYCLE_ABOUT = (
    "Exact percentiles of the returns refunded in these days. A stage counts the returns that passed it in this order."
)
STAGE_TABLE = table("Where the time goes", _CYCLE_ABOUT, c.STAGES)
BY_CHANNEL = groups(
    "Refunds by channel", "The promise, then what 95 of 100 refunds took at most. The longest stage is marked.",
    "Channel", "channel", "channel", (c.REFUND_LATE, c.REFUND_BREACHES, c.REFUND_TONIGHT, c.CYCLE, *c.STAGES),
)  # fmt: skip
BY_SYSTEM = groups(
    "Which system holds returns up", "What is owed to each system now, with the money that waits on it.", "System",
    "destination__name", "connection", (c.STOPPED, c.IN_DOUBT, c.DUE),
)  # fmt: skip
STANDING = table(
    "Where open returns stand",
    "What each waits for now, with the money that is owed and not paid.",
    c.STANDING,
    "counts",
)
AGES = table("Open returns by age", "Since they were asked for.", c.AGES, "counts")
THROUGHPUT = days("In and out", "Returns asked for and ended, by day.", (c.COMING_IN, c.GONE_OUT), net=True)
CYCLE_DAYS = days(
    "Refund cycle by day", "Half, and 95 of 100, were quicker than this.", (c.CYCLE,), shape="line", unit="seconds"
)
DEAD_DAYS = days("Stopped deliveries", "New cases and settled ones, by day.", (c.DEAD_IN, c.DEAD_OUT), net=True)
EXCEPTIONS_BY_CHANNEL = groups(
    "Exceptions by channel", "Cases opened in these days.", "Channel", "channel", "channel", (c.EXCEPTIONS,)
)

BOARDS: dict[str, Board] = {
    board.key: board
    for board in (
        Board(
            "overview", "Overview", "Is the refund promise kept, where is it lost, and what does it cost?",
            (
                tiles(c.CYCLE, c.REFUND_KEPT, c.REFUND_LATE, c.REFUND_TONIGHT, c.OPEN_NOW, c.IN_DOUBT),
                BY_CHANNEL, STANDING, STAGE_TABLE, BY_SYSTEM, CYCLE_DAYS, THROUGHPUT, PROMISES,
                tiles(c.COMPLETED, c.UNTOUCHED, c.DUPLICATES),
            ),
            frozenset({Role.MANAGER, Role.ADMINISTRATOR, Role.AUDITOR, Role.OPS_LEAD}),
        ),
        Board(
            "finance", "Finance", "What was paid, what waits, what is not certain, and do the books follow?",
            (
                tiles(c.REFUNDED_MONEY, c.OPEN_NOW, c.IN_DOUBT, c.STOPPED, c.DUPLICATES, c.COMPLETED),
                table("From refund to books", _CYCLE_ABOUT, (c.STAGES[4], c.STAGES[5])),
                table("ERP posting", "Credit memos posted in these days.", (c.ERP,)),
                tiles(c.POSTING_ACCURACY),
                AGES, BY_SYSTEM,
            ),
            frozenset({Role.FINANCE_APPROVER}),
        ),
        Board(
            "service", "Customer service", "Who waits for us, for how long, and what goes wrong where?",
            (
                tiles(c.CYCLE, c.STAGES[0], c.REFUND_LATE, c.REFUND_TONIGHT, c.OPEN_CASES, c.TO_RESOLVE),
                AGES, STANDING, EXCEPTIONS_BY_CHANNEL, THROUGHPUT,
            ),
            frozenset({Role.OPS_AGENT}),
        ),
        Board(
            "warehouse", "Warehouse", "What is coming, what waits to be inspected, and what is not placed?",
            (
                tiles(
                    c.FIGURES["at_receipt"], c.FIGURES["at_inspection"], c.FIGURES["at_stock"], c.STAGES[2],
                    c.STOCK_SYNC,
                ),
                table("Goods", _CYCLE_ABOUT, (c.STAGES[1], c.STAGES[2])),
                table("Inventory sync", "Returns whose goods were placed in these days.", (c.STOCK_SYNC,)),
                Part(quarantine), THROUGHPUT,
            ),
        ),
        Board(
            "integration", "Integration", "Do the systems take what they are sent at the first try, and who is behind?",
            (
                tiles(c.FIRST_TRY, c.STOPPED, c.IN_DOUBT, c.DUE, c.DUPLICATES, c.INGESTED),
                BY_SYSTEM, DEAD_DAYS,
                table(
                    "Latencies", "Exact percentiles of what ended in these days.",
                    (c.INGESTED, c.ERP, c.STOCK_SYNC, c.TO_RESOLVE),
                ),
                PROMISES,
            ),
            frozenset({Role.CONNECTOR_ADMIN}),
        ),
    )
}  # fmt: skip


def parts_of(board: Board, scope: Scope) -> list[Any]:
    """Return the board's parts, read together."""
    return read_parts(board.parts, scope)


def board_for(actor: Actor) -> Board:
    """Return the board that the actor's role looks at first."""
    return next((board for board in BOARDS.values() if board.roles & actor.roles), BOARDS["overview"])
