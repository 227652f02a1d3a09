"""Pages of clocks and of business hours."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts import web
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import DomainError, NotFound
from retailops.lib.forms import tell
from retailops.lib.htmx import done, show
from retailops.lib.ids import parse_uuid
from retailops.lib.keyset import capped_count
from retailops.sla import services
from retailops.sla.access import MANAGE, clocks_visible_to
from retailops.sla.models import ClockState, SlaCalendar, SlaClock, SlaPolicy
from retailops.workbench.sla.forms import HoursForm
from retailops.workbench.sla.policy_views import actor_of
from retailops.workbench.sla.wording import days_told
from returns.models import Return

PAGE = 50
OPEN = Q(state=ClockState.RUNNING)
TABS: dict[str, tuple[str, Q]] = {
    "soon": ("About to breach", OPEN & Q(warned_at__isnull=False, breached_at=None)),
    "late": ("Breached, not done", OPEN & Q(breached_at__isnull=False)),
    "running": ("In time so far", OPEN & Q(breached_at=None)),
}


@dataclass(frozen=True)
class ClockPage:
    """Clocks by due time; `older` is the key of the next page, empty on the last."""

    rows: list[SlaClock]
    newer: str
    older: str


def clocks_of_tab(actor: Actor, tab: str) -> QuerySet[SlaClock]:
    """Return the clocks of one tab that the actor may see."""
    return clocks_visible_to(actor).filter(TABS[tab][1])


@login_required
@require_GET
def clock_list(request: HttpRequest) -> HttpResponse:
    """Show open clocks by due time, the nearest first."""
    actor = web.actor_of(request)
    require(actor, Permission.RETURNS_VIEW)
    current = request.GET.get("tab", "") if request.GET.get("tab") in TABS else "soon"
    rows = clocks_of_tab(actor, current)
    for name in ("name", "region", "brand", "channel"):
        if value := request.GET.get(name, "")[:64]:
            rows = rows.filter(**{name: value})
    page = _page(rows, request.GET.get("after", ""))
    context = {
        "page": page,
        "total": capped_count(rows),
        "current": current,
        "tabs": [(key, title, capped_count(clocks_of_tab(actor, key))) for key, (title, _) in TABS.items()],
    }
    return show(request, "sla/clocks.html", context, fragments={"clocks": "sla/_clocks.html"})


def _page(rows: QuerySet[SlaClock], after: str) -> ClockPage:
    moment, _, id = after.partition(",")
    if key := _key(moment, id):
        rows = rows.filter(Q(due_at=key[0], id__gt=key[1]) | Q(due_at__gt=key[0]))
    found = list(rows.select_related("policy").order_by("due_at", "id")[: PAGE + 1])
    shown = found[:PAGE]
    _number(shown)
    last = shown[-1] if len(found) > PAGE else None
    return ClockPage(shown, "", f"{last.due_at.isoformat()},{last.id}" if last and last.due_at else "")


def _key(moment: str, id: str) -> tuple[datetime, Any] | None:
    try:
        at, found = datetime.fromisoformat(moment), parse_uuid(id)
    except ValueError:
        return None
    return (at, found) if found and at.tzinfo else None


def _number(clocks: list[SlaClock]) -> None:
    """Write on each clock the number of the return of its story."""
    stories = {clock.correlation_id for clock in clocks}
    numbers = dict(Return.objects.filter(correlation_id__in=stories).values_list("correlation_id", "number"))
    for clock in clocks:
        clock.number = numbers.get(clock.correlation_id, "")  # type: ignore[attr-defined]  # what its row reads


@login_required
@require_GET
def hours_list(request: HttpRequest) -> HttpResponse:
    """Show the newest version of each calendar, and which promises count by it."""
    actor = actor_of(request)
    rows = list(SlaCalendar.objects.order_by("name", "-version").distinct("name"))
    counting = SlaPolicy.objects.filter(status="active", effective_to=None, calendar__isnull=False)
    used: dict[str, list[str]] = {}
    for name, policy, version in counting.values_list("calendar__name", "name", "version"):
        used.setdefault(name, []).append(f"{policy}@{version}")
    calendars = [(row, days_told(row), used.get(row.name, [])) for row in rows]
    may = can(actor, MANAGE, region="", brand="")
    return show(request, "sla/hours.html", {"calendars": calendars, "may_manage": may})


@login_required
@require_http_methods(["GET", "POST"])
def hours_edit(request: HttpRequest, calendar: str = "") -> HttpResponse:
    """Show the editor of a calendar (or of a new one), or write its next version."""
    actor = actor_of(request)
    require(actor, MANAGE, region="", brand="")
    present = SlaCalendar.objects.filter(name=calendar).order_by("-version").first() if calendar else None
    if calendar and present is None:
        raise NotFound("There is no such calendar.")
    form = HoursForm(request.POST or None, calendar=present)
    if request.method == "POST" and form.is_valid() and (told := form.calendar()):
        try:
            with transaction.atomic(durable=True):
                made = services.revise_calendar(actor=actor, calendar=told)
        except DomainError as refusal:
            tell(form, refusal)
        else:
            return done(
                request, reverse("sla:hours"), f"{made} is kept; promises that count by it follow in ten seconds."
            )
    context = {"form": form, "calendar": present, "back": reverse("sla:hours")}
    return show(request, "sla/hours_edit.html", context, status=422 if form.errors else 200)
