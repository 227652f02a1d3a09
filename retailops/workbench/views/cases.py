"""One case, and what a person does with it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.undo import sealed
from retailops.accounts.web import actor_of
from retailops.cases import services
from retailops.cases.access import access_case
from retailops.cases.actions import next_actions
from retailops.cases.evidence import evidence_of
from retailops.cases.models import Case, CaseNote
from retailops.lib.clock import now
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.workbench.case_list import cases_of_tab
from retailops.workbench.exceptions.reversing import case_given, case_noted
from retailops.workbench.forms import AssignForm, NoteForm, ResolveForm
from retailops.workbench.views.notes import notes_for
from returns.selectors import returns_visible_to


@login_required
@require_GET
def case_detail(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Show one case: cause, money, what it is about, what was said, what to do next."""
    actor = actor_of(request)
    return show(request, "workbench/case.html", _about(actor, access_case(actor, case_id)))


def _about(actor: Actor, case: Case) -> dict[str, object]:
    may_work = can(actor, Permission.CASES_WORK, region=case.region or None, brand=case.brand or None)
    return {
        "case": case,
        "files": evidence_of(actor, "case", case.id),
        "notes": notes_for(actor, case.notes.order_by("at", "id"), may_work=may_work),
        "rma": returns_visible_to(actor).filter(correlation_id=case.correlation_id).order_by("id").first(),
        "may_work": may_work,
        "actions": next_actions(actor, case),
        "put_off": case.snoozed_until is not None and case.snoozed_until > now(),
        "mine": str(case.owner_id) == actor.id,
        "alike": case.group.cases.filter(status=case.status).exclude(pk=case.pk).count() if case.group_id else 0,
        "next_one": _next_one(actor, case),
        "note_form": NoteForm(),
    }


def _next_one(actor: Actor, case: Case) -> Case | None:
    """Return the next open case of the same cause, the older ones first; after the last the first again."""
    rows = cases_of_tab(actor).filter(group=case.group_id).exclude(pk=case.pk).order_by("pk")
    return rows.filter(pk__gt=case.pk).first() or rows.first()


@login_required
@require_POST
def case_note(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Add a note."""
    actor = actor_of(request)
    case = access_case(actor, case_id)
    form = NoteForm(request.POST)
    made: list[CaseNote] = []
    if form.is_valid() and accepted(
        form, lambda: made.append(services.note_case(actor, case.id, form.cleaned_data["text"]))
    ):
        return done(request, _address(case), "Note added.", undo=sealed(actor, _address(case), case_noted(made[0])))
    return show(request, "workbench/case.html", {**_about(actor, case), "note_form": form}, status=422)


@login_required
@require_POST
def case_take(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Make the case one's own."""
    actor = actor_of(request)
    case = access_case(actor, case_id)
    back = sealed(actor, _address(case), case_given(case, UUID(actor.id)))
    with transaction.atomic(durable=True):
        services.assign_case(actor, case.id, UUID(actor.id))
    return done(request, _address(case), "The case is yours.", undo=back)


@login_required
@require_http_methods(["GET", "POST"])
def case_assign(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Ask who works it, or assign it."""
    actor = actor_of(request)
    case = access_case(actor, case_id)
    require(actor, Permission.CASES_WORK, region=case.region or None, brand=case.brand or None)
    form = AssignForm(request.POST or None, initial={"owner": case.owner_id})
    if request.method == "POST" and form.is_valid():
        owner = form.cleaned_data["owner"]
        back = sealed(actor, _address(case), case_given(case, owner.id if owner else None))
        with transaction.atomic(durable=True):
            services.assign_case(actor, case.id, owner.id if owner else None)
        return done(request, _address(case), f"Assigned to {owner}." if owner else "Nobody owns it now.", undo=back)
    context = {"case": case, "form": form, "back": _address(case)}
    return show(request, "workbench/assign.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def case_resolve(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Ask how it ended, or end it."""
    actor = actor_of(request)
    case = access_case(actor, case_id)
    require(actor, Permission.CASES_WORK, region=case.region or None, brand=case.brand or None)
    form = ResolveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        evidence = {"reference": form.cleaned_data["evidence"]}
        with transaction.atomic(durable=True):
            services.resolve_case(actor, case.id, form.cleaned_data["reason"], evidence)
        return done(request, _address(case), "Case resolved.")
    context = {"case": case, "form": form, "back": _address(case)}
    return show(request, "workbench/resolve.html", context, status=422 if form.errors else 200)


def _address(case: Case) -> str:
    return reverse("workbench:case", args=[case.id])
