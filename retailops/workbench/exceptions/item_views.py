"""Items: the list of a query, its newcomers, what the box offers, the same as CSV, and commands on several."""

from typing import Any
from uuid import UUID

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
from retailops.lib.csv_lines import csv_lines
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.workbench.exceptions import bulk as several
from retailops.workbench.exceptions.columns import HEAD, csv_rows
from retailops.workbench.exceptions.completion import offers
from retailops.workbench.exceptions.forms import ViewForm
from retailops.workbench.exceptions.items import items, kept, narrowed, newcomers
from retailops.workbench.exceptions.reversing import view_removed

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
    cases = several.chosen(actor, given.getlist("case"))
    address = f"{reverse('workbench:cases')}?{kept(given)}"
    reason, form = several.refusal(command, cases), command.form(request.POST if sent else None)
    context: dict[str, Any] = {
        "command": command, "key": bulk, "cases": cases, "form": form, "reason": reason, "back": address,
        "kept": [(name, value) for name in ("tab", "q", "sort", "cols") for value in given.getlist(name)],
    }  # fmt: skip
    if sent and not reason and form.is_valid():
        results = several.run(actor, command, cases, form)
        context["results"] = results
        context["failed"] = sum(1 for each in results if not each.done)
        context["undo"] = sealed(actor, address, *[each.undo for each in results if each.undo])
        return show(request, "workbench/cases_results.html", context)
    status = 409 if sent and reason else 422 if sent and form.errors else 200
    if sent and not cases:
        raise NotFound("Nothing that is yours to see was selected.")
    return show(request, "workbench/cases_bulk.html", context, status=status)


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
