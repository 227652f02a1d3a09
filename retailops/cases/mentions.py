"""People named in notes: `@` and their whole name, or the part of their e-mail address before its own `@`."""

import re
from uuid import UUID

from django.db.models import Q, QuerySet

from retailops.accounts.actor import Actor, can, require, scope_q
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission
from retailops.cases.events import MentionsSeen
from retailops.cases.models import Case, CaseGroup, CaseNote, GroupNote, Mention
from retailops.events.catalog import Subject
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.joining import joins


def people_in(text: str) -> list[User]:
    """Return the active people whom the text names, by name."""
    if "@" not in text:
        return []
    people = User.objects.filter(is_active=True).prefetch_related("grants").order_by("name")
    return [person for person in people if _named(text, person.name) or _named(text, person.email.partition("@")[0])]


def _named(text: str, name: str) -> bool:
    return bool(name) and bool(re.search(rf"(?<![\w.]){re.escape('@' + name)}(?![\w@]|\.\w)", text, re.IGNORECASE))


def require_readers(people: list[User], case: Case | None = None, group: CaseGroup | None = None) -> None:
    """Raise Invalid for people who may not see what the note is on: they would be called to a closed door."""
    strangers = [str(person) for person in people if not _may_read(person.actor(), case, group)]
    if strangers:
        detail = f"{', '.join(strangers)} may not see this: name somebody who may."
        raise Invalid(detail, errors=[FieldError("/text", detail)])


def _may_read(actor: Actor, case: Case | None, group: CaseGroup | None) -> bool:
    if case is not None:
        return can(actor, Permission.CASES_VIEW, region=case.region, brand=case.brand)
    return Case.objects.filter(scope_q(actor, Permission.CASES_VIEW), group=group).exists()


def mention(people: list[User], *, case_note: CaseNote | None = None, group_note: GroupNote | None = None) -> None:
    """Keep who is named in a note just written."""
    Mention.objects.bulk_create(
        [Mention(person=person, case_note=case_note, group_note=group_note) for person in people]
    )


def mentions_of(actor: Actor) -> QuerySet[Mention]:
    """Return where notes name the person and what they have not seen yet, the newest first.

    What the person may not see any more is left out, and so are notes that were taken back.
    """
    if actor.kind != "user":
        return Mention.objects.none()
    rows = Mention.objects.filter(person_id=UUID(actor.id), seen_at__isnull=True)
    rows = rows.filter(case_note__taken_back_at=None, group_note__taken_back_at=None)
    seen = Case.objects.filter(scope_q(actor, Permission.CASES_VIEW))
    here = Q(case_note__case__in=seen) | Q(group_note__group__cases__in=seen)
    found = rows.filter(pk__in=rows.filter(here).values("pk"))
    return found.select_related("case_note__case", "group_note__group").order_by("-id")


@joins
def see_mentions(actor: Actor) -> int:
    """Mark all that name the person as seen; return how many."""
    require(actor, Permission.CASES_VIEW)
    count = mentions_of(actor).update(seen_at=now())
    if count:
        id = UUID(actor.id)
        publish(MentionsSeen(str(id), count), subject=Subject("person", id, id, str(id)), actor=actor)
    return count
