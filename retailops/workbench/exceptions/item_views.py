"""Items: the list of a query, its newcomers, what the box offers, the same as CSV, and commands on several."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from retailops.accounts.actor import can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.undo import sealed
from retailops.accounts.web import actor_of
from retailops.cases import services
from retailops.cases.access import access_view
from retailops.cases.models import Case
from retailops.lib.csv_lines import csv_lines
from retailops.lib.errors import DomainError, NotFound
from retailops.lib.forms import accepted, tell
from retailops.lib.htmx import done, show
from retailops.lib.ids import parse_uuid, uuid7
from retailops.replays.models import BulkOperation, BulkResult, BulkStatus
from retailops.replays.selectors import items_of
from retailops.replays.services import AT_ONCE
from retailops.workbench.exceptions import bulk as several
from retailops.workbench.exceptions.columns import HEAD, csv_rows
from retailops.workbench.exceptions.completion import offers
from retailops.workbench.exceptions.forms import ViewForm
from retailops.workbench.exceptions.items import KEPT, items, kept, narrowed, newcomers
from retailops.workbench.exceptions.reversing import view_removed
from retailops.workbench.exceptions.sending import send_cases
from retailops.workbench.operation_list import items_with_subjects

EXPORT_LIMIT = 100_000


@login_required
@require_GET
def case_list(request: HttpRequest) -> HttpResponse:
    """Show the cases of the query."""
    actor = actor_of(request)
    require(actor, Permission.CASES_VIEW)
    context = {
        "listing": items(actor, request.GET),
        "bulk": [(key, each) for key, each in several.BULK.items() if can(actor, each.permission)],
    }
    return show(request, "workbench/cases.html", context, fragments={"cases": "workbench/_cases.html"})


@login_required
@require_GET
def case_newcomers(request: HttpRequest) -> HttpResponse:
    """Tell how many cases of the query came since the list was shown; nothing while there are none."""
    actor = actor_of(request)
    require(actor, Permission.CASES_VIEW)
    address = f"{reverse('workbench:cases')}?{kept(request.GET)}"
    context = {"count": newcomers(actor, request.GET), "address": address}
    return render(request, "workbench/_cases_new.html", context)


@login_required
@require_GET
def query_words(request: HttpRequest) -> HttpResponse:
    """Offer what may be typed next in the query box."""
    actor = actor_of(request)
    require(actor, Permission.CASES_VIEW)
    return render(request, "workbench/_cases_words.html", {"offers": offers(actor, request.GET.get("q", ""))})


@login_required
@require_GET
def case_export(request: HttpRequest) -> StreamingHttpResponse:
    """Stream the cases of the query as CSV, the newest first."""
    actor = actor_of(request)
    require(actor, Permission.CASES_VIEW)
    rows = narrowed(actor, request.GET).rows.select_related("group__owner").order_by("-pk")
    lines = csv_lines(HEAD, csv_rows(actor, rows, EXPORT_LIMIT))
    name = f"cases-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


@login_required
@require_http_methods(["GET", "POST"])
def case_bulk(request: HttpRequest, bulk: str) -> HttpResponse:
    """Ask about a command on the selected items, or run it and show what came of each."""
    actor, command = actor_of(request), several.BULK.get(bulk)
    if command is None:
        raise NotFound("There is no such action.")
    require(actor, Permission.CASES_VIEW)
    require(actor, command.permission)
    sent = request.method == "POST"
    given = request.POST if sent else request.GET
    cases = several.chosen(actor, given, command.permission)
    back = f"{reverse('workbench:cases')}?{kept(given)}"
    carried = [*cases.hidden, *((name, value) for name in KEPT for value in given.getlist(name))]
    if sent and not cases.total:
        raise NotFound("Nothing that is yours to see was selected.")
    if bulk == several.SEND:
        return send_cases(request, cases, carried, back)
    form = command.form(request.POST if sent else None)
    if sent and not cases.refusal and form.is_valid():
        before = cases.shown
        operation = _begun(request, command, cases, form)
        if operation is not None:
            return _answer(request, operation, {"command": command, "back": back}, before)
    context: dict[str, Any] = {
        "command": command, "key": bulk, "cases": cases, "form": form, "back": back, "carried": carried,
        "operation": given.get("operation") or uuid7(), "many": cases.total > AT_ONCE,
    }  # fmt: skip
    status = 409 if sent and cases.refusal else 422 if sent and form.errors else 200
    return show(request, "workbench/cases_bulk.html", context, status=status)


def _begun(
    request: HttpRequest, command: several.Bulk, cases: several.Chosen, form: forms.Form
) -> BulkOperation | None:
    try:
        id = parse_uuid(request.POST.get("operation", ""))
        return several.run(actor_of(request), command, cases, form, id)
    except DomainError as refusal:
        tell(form, refusal)
        return None


def _answer(
    request: HttpRequest, operation: BulkOperation, context: dict[str, Any], before: list[Case]
) -> HttpResponse:
    """Show what came of a few; lead to the operation while it goes on."""
    if operation.status != BulkStatus.FINISHED:
        told = f"{operation.total} are being worked one by one; what comes of each shows here."
        return done(request, reverse("workbench:operation", args=[operation.id]), told)
    rows = items_with_subjects(operation, list(items_of(operation)))
    failed = sum(1 for each in rows if each.item.result != BulkResult.DONE)
    worked = {each.item.subject_id for each in rows if each.item.result == BulkResult.DONE}
    back = several.ways_back(context["command"], before, worked)
    undo = sealed(actor_of(request), context["back"], *back)
    context |= {"operation": operation, "results": rows, "failed": failed, "undo": undo}
    return show(request, "workbench/cases_results.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def view_save(request: HttpRequest) -> HttpResponse:
    """Ask under which name a list is kept, or keep it."""
    actor = actor_of(request)
    require(actor, Permission.CASES_VIEW)
    sent = request.method == "POST"
    form = ViewForm(request.POST) if sent else ViewForm(initial={"query": kept(request.GET)})
    query = request.POST.get("query", "") if sent else kept(request.GET)
    address = f"{reverse('workbench:cases')}?{query}"
    if sent and form.is_valid() and accepted(form, lambda: services.save_view(actor, form.view())):
        return done(request, address, f"Kept as “{form.cleaned_data['name']}”.")
    context = {"form": form, "query": query, "back": address}
    return show(request, "workbench/cases_view.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def view_remove(request: HttpRequest, view_id: UUID) -> HttpResponse:
    """Give a view up."""
    actor, address = actor_of(request), reverse("workbench:cases")
    back = sealed(actor, address, view_removed(access_view(actor, view_id)))
    with transaction.atomic(durable=True):
        services.remove_view(actor, view_id)
    return done(request, address, "The view is gone; the cases are as they were.", undo=back)
