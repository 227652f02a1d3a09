"""The cells of items and causes, put together in Python: a page of fifty rows asks hundreds of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from retailops.cases.models import CaseStatus
from retailops.events.enums import DeliveryStatus
from retailops.lib.clock import now
from retailops.lib.money import Money
from retailops.workbench.exceptions.columns import Item
from retailops.workbench.exceptions.spark import BAR, HEIGHT, Spark
from retailops.workbench.templatetags.workbench import DASH, NOTHING, icon, money, status, when
from retailops.workbench.words import operation

NOBODY = format_html('<span class="faint">{}</span>', "nobody")
WAITING = (DeliveryStatus.READY, DeliveryStatus.IN_DOUBT)
# Sums beyond these are in the title of one line.
SUMS = 2


def due(moment: datetime | None) -> SafeString:
    """Return when something is due, marked where that has gone by; a dash where it never is."""
    if moment is None:
        return NOTHING
    past = moment < now()
    overdue = format_html('{}<span class="visually-hidden">{} </span>', icon("exclamation-triangle"), "overdue")
    return format_html(
        '<span class="due{}">{}<span class="phone-only">due </span>{}</span>',
        " bad" if past else "",
        overdue if past else "",
        when(moment),
    )


def sums(amounts: Sequence[Money]) -> SafeString:
    """Return money at risk, a line a currency; how many more currencies there are, and these on hover."""
    if not amounts:
        return NOTHING
    lines = "<br>".join(money(each.amount, each.currency) for each in amounts[:SUMS])
    more = amounts[SUMS:]
    if not more:
        return mark_safe(lines)  # noqa: S308  # each is safe
    told = " ".join(map(str, more))
    return format_html(
        '{}<span class="second" title="{}">and {} more {}</span>',
        mark_safe(lines),  # noqa: S308  # each is safe
        told,
        len(more),
        "currency" if len(more) == 1 else "currencies",
    )


def drawn(spark: Spark) -> SafeString:
    """Return the days of a cause as a picture that also says itself in words."""
    bars = "".join(f"M{bar.x} {bar.y}h{BAR}v{bar.height}h-{BAR}z" for bar in spark.bars)
    return format_html(
        '<svg class="spark" role="img" aria-label="{words}" width="{width}" height="{height}"'
        ' viewBox="0 0 {width} {height}"><title>{words}</title>'
        '<line class="chart-base" x1="0" x2="{width}" y1="{base}" y2="{base}"/><path d="{bars}"/></svg>',
        words=spark.words,
        width=spark.width,
        height=HEIGHT,
        base=HEIGHT - 0.5,
        bars=bars,
    )


def cells(item: Item, columns: Iterable[str]) -> SafeString:
    """Return the cells of an item in these columns (keys of COLUMNS)."""
    return mark_safe("".join(CELLS[column](item) for column in columns))  # noqa: S308  # each is safe


def _cell(css: str, content: object) -> SafeString:
    return format_html('<td class="{}">{}</td>', css, content) if css else format_html("<td>{}</td>", content)


def _linked(address: str, text: str) -> SafeString:
    return format_html('<a class="mono nowrap" href="{}">{}</a>', address, text)


def _return(item: Item) -> SafeString:
    rma = item.rma
    return _cell("", _linked(reverse("returns:detail", args=[rma.number]), rma.number) if rma else NOTHING)


def _order(item: Item) -> SafeString:
    order = item.rma.order if item.rma else None
    return _cell("", _linked(reverse("orders:detail", args=[order.id]), order.number) if order else NOTHING)


def _operation(item: Item) -> SafeString:
    return _cell("muted", operation(item.case.operation) if item.case.operation else NOTHING)


def _error(item: Item) -> SafeString:
    shown: object = Truncator(item.error).chars(90) if item.error else NOTHING
    return format_html('<td class="muted error-cell" title="{}">{}</td>', item.error, shown)


def _amount(item: Item) -> SafeString:
    return _cell("num", money(item.case.amount, item.case.currency))


def _verdict(item: Item) -> SafeString:
    return _cell("", status("verdict", item.standing) if item.standing else NOTHING)


def _attempts(item: Item) -> SafeString:
    return _cell("num", item.delivery.attempt_no if item.delivery else NOTHING)


def _retry(item: Item) -> SafeString:
    waits = item.delivery is not None and item.delivery.status in WAITING
    return _cell("muted", when(item.delivery.next_attempt_at) if item.delivery and waits else NOTHING)


def _lane(item: Item) -> SafeString:
    told = [f"{item.ahead} ahead"] if item.ahead else []
    if item.behind:
        told.append(f"{item.behind} wait{'s' if item.behind == 1 else ''} behind")
    return _cell("muted nowrap", ", ".join(told) or NOTHING)


def _channel(item: Item) -> SafeString:
    return _cell("muted", item.case.channel or DASH)


def _region(item: Item) -> SafeString:
    return _cell("muted", item.case.region or DASH)


def _owner(item: Item) -> SafeString:
    return _cell("muted", item.owner or NOBODY)


def _due(item: Item) -> SafeString:
    ended = item.case.status == CaseStatus.RESOLVED
    return _cell("nowrap", status("case", "resolved") if ended else due(item.case.due_at))


def _age(item: Item) -> SafeString:
    return _cell("muted", when(item.case.opened_at))


CELLS: Mapping[str, Callable[[Item], SafeString]] = {
    "rma": _return, "order": _order, "operation": _operation, "error": _error, "amount": _amount, "verdict": _verdict,
    "attempts": _attempts, "retry": _retry, "lane": _lane, "channel": _channel, "region": _region, "owner": _owner,
    "due": _due, "age": _age,
}  # fmt: skip
