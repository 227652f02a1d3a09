"""Every figure of the dashboards, by what its rows are."""

from dataclasses import replace
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from reconciliation.models import Allocation, Item, ItemType, Lane, Side, Stage
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case, CaseStatus
from retailops.events.enums import OPEN_STATUSES, DeliveryStatus, DestinationKind
from retailops.events.models import Attempt, Delivery
from retailops.lib.clock import now
from retailops.sla.models import ClockState, SlaClock
from retailops.workbench.dashboards.figures import Base, Figure, Seconds, Source
from retailops.workbench.models import ClockFlow, ClockMoney, DeliveryFlow, LateClock, ReturnTimes, Standing
from returns.models import Order

RETURNS = Source("returns", "return", connection="gateway")
DELIVERIES = Source(
    "deliveries", "delivery", "event__region", "event__brand", "event__channel", "destination__name",
    Permission.DELIVERIES_VIEW,
)  # fmt: skip
_HOURS_OF_DELIVERIES = replace(DELIVERIES, region="region", brand="brand", channel="channel")
CASES = Source("cases", "case", permission=Permission.CASES_VIEW)
CLOCKS = Source("clocks", "clock", connection="connection", promise="name")
ORDERS = Source("orders", "order", permission=Permission.ORDERS_VIEW)
LINES = Source("lines", "settlement line", connection="gateway", permission=Permission.SETTLEMENTS_VIEW)

# How a repeat is known to have been refunded already.
_SAVED_BY = ("found", "already_done", "charge_already_refunded")

REFUNDED = Base(RETURNS, ReturnTimes, "settled_at", Q(settled_at__isnull=False), kept=True, summed="settled")
ASKED = Base(RETURNS, ReturnTimes, "requested_at", summed="asked")
ENDED = Base(RETURNS, ReturnTimes, "ended_at", Q(ended_at__isnull=False), summed="ended")
OPEN = Base(RETURNS, ReturnTimes, "requested_at", Q(ended_at__isnull=True), ranged=False)
POSTED = Base(RETURNS, ReturnTimes, "posted_at", Q(erp_posting__isnull=False), kept=True)
PLACED = Base(RETURNS, ReturnTimes, "placed_at", Q(stock_sync__isnull=False), kept=True)
_OUTSIDE = ~Q(destination__kind=DestinationKind.HANDLER)
_DONE = (DeliveryStatus.DELIVERED, DeliveryStatus.DEAD)
FINISHED = Base(
    DELIVERIES, Delivery, "finished_at", Q(finished_at__isnull=False, status__in=_DONE) & _OUTSIDE, by_day=False,
    summed="ended", hours=DeliveryFlow, hours_source=_HOURS_OF_DELIVERIES,
)  # fmt: skip
SAVED = Base(
    DELIVERIES, Delivery, "finished_at",
    lambda: (
        Q(Exists(Attempt.objects.filter(delivery=OuterRef("pk"), code__in=_SAVED_BY)), finished_at__isnull=False)
        & Q(status__in=_DONE, operation="refund.create") & _OUTSIDE
    ),
    by_day=False,
)  # fmt: skip
OWED = Base(DELIVERIES, Delivery, "created_at", Q(status__in=OPEN_STATUSES) & _OUTSIDE, ranged=False)
OPENED = Base(CASES, Case, "opened_at")
RESOLVED = Base(
    CASES, Case, "resolved_at", Q(status=CaseStatus.RESOLVED),
    computed={"seconds_open": Seconds("resolved_at", "opened_at")},
)  # fmt: skip
WAITING_CASES = Base(CASES, Case, "opened_at", Q(status=CaseStatus.OPEN), ranged=False)
_OPEN_CLOCK = (ClockState.RUNNING, ClockState.PAUSED)
MET = Base(
    CLOCKS, ClockMoney, "ended_at", Q(state=ClockState.MET), by_day=False, table=SlaClock, summed="met",
    hours=ClockFlow,
)  # fmt: skip
BREACHED = Base(
    CLOCKS, ClockMoney, "breached_at", Q(breached_at__isnull=False) & ~Q(state=ClockState.CANCELED), table=SlaClock,
    narrow=LateClock,
)  # fmt: skip
OVERDUE = Base(
    CLOCKS, ClockMoney, "started_at", Q(state__in=_OPEN_CLOCK, breached_at__isnull=False), ranged=False,
    table=SlaClock, narrow=LateClock,
)  # fmt: skip
TICKING = Base(
    CLOCKS, ClockMoney, "started_at", Q(state=ClockState.RUNNING, breached_at__isnull=True), ranged=False,
    table=SlaClock,
)  # fmt: skip
CAPTURED = Base(ORDERS, Order, "captured_at", computed={"ingestion": Seconds("captured_at", "placed_at")})
REFUND_LINES = Base(LINES, Item, "occurred_at", Q(side=Side.ACTUAL, lane=Lane.PAYMENT, type=ItemType.REFUND))

# The stages of a refund, in their order: key, title, what it is, icon.
STAGES = (
    Figure(
        "to_decision", "Request to decision", "From the request until the return was authorized.", "scale",
        REFUNDED, measured="to_decision", more_is="down",
    ),
    Figure(
        "to_receipt", "Decision to receipt", "From the decision until the last of the goods arrived.", "truck",
        REFUNDED, measured="to_receipt", more_is="down",
    ),
    Figure(
        "to_inspection", "Receipt to inspection", "From the last arrival until the last verdict on the goods.",
        "clipboard-document-check", REFUNDED, measured="to_inspection", more_is="down",
    ),
    Figure(
        "to_refund", "Inspection to refund", "From the last verdict until the refund went to the gateway.",
        "paper-airplane", REFUNDED, measured="to_refund", more_is="down",
    ),
    Figure(
        "to_settlement", "Refund to settlement", "From sending the refund until the gateway confirmed the money.",
        "banknotes", REFUNDED, measured="to_settlement", more_is="down",
    ),
    Figure(
        "to_memo", "Settlement to credit memo", "From the confirmed money until the ERP had posted every credit memo.",
        "book-open", REFUNDED, measured="to_memo", more_is="down",
    ),
)  # fmt: skip
CYCLE = Figure(
    "refund_cycle", "Refund cycle time", "From the request until all money was confirmed, of returns refunded then.",
    "clock", REFUNDED, measured="cycle", more_is="down",
)  # fmt: skip
REFUNDED_MONEY = Figure(
    "refunded", "Refunded", "Returns whose money was confirmed in full in these days, with what was paid.", "banknotes",
    REFUNDED, amount="refunded",
)  # fmt: skip
UNTOUCHED = Figure(
    "untouched", "Without manual touch",
    "Refunded returns on which nobody decided, corrected or repeated anything and no case was opened. Receiving and "
    "inspecting goods is not counted as a touch.",
    "sparkles", REFUNDED, Q(touched=False), whole=Q(), more_is="up", summed="untouched",
)  # fmt: skip
COMING_IN = Figure("came_in", "Requested", "Returns asked for in these days.", "arrow-down-on-square", ASKED)
COMPLETED = Figure(
    "completed", "Return to credit", "Of the returns asked for in these days, those whose money is back in full.",
    "check-circle", ASKED, Q(settled_at__isnull=False), whole=Q(), more_is="up", summed="completed",
)  # fmt: skip
GONE_OUT = Figure(
    "went_out", "Ended", "Returns closed, declined, canceled or expired in these days.", "arrow-up-on-square", ENDED,
)  # fmt: skip
OPEN_NOW = Figure(
    "open", "Open returns", "Returns that have not ended, with the money that is owed on them and not paid. Where no "
    "refund was proposed yet, it is what the customer had paid for the units.",
    "inbox", OPEN, amount="waiting",
)  # fmt: skip


def _aged(at_least: int, below: int | None) -> Q:
    """Return the condition of an age in days, as of now."""
    told = Q(requested_at__lte=now() - timedelta(days=at_least))
    return told & Q(requested_at__gt=now() - timedelta(days=below)) if below else told


def _age(key: str, title: str, at_least: int, below: int | None) -> Figure:
    return Figure(
        key, title, f"Open returns asked for that long ago: {title.lower()}.", "calendar-days", OPEN,
        lambda: _aged(at_least, below), amount="waiting",
    )  # fmt: skip


AGES = (
    _age("age_0", "Under 1 day", 0, 1),
    _age("age_1", "1 to 3 days", 1, 3),
    _age("age_3", "3 to 7 days", 3, 7),
    _age("age_7", "7 to 14 days", 7, 14),
    _age("age_14", "14 to 30 days", 14, 30),
    _age("age_30", "30 days and more", 30, None),
)
STANDING = tuple(
    Figure(
        f"at_{value}", str(label), f"Open returns that wait for: {str(label).lower()}.", "map-pin", OPEN,
        amount="waiting", part=("standing", value),
    )
    for value, label in Standing.choices
)  # fmt: skip
ERP = Figure(
    "erp_posting", "ERP posting", "From queueing a return's first credit memo until the ERP had posted all of them.",
    "book-open", POSTED, measured="erp_posting", more_is="down",
)  # fmt: skip
STOCK_SYNC = Figure(
    "stock_sync", "Inventory sync", "From the last verdict on the goods until their owner had placed all of them.",
    "archive-box", PLACED, measured="stock_sync", more_is="down",
)  # fmt: skip
INGESTED = Figure(
    "ingestion", "Order ingestion", "From placing an order until it was captured here.", "shopping-cart",
    CAPTURED, measured="ingestion", more_is="down",
)  # fmt: skip
FIRST_TRY = Figure(
    "first_attempt", "First-attempt success", "Of the deliveries to other systems that ended in these days, delivered "
    "or stopped, those that were delivered by their first attempt.",
    "bolt", FINISHED, Q(status=DeliveryStatus.DELIVERED, attempt_no=1), whole=Q(), more_is="up", summed="at_once",
)  # fmt: skip
_BY_AMOUNT = (Stage.EXACT, Stage.WEAKER, Stage.GROUP, Stage.HAND)
POSTING_ACCURACY = Figure(
    "posting_accuracy", "Settlement posting accuracy", "Of the refunds in settlement files of these days, "
    "those that were matched with what we expected, to the cent.",
    "scale", REFUND_LINES,
    lambda: Q(
        Exists(
            Allocation.objects.filter(
                item=OuterRef("pk"), match__stage__in=_BY_AMOUNT, match__reversed_by__isnull=True
            )
        )
    ),
    whole=Q(), more_is="up",
)  # fmt: skip
DUPLICATES = Figure(
    "duplicates_stopped", "Duplicate refunds stopped", "Refunds whose sending was in doubt or repeated, and that were "
    "found to have been made already: nothing was paid twice.",
    "shield-check", SAVED, amount="amount",
)  # fmt: skip
IN_DOUBT = Figure(
    "in_doubt", "In doubt", "Sent to another system, and nobody knows yet whether it arrived. Its money stays held.",
    "question-mark-circle", OWED, Q(status=DeliveryStatus.IN_DOUBT), amount="amount", more_is="down", trouble=True,
)  # fmt: skip
STOPPED = Figure(
    "stopped", "Stopped", "Deliveries that another system refused or that ran out of tries: a person must act.",
    "exclamation-triangle", OWED, Q(status=DeliveryStatus.DEAD), amount="amount", more_is="down", trouble=True,
)  # fmt: skip
DUE = Figure(
    "overdue_sends", "Overdue to send", "Deliveries that should have gone more than a minute ago: their system is "
    "paused, broken or slow, or an earlier one holds them up.",
    "pause-circle", OWED, lambda: Q(status=DeliveryStatus.READY, next_attempt_at__lte=now() - timedelta(minutes=1)),
    amount="amount", more_is="down",
)  # fmt: skip
EXCEPTIONS = Figure(
    "exceptions", "New exceptions", "Cases opened in these days.", "inbox-stack", OPENED, more_is="down"
)
DEAD_IN = Figure(
    "dead_in", "Stopped deliveries, new", "Cases of stopped deliveries opened in these days.", "exclamation-triangle",
    OPENED, Q(delivery_id__isnull=False), more_is="down",
)  # fmt: skip
DEAD_OUT = Figure(
    "dead_out", "Stopped deliveries, settled", "Cases of stopped deliveries resolved in these days.", "check-circle",
    RESOLVED, Q(delivery_id__isnull=False), more_is="up",
)  # fmt: skip
TO_RESOLVE = Figure(
    "to_resolve", "Time to resolve", "From opening a case until it was resolved, of cases resolved then.", "clock",
    RESOLVED, measured="seconds_open", more_is="down",
)  # fmt: skip
OPEN_CASES = Figure(
    "open_cases", "Open cases", "Exceptions that a person must still resolve, with the money at risk.", "inbox-stack",
    WAITING_CASES, amount="amount",
)  # fmt: skip

REFUND_PROMISE = "refund_cycle"


def _tonight() -> Q:
    """Return the condition of clocks that run out before midnight of the person's time zone, and have not yet."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Q(due_at__lt=midnight)


KEPT = Figure(
    "promises_kept", "Promises kept", "Of the clocks that ended in these days, those in time.", "shield-check",
    MET, Q(breached_at__isnull=True), whole=Q(), more_is="up", summed="kept",
)  # fmt: skip
BREACHES = Figure(
    "breaches", "Breaches", "Clocks whose time ran out in these days, whether they ended since or not.", "fire",
    BREACHED, amount="at_stake", currency="told_in", more_is="down",
)  # fmt: skip
LATE = Figure(
    "late_now", "Late now", "Clocks that still run after their time was up, with the money that waits.",
    "exclamation-triangle",
    OVERDUE, amount="at_stake", currency="told_in", more_is="down", trouble=True,
)  # fmt: skip
TONIGHT = Figure(
    "tonight", "Breach by tonight", "Clocks in time so far that run out before midnight if nothing happens.", "moon",
    TICKING, _tonight, amount="at_stake", currency="told_in", more_is="down",
)  # fmt: skip


def _of_refunds(figure: Figure, key: str, title: str) -> Figure:
    """Return the figure narrowed to the promise of the whole refund."""
    about = f"{figure.about.removesuffix('.')}; of the refund promise alone."
    return replace(figure, key=key, title=title, about=about, part=("name", REFUND_PROMISE))


REFUND_KEPT = _of_refunds(KEPT, "refund_promise_kept", "Refund promise kept")
REFUND_BREACHES = _of_refunds(BREACHES, "refund_breaches", "Refund promise broken")
REFUND_LATE = _of_refunds(LATE, "refund_late", "Refunds late now")
REFUND_TONIGHT = _of_refunds(TONIGHT, "refund_tonight", "Refunds late by tonight")

FIGURES: dict[str, Figure] = {
    each.key: each
    for each in (
        CYCLE, *STAGES, REFUNDED_MONEY, UNTOUCHED, COMING_IN, COMPLETED, GONE_OUT, OPEN_NOW, *AGES, *STANDING, ERP,
        STOCK_SYNC, INGESTED, FIRST_TRY, DUPLICATES, IN_DOUBT, STOPPED, DUE, EXCEPTIONS, DEAD_IN, DEAD_OUT, TO_RESOLVE,
        OPEN_CASES, KEPT, BREACHES, LATE, TONIGHT, REFUND_KEPT, REFUND_BREACHES, REFUND_LATE, REFUND_TONIGHT,
        POSTING_ACCURACY,
    )
}  # fmt: skip
