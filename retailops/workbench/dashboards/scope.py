"""What a dashboard is asked about: who asks, which days, channel, region, brand and connection. All in the URL."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from urllib.parse import urlencode

from django.utils import timezone

from retailops.accounts.actor import Actor
from retailops.lib.clock import now

RANGES = {"1": "Today", "7": "7 days", "30": "30 days", "90": "90 days"}
DEFAULT_RANGE = "7"
LONGEST = timedelta(days=366)
FILTERS = ("channel", "region", "brand", "connection", "promise")
# In the URL it stands for rows that bear no value; an empty parameter narrows nothing.
NONE = "-"


@dataclass(frozen=True)
class Scope:
    """Who asks about which rows of which time: `since` ≤ time < `until`. `filters` hold exact values."""

    actor: Actor
    since: datetime
    until: datetime
    zone: tzinfo
    filters: Mapping[str, str]
    range: str = DEFAULT_RANGE
    compare: bool = False

    @property
    def first_day(self) -> date:
        """Return the first day, in the person's time zone."""
        return self.since.astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """Return the last day, in the person's time zone."""
        return (self.until - timedelta(microseconds=1)).astimezone(self.zone).date()

    @property
    def days(self) -> list[date]:
        """Return every day, the first one first."""
        return [self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1)]

    def previous(self) -> "Scope":
        """Return the period before, of the same length and as far as this one has come by now."""
        length = self.until - self.since
        so_far = min(self.until, max(now(), self.since)) - self.since
        return replace(self, since=self.since - length, until=self.since - length + so_far)

    def query(self, **changes: object) -> str:
        """Return the query string of this scope, with changes; an empty value leaves a parameter out."""
        told: dict[str, object] = {name: value or NONE for name, value in self.filters.items()}
        told |= {"compare": "1"} if self.compare else {}
        if self.range in RANGES:
            told |= {"range": self.range} if self.range != DEFAULT_RANGE else {}
        else:
            told |= {"since": self.first_day, "until": self.last_day}
        told |= changes
        if "since" in changes:
            told.pop("range", None)
        return urlencode({name: value for name, value in told.items() if value not in ("", None)})


def scope_of(actor: Actor, query: Mapping[str, str]) -> Scope:
    """Return the scope that a URL's parameters ask for; what is not understood is left out."""
    zone = timezone.get_current_timezone()
    since, until, chosen = _range(query, zone)
    filters = {
        name: "" if value == NONE else value
        for name in FILTERS
        if (value := query.get(name, "").replace("\0", "").strip()[:100])
    }
    return Scope(actor, since, until, zone, filters, chosen, bool(query.get("compare")))


def _range(query: Mapping[str, str], zone: tzinfo) -> tuple[datetime, datetime, str]:
    today = now().astimezone(zone).date()
    first, last = _date(query.get("since", "")), _date(query.get("until", ""))
    if first or last:
        first, last = first or last or today, last or today
        first, last = min(first, last), max(first, last)
        first = max(first, last - LONGEST)
        return (*_between(first, last, zone), "")
    chosen = query.get("range", "") if query.get("range") in RANGES else DEFAULT_RANGE
    return (*_between(today - timedelta(days=int(chosen) - 1), today, zone), chosen)


def _between(first: date, last: date, zone: tzinfo) -> tuple[datetime, datetime]:
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None
