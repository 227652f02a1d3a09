"""Exceptions: the causes, one cause, and what a person does with it as a whole."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from retailops.accounts.actor import Actor, can, require, scope_q
from retailops.accounts.permissions import Permission
from retailops.accounts.undo import sealed
from retailops.accounts.web import actor_of
from retailops.cases import services
from retailops.cases.access import access_group
from retailops.cases.bearing import GROUP
from retailops.cases.evidence import evidence_of
from retailops.cases.group_figures import NONE, figures_of, open_in_scope
from retailops.cases.mentions import see_mentions
from retailops.cases.models import Case, CaseGroup, CaseStatus, GroupNote
from retailops.cases.selectors import cases_visible_to
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.replays.models import BulkOperation, BulkResult
from retailops.workbench.delivery_list import STATES, stopped_for, to_other_systems
from retailops.workbench.exceptions.causes import causes
from retailops.workbench.exceptions.group_steps import STEPS, GroupStep, ending_of_cases, offered
from retailops.workbench.exceptions.memory import memory_of
from retailops.workbench.exceptions.reversing import group_given, group_noted
from retailops.workbench.exceptions.spark import sparks
from retailops.workbench.exceptions.upcoming import upcoming
from retailops.workbench.forms import NoteForm
from retailops.workbench.views.notes import notes_for

ITEMS = 25
# What a person may see of deliveries stands in their events: they are counted less far.
STOPPED_COUNTED = 1_000
STOPPED = STATES["dead"][1]


@login_required
@require_GET
def exceptions(request: HttpRequest) -> HttpResponse:
    """Show the causes of the query."""
    actor = actor_of(request)
    require(actor, Permission.CASES_VIEW)
    context = {"causes": causes(actor, request.GET), "may_rule": can(actor, Permission.CASES_MANAGE)}
    fragments = {"causes": "workbench/_exceptions.html"}
    return show(request, "workbench/exceptions.html", context, fragments=fragments)


@login_required
@require_GET
def group(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Show one cause: what it costs, how it was mended before, its items, what was said."""
    actor = actor_of(request)
    return show(request, "workbench/exceptions_group.html", about(actor, access_group(actor, group_id)))


def about(actor: Actor, found: CaseGroup) -> dict[str, Any]:
    """Return what the page of a cause shows."""
    visible, rows = cases_visible_to(actor).filter(group=found), open_in_scope(actor)
    works = scope_q(actor, Permission.CASES_WORK)
    open_ones = Case.objects.filter(group=found, status=CaseStatus.OPEN)
    may_work = Case.objects.filter(works, group=found).exists()
    return {
        "group": found,
        "figures": figures_of(rows, "group", [found.id]).get(found.id, NONE),
        "spark": sparks(Case.objects.filter(scope_q(actor, Permission.CASES_VIEW)), "group", [found.id])[found.id],
        "upcoming": upcoming(rows, [found]).get(found.id),
        "items": visible.filter(status=CaseStatus.OPEN).order_by("due_at", "id")[:ITEMS],
        "memory": memory_of(found, visible),
        "stopped": _stopped(actor, found),
        "stopped_counted": STOPPED_COUNTED,
        "notes": notes_for(actor, found.notes.order_by("at", "id"), may_work=may_work),
        "files": evidence_of(actor, GROUP, found.id),
        "may_work": may_work,
        "steps": offered(found, may_work, not open_ones.exclude(works).exists()),
        "note_form": NoteForm(),
    }


def _stopped(actor: Actor, found: CaseGroup) -> int:
    """Return how many stopped deliveries stand behind its cases: asked case by case, so that it ends at the limit."""
    stopped = to_other_systems(actor).filter(STOPPED, pk=OuterRef("delivery_id"))
    behind = stopped_for(found.id).filter(Exists(stopped)).order_by().distinct()
    return behind[: STOPPED_COUNTED + 1].count()


@login_required
@require_http_methods(["GET", "POST"])
def group_step(request: HttpRequest, group_id: UUID, group_step: str) -> HttpResponse:
    """Show the form of a step, or take it."""
    actor, step = actor_of(request), STEPS.get(group_step)
    if step is None:
        raise NotFound("There is no such action.")
    found = access_group(actor, group_id, Permission.CASES_WORK)
    sent = request.method == "POST"
    form = step.form(request.POST) if sent else step.form(initial=step.initial(found))
    address = reverse("workbench:group", args=[found.id])
    if sent and form.is_valid() and accepted(form, lambda: step.run(actor, found, form)):
        if form.cleaned_data.get("end_cases") and (operation := ending_of_cases(found)):
            return _ends(request, operation, address)
        return done(request, address, step.done, undo=_back(actor, found, step, address))
    context = {
        "group": found, "key": group_step, "step": step, "form": form, "reason": step.why_not(found), "back": address,
        "figures": figures_of(open_in_scope(actor), "group", [found.id]).get(found.id, NONE),
    }  # fmt: skip
    return show(request, "workbench/exceptions_step.html", context, status=422 if form.errors else 200)


def _ends(request: HttpRequest, operation: BulkOperation, address: str) -> HttpResponse:
    """Lead to the operation that ends the cases of a mended cause, unless all of them have ended."""
    failed = operation.items.exclude(result__in=["", BulkResult.DONE]).count()
    counted = "its one case" if operation.total == 1 else f"its {operation.total} cases"
    if operation.ended and not failed:
        return done(request, address, f"Mended; {counted} ended with it.")
    told = "Mended. Its cases are ended one by one; what comes of each shows here."
    return done(request, reverse("workbench:operation", args=[operation.id]), told)


def _back(actor: Actor, before: CaseGroup, step: GroupStep, address: str) -> str:
    """Return the offer to undo the step; `before` is the cause as it was."""
    if step.reverse is None:
        return ""
    return sealed(actor, address, step.reverse(before, CaseGroup.objects.get(pk=before.pk)))


@login_required
@require_POST
def group_note(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Add a note."""
    actor = actor_of(request)
    found = access_group(actor, group_id)
    form, address = NoteForm(request.POST), reverse("workbench:group", args=[found.id])
    made: list[GroupNote] = []
    if form.is_valid() and accepted(
        form, lambda: made.append(services.note_group(actor, found.id, form.cleaned_data["text"]))
    ):
        return done(request, address, "Note added.", undo=sealed(actor, address, group_noted(made[0])))
    return show(request, "workbench/exceptions_group.html", {**about(actor, found), "note_form": form}, status=422)


@login_required
@require_POST
def group_take(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Answer for the cause oneself."""
    actor = actor_of(request)
    before, address = access_group(actor, group_id), reverse("workbench:group", args=[group_id])
    with transaction.atomic(durable=True):
        services.assign_group(actor, group_id, UUID(actor.id))
    return done(request, address, "It is yours.", undo=sealed(actor, address, group_given(before, UUID(actor.id))))


@login_required
@require_POST
def mentions_seen(request: HttpRequest) -> HttpResponse:
    """Take what names the person off Today."""
    with transaction.atomic(durable=True):
        count = see_mentions(actor_of(request))
    if not count:
        raise NotFound("Nothing names you that you have not read.")
    return done(request, reverse("workbench:home"), "Marked as read.")
