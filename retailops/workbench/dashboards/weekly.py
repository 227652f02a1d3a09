"""The weekly summary by e-mail: what a manager should know of last week, in their own scope and time zone, once."""

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import formataddr
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from retailops.accounts.actor import can
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission, Role
from retailops.lib.clock import now
from retailops.workbench.dashboards import catalog as c
from retailops.workbench.dashboards.boards import BY_CHANNEL, BY_SYSTEM
from retailops.workbench.dashboards.figures import Figure, Reading
from retailops.workbench.dashboards.parts import Groups
from retailops.workbench.dashboards.reading import read
from retailops.workbench.dashboards.scope import Scope, scope_of
from retailops.workbench.models import WeeklySummary

log = structlog.get_logger(__name__)
# Monday at seven, in each person's time zone.
MONDAY, HOUR = 0, 7
OF_THE_WEEK = (
    c.CYCLE,
    c.REFUND_KEPT,
    c.REFUND_BREACHES,
    c.COMING_IN,
    c.GONE_OUT,
    c.COMPLETED,
    c.UNTOUCHED,
    c.EXCEPTIONS,
)
AS_OF_NOW = (c.OPEN_NOW, c.REFUND_LATE, c.REFUND_TONIGHT, c.IN_DOUBT, c.STOPPED)


@dataclass(frozen=True)
class Line:
    """One figure of the summary with the address of its rows."""

    reading: Reading
    url: str


@dataclass(frozen=True)
class Summary:
    """One person's summary of the week that begins with `monday`."""

    user: User
    monday: date
    week: list[Line]
    present: list[Line]
    channels: Groups
    systems: Groups
    url: str

    @property
    def sunday(self) -> date:
        """Return the week's last day."""
        return self.monday + timedelta(days=6)

    @property
    def subject(self) -> str:
        """Return the mail's subject: what is late now, else the week."""
        late = next(line.reading.count for line in self.present if line.reading.figure is c.REFUND_LATE)
        told = f"{late:,} refund{'s' if late != 1 else ''} late now" if late else "no refund is late"
        return f"Returns {self.monday:%-d %b} to {self.sunday:%-d %b}: {told}"


def last_monday(user: User, moment: datetime | None = None) -> date:
    """Return the Monday of the last whole week, in the person's time zone."""
    today = (moment or now()).astimezone(zoneinfo.ZoneInfo(user.time_zone)).date()
    return today - timedelta(days=today.weekday() + 7)


def summary_of(user: User, monday: date) -> Summary:
    """Return the person's summary of that week. Figures of now are as of now."""
    with timezone.override(zoneinfo.ZoneInfo(user.time_zone)):
        query = {"since": f"{monday}", "until": f"{monday + timedelta(days=6)}", "compare": "1"}
        scope = scope_of(user.actor(), query)
        found = read([*OF_THE_WEEK, *AS_OF_NOW], scope)
        board = f"{settings.PUBLIC_URL}{reverse('dashboards:board', args=['overview'])}?{urlencode(query)}"
        return Summary(
            user,
            monday,
            list(_lines(OF_THE_WEEK, found, scope)),
            list(_lines(AS_OF_NOW, found, scope)),
            BY_CHANNEL.alone(scope),
            BY_SYSTEM.alone(scope),
            board,
        )


def _lines(figures: tuple[Figure, ...], found: dict[str, Reading], scope: Scope) -> Iterator[Line]:
    for figure in figures:
        yield Line(
            found[figure.key], f"{settings.PUBLIC_URL}{reverse('dashboards:rows', args=[figure.key])}?{scope.query()}"
        )


def send(summary: Summary) -> None:
    """Send it as text and HTML. Raises what the mail server says."""
    with timezone.override(zoneinfo.ZoneInfo(summary.user.time_zone)):
        context = {"summary": summary}
        text = render_to_string("dashboards/mail/weekly.txt", context)
        html = render_to_string("dashboards/mail/weekly.html", context)
    to = formataddr((summary.user.name, summary.user.email))
    mail = EmailMultiAlternatives(summary.subject, text, to=[to], headers={"Auto-Submitted": "auto-generated"})
    mail.attach_alternative(html, "text/html")
    mail.send()


def send_due(moment: datetime | None = None) -> int:
    """Send last week's summary to each manager whose Monday has come and who has none; return how many were sent.

    The row that makes it go once is written in the transaction of the sending: a mail that was refused is sent with the
    next call, and one that was taken is at worst told twice when the database is lost in between.
    """
    return sum(_tried(user, moment or now()) for user in _managers() if _is_time(user, moment or now()))


def _managers() -> Iterator[User]:
    rows = User.objects.filter(is_active=True, grants__role=Role.MANAGER).distinct().order_by("id")
    yield from (user for user in rows if can(user.actor(), Permission.DASHBOARDS_VIEW))


def _is_time(user: User, moment: datetime) -> bool:
    there = moment.astimezone(zoneinfo.ZoneInfo(user.time_zone))
    return there.weekday() == MONDAY and there.hour >= HOUR


def _tried(user: User, moment: datetime) -> bool:
    try:
        return _send_once(user, moment)
    except Exception:  # one address that is refused must not keep the others from theirs
        log.exception("weekly_summary.failed", user=user.actor_key)
        return False


@transaction.atomic
def _send_once(user: User, moment: datetime) -> bool:
    monday = last_monday(user, moment)
    _, new = WeeklySummary.objects.get_or_create(user=user, week=monday)
    if new:
        send(summary_of(user, monday))
    return new
