"""Notes of cases and of causes: as they are listed, and taken back by who wrote them."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from retailops.accounts.actor import Actor
from retailops.accounts.web import actor_of
from retailops.cases import services
from retailops.cases.models import CaseNote, GroupNote
from retailops.lib.htmx import done

GONE = "Taken back: its words are shown to nobody any more."


def notes_for(actor: Actor, notes: Iterable[CaseNote | GroupNote], *, may_work: bool) -> list[CaseNote | GroupNote]:
    """Return the notes; those that the person may still take back have the address for it (`take_back`)."""
    found = list(notes)
    for note in found:
        mine = may_work and services.may_take_back(actor, note)
        note.take_back = _address(note) if mine else ""  # type: ignore[union-attr]  # what the template reads
    return found


def _address(note: CaseNote | GroupNote) -> str:
    if isinstance(note, CaseNote):
        return reverse("workbench:case_note_back", args=[note.case_id, note.pk])
    return reverse("workbench:group_note_back", args=[note.group_id, note.pk])


@login_required
@require_POST
def case_note_back(request: HttpRequest, case_id: UUID, note_id: int) -> HttpResponse:
    """Take back a note on a case."""
    with transaction.atomic(durable=True):
        services.take_back_case_note(actor_of(request), case_id, note_id)
    return done(request, reverse("workbench:case", args=[case_id]), GONE)


@login_required
@require_POST
def group_note_back(request: HttpRequest, group_id: UUID, note_id: int) -> HttpResponse:
    """Take back a note on a cause."""
    with transaction.atomic(durable=True):
        services.take_back_group_note(actor_of(request), group_id, note_id)
    return done(request, reverse("workbench:group", args=[group_id]), GONE)
