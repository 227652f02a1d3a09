"""Calendars: revised by a new version, which the promises that count by the former one follow with new versions too."""

from django.db import transaction
from django.db.models import Max

from retailops.accounts.actor import Actor, require
from retailops.events.publish import publish
from retailops.sla.access import MANAGE
from retailops.sla.events import SlaCalendarRevised
from retailops.sla.inputs import CalendarIn
from retailops.sla.models import PolicyStatus, SlaCalendar, SlaPolicy
from retailops.sla.services.drafting import copied
from retailops.sla.services.enforcing import enforce


@transaction.atomic
def revise_calendar(*, actor: Actor, calendar: CalendarIn) -> SlaCalendar:
    """Write the calendar's next version (the first, where the name is new); unchanged, the present one is returned.

    Promises in force that count by a former version get new versions that count by this one; clocks that run keep the
    hours that they were started under. Raises Denied (a calendar is for all: the permission must be for everywhere).
    """
    require(actor, MANAGE, region="", brand="")
    content = calendar.model_dump(mode="json", exclude={"name"})
    latest = SlaCalendar.objects.filter(name=calendar.name).order_by("-version").first()
    if latest is not None and all(getattr(latest, field) == value for field, value in content.items()):
        return latest
    last = SlaCalendar.objects.filter(name=calendar.name).aggregate(last=Max("version"))["last"] or 0
    made = SlaCalendar.objects.create(name=calendar.name, version=last + 1, created_by=actor.key, **content)
    followed = [_follow(actor, policy, made) for policy in _counting_by(calendar.name)]
    fact = SlaCalendarRevised(str(made.id), made.name, made.version, followed)
    publish(fact, subject=made.as_subject(), actor=actor)
    return made


def _counting_by(name: str) -> list[SlaPolicy]:
    rows = SlaPolicy.objects.filter(calendar__name=name, status=PolicyStatus.ACTIVE, effective_to=None)
    return list(rows.order_by("name", "version"))


def _follow(actor: Actor, policy: SlaPolicy, calendar: SlaCalendar) -> str:
    """Give a promise a version that counts by the new hours; return its label."""
    draft = copied(policy, policy.name, actor)
    draft.calendar = calendar
    return enforce(actor, draft, f"New hours: {calendar}").label
