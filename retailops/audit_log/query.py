"""Which rows of the log are wanted, as the URL says it, and the two sources that hold them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import product

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from retailops.accounts.actor import EVERYWHERE, Actor, covers, scope_q
from retailops.accounts.models import DeniedAttempt
from retailops.audit_log.lookup import about, actors_of
from retailops.events.catalog import event_types
from retailops.events.models import Event
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.ids import uuid7_at

DENIED = "denied"
ACCESS = ("person.", "role.", "second_factor.", "api_client.", "audit.")
VIEWS = {"all": "Everything", "access": "Access changes", "denied": "Denied attempts"}
# An event gets its id and its place within moments; whoever is slower than this is still found by the exact time.
SLACK, PLACES = timedelta(minutes=1), 10_000


@dataclass(frozen=True)
class AuditQuery:
    """What is asked for: who acted, what it is about, the type of event, and from when until before when."""

    person: str = ""
    about: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None
    view: str = "all"

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "AuditQuery":
        """Return the query that the parameters spell. Raises Invalid for a time that is none."""
        view = given.get("view", "")
        return cls(
            person=plain_text(given.get("person", "")), about=plain_text(given.get("about", "")),
            action=plain_text(given.get("action", "")), since=_moment(given, "since"), until=_moment(given, "until"),
            view=view if view in VIEWS else "all",
        )  # fmt: skip

    @property
    def narrowed_view(self) -> str:
        """Return the view unless it is that of everything."""
        return "" if self.view == "all" else self.view

    def as_dict(self) -> dict[str, str]:
        """Return what was asked for, as text: for the manifest and the event of an export."""
        found = {one.name: getattr(self, one.name) for one in fields(self)} | {"view": self.narrowed_view}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items() if value
        }


def plain_text(text: str) -> str:
    """Return what can be looked for: no blanks around it, nothing that PostgreSQL cannot hold."""
    return text.replace("\x00", "").strip()[:200]


def _moment(given: Mapping[str, str], name: str) -> datetime | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        found = parse_datetime(text) or _midnight(text)
    except ValueError:
        found = None
    if found is None:
        raise Invalid(
            "The time is not understood.", errors=[FieldError(f"?{name}", "Give a date or a time (ISO 8601).")]
        )
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def _midnight(text: str) -> datetime | None:
    day = parse_date(text)
    return datetime(day.year, day.month, day.day) if day else None  # noqa: DTZ001  # made aware above


def events_of(actor: Actor, query: AuditQuery, permission: str) -> QuerySet[Event]:
    """Return the events that the query asks for, within the actor's regions and brands, in no order yet."""
    if query.view == DENIED or query.action == DENIED:
        return Event.objects.none()
    rows = Event.objects.filter(scope_q(actor, permission))
    if query.view == "access":
        rows = rows.filter(type__in=[kind.name for kind in event_types() if kind.name.startswith(ACCESS)])
    if query.action:
        rows = rows.filter(type=query.action)
    if query.person:
        rows = rows.filter(actor__in=actors_of(query.person))
    if query.about:
        rows = rows.filter(about(actor, query.about))
    return rows.filter(_between(query))


def _between(query: AuditQuery) -> Q:
    """Return the condition of time: exact by `recorded_at`, and by place in the log, which has an index."""
    wanted = Q()
    if query.since:
        first = _place(query.since - SLACK)
        wanted &= Q(recorded_at__gte=query.since) & (Q(pk__in=[]) if first is None else Q(position__gte=first - PLACES))
    if query.until:
        last = _place(query.until + SLACK)
        wanted &= Q(recorded_at__lt=query.until) & (Q() if last is None else Q(position__lte=last + PLACES))
    return wanted


def _place(moment: datetime) -> int | None:
    rows = Event.objects.filter(pk__gte=uuid7_at(moment)).order_by("pk")
    return rows.values_list("position", flat=True).first()


def _placed(actor: Actor, permission: str) -> Q:
    """Return the condition of the denied attempts that are about a place of the actor's."""
    if covers(actor, permission, [EVERYWHERE], [EVERYWHERE]):
        return ~Q(pk__in=[])
    allowed = Q(pk__in=[])
    for grant in actor.grants:
        if permission in grant.permissions:
            for region, brand in product(sorted(grant.regions), sorted(grant.brands)):
                wanted = {name: value for name, value in (("region", region), ("brand", brand)) if value != EVERYWHERE}
                allowed |= Q(places__contains=[wanted])
    return allowed


def denials_of(actor: Actor, query: AuditQuery, permission: str) -> QuerySet[DeniedAttempt]:
    """Return the denied attempts that the query asks for, of the actor's regions and brands; those of no place only for
    who may see everything."""
    if query.view == "access" or query.action not in ("", DENIED):
        return DeniedAttempt.objects.none()
    rows = DeniedAttempt.objects.filter(_placed(actor, permission))
    if query.person:
        rows = rows.filter(actor__in=actors_of(query.person))
    if query.about:
        rows = rows.filter(path__icontains=query.about)
    if query.since:
        rows = rows.filter(at__gte=query.since)
    return rows.filter(at__lt=query.until) if query.until else rows
