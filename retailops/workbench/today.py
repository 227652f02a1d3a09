"""What the first page shows: what needs this person, what is in trouble, and whether more goes out than comes in."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from connectors.models import Connection
from connectors.web.health import UNWELL, ConnectionHealth, health_of
from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from retailops.cases.mentions import mentions_of
from retailops.cases.models import Mention
from retailops.cases.selectors import approvals_waiting_for
from retailops.events.enums import DeliveryStatus
from retailops.events.prepared_counts import PreparedCounts
from retailops.lib.clock import now
from retailops.lib.keyset import COUNT_LIMIT
from retailops.workbench.case_list import cases_of_tab, work_counts
from retailops.workbench.delivery_list import to_other_systems
from retailops.workbench.sla.clock_views import clocks_of_tab
from returns.flow import flow_by_day
from returns.models import Return
from returns.selectors import returns_visible_to
from returns.web.filters import VIEWS

DAYS = 14
WORKLIST, MENTIONS = 6, 5
# What a person may see of deliveries stands in their events: they are counted less far.
DELIVERIES_COUNTED = 1_000
CHART_HEIGHT, BAR, GAP, DAY_WIDTH = 96, 14, 3, 44


@dataclass(frozen=True)
class Day:
    """Returns asked for and closed on one day, and where their bars stand (SVG units)."""

    day: date
    came: int
    went: int
    x: int
    came_height: int
    went_height: int

    @property
    def net(self) -> int:
        """Return how many more came than went."""
        return self.came - self.went

    @property
    def came_y(self) -> int:
        """Return where the bar of those that came begins."""
        return CHART_HEIGHT - self.came_height

    @property
    def went_x(self) -> int:
        """Return where the bar of those that went stands."""
        return self.x + BAR + GAP

    @property
    def went_y(self) -> int:
        """Return where the bar of those that went begins."""
        return CHART_HEIGHT - self.went_height


@dataclass(frozen=True)
class Throughput:
    """The last days with their sums."""

    days: list[Day]

    @property
    def came(self) -> int:
        """Return how many were asked for."""
        return sum(day.came for day in self.days)

    @property
    def went(self) -> int:
        """Return how many were closed."""
        return sum(day.went for day in self.days)

    @property
    def net(self) -> int:
        """Return how many more came than went."""
        return self.came - self.went

    @property
    def since(self) -> date:
        """Return the first day."""
        return self.days[0].day

    @property
    def width(self) -> int:
        """Return the chart's width."""
        return DAY_WIDTH * len(self.days)


def throughput(actor: Actor) -> Throughput:
    """Return requested and closed returns per day of the person's time zone, today last."""
    today = timezone.localdate()
    first = today - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    flow = flow_by_day(actor, first)
    most = max([1, *(count for day in days for count in flow.get(day, (0, 0)))])
    found = []
    for number, day in enumerate(days):
        ins, outs = flow.get(day, (0, 0))
        found.append(Day(day, ins, outs, number * DAY_WIDTH + 6, _height(ins, most), _height(outs, most)))
    return Throughput(found)


def _height(count: int, most: int) -> int:
    return max(2, round(count / most * (CHART_HEIGHT - 12))) if count else 0


@dataclass(frozen=True)
class Today:
    """Each figure leads to the rows that it counts; None where the person may not see them."""

    mine: int | None
    unassigned: int | None
    open: int | None
    overdue: int | None
    approvals: int | None
    dead: int | None
    in_doubt: int | None
    decide: int | None
    trouble: int | None
    soon: int | None
    late: int | None
    oldest: Return | None
    cases: list[object]
    mentions: list[Mention]
    systems: list[ConnectionHealth]
    flow: Throughput | None

    @property
    def deliveries_counted(self) -> int:
        """Return how far deliveries are counted."""
        return DELIVERIES_COUNTED


def today(actor: Actor) -> Today:
    """Return what the first page shows to this person; capped counts and small pages only."""
    cases = can(actor, Permission.CASES_VIEW)
    visible = returns_visible_to(actor) if can(actor, Permission.RETURNS_VIEW) else None
    counts = (work_counts(actor) if cases else {}) | _COUNTS.of(actor, now()) | _DELIVERIES.of(actor)
    return Today(
        mine=counts.get("mine"),
        unassigned=counts.get("unassigned"),
        open=counts.get("open"),
        overdue=counts.get("overdue"),
        approvals=counts.get("approvals"),
        dead=counts.get("dead"),
        in_doubt=counts.get("in_doubt"),
        decide=counts.get("decide"),
        trouble=counts.get("trouble"),
        soon=counts.get("soon"),
        late=counts.get("late"),
        oldest=visible.filter(VIEWS["open"][1]).order_by("requested_at").first() if visible is not None else None,
        cases=list(_worklist(actor)) if cases else [],
        mentions=list(mentions_of(actor)[:MENTIONS]) if cases else [],
        systems=_unwell() if can(actor, Permission.CONNECTIONS_VIEW) else [],
        flow=throughput(actor) if visible is not None else None,
    )


def _counted(actor: Actor, at: datetime) -> dict[str, QuerySet[Any]]:
    """Return what is counted beside cases, as far as the person may see it."""
    found: dict[str, QuerySet[Any]] = {}
    if can(actor, Permission.APPROVALS_DECIDE):
        found["approvals"] = approvals_waiting_for(actor, at)
    if can(actor, Permission.RETURNS_VIEW):
        found |= {key: returns_visible_to(actor).filter(VIEWS[key][1]) for key in ("decide", "trouble")}
        found |= {key: clocks_of_tab(actor, key) for key in ("soon", "late")}
    return found


def _stopped(actor: Actor) -> dict[str, QuerySet[Any]]:
    if not can(actor, Permission.DELIVERIES_VIEW):
        return {}
    states = {"dead": DeliveryStatus.DEAD, "in_doubt": DeliveryStatus.IN_DOUBT}
    return {key: to_other_systems(actor).filter(status=status) for key, status in states.items()}


_COUNTS, _DELIVERIES = PreparedCounts(_counted, COUNT_LIMIT), PreparedCounts(_stopped, DELIVERIES_COUNTED)


def _worklist(actor: Actor) -> list[object]:
    """Return the person's own cases, else those that nobody owns; the oldest first."""
    mine = list(cases_of_tab(actor, "mine").order_by("id")[:WORKLIST])
    return [*mine, *cases_of_tab(actor, "unassigned").order_by("id")[: WORKLIST - len(mine)]]


def _unwell() -> list[ConnectionHealth]:
    connections = list(Connection.objects.filter(destination__retired_at=None).select_related("destination"))
    return [one for one in health_of(connections) if one.state in UNWELL or one.queue.dead or one.queue.in_doubt]
