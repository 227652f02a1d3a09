"""Send what is selected again: a few after one look at their verdicts, more by a plan."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import DomainError
from retailops.lib.forms import tell
from retailops.lib.htmx import done, show
from retailops.replays.models import BulkItem, BulkOperation, BulkStatus
from retailops.replays.rules import Rules
from retailops.replays.services import execute_plan, plan_replay
from retailops.replays.working import advance
from retailops.workbench.forms import ReasonForm
from retailops.workbench.plan_forms import ReplayForm, RulesForm
from retailops.workbench.selection import Selected, selected

PATIENCE_SECONDS = 4.0


class PlanForm(ReasonForm, RulesForm):
    """Why, and how it runs."""

    field_order = ("reason", "request", "canary", "rate", "stop_percent")


@login_required
@require_http_methods(["GET", "POST"])
def again(request: HttpRequest) -> HttpResponse:
    """Show what is selected with its money and verdicts and ask why; then send a few, or plan many."""
    actor = actor_of(request)
    require(actor, Permission.DELIVERIES_REPLAY)
    query = request.POST if request.method == "POST" else request.GET
    back = reverse("workbench:dead")
    try:
        chosen = selected(actor, query)
    except DomainError as refusal:
        status = 422 if request.method == "POST" else 200
        return show(request, "replays/again.html", {"back": back, "refusal": refusal.detail}, status=status)
    return ask(request, chosen, back, {"carried": chosen.hidden, "action": reverse("workbench:again")})


def ask(request: HttpRequest, chosen: Selected, back: str, about: Mapping[str, Any]) -> HttpResponse:
    """Show the selection and ask why, or send it; `about` says where the form goes (`action`) and what it carries."""
    form = _form(chosen, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and (operation := _made(actor_of(request), chosen, form)):
        return done(request, reverse("workbench:operation", args=[operation.id]), _told(operation))
    judged = chosen.judged() if chosen.direct else []
    asked_first = any(verdict is None for _, verdict in judged)
    context = {"chosen": chosen, "judged": judged, "asked_first": asked_first, "form": form, "back": back, **about}
    return show(request, "replays/again.html", context, status=422 if form.errors else 200)


def _form(chosen: Selected, given: QueryDict | None) -> forms.Form:
    if chosen.direct:
        return ReplayForm(given)
    rules = Rules()
    initial = {"canary": ", ".join(map(str, rules.canary)), "rate": rules.rate, "stop_percent": rules.stop_percent}
    return PlanForm(given, initial=initial)


def _made(actor: Actor, chosen: Selected, form: forms.Form) -> BulkOperation | None:
    rules = form.rules() if isinstance(form, RulesForm) else Rules(canary=(), as_was=_as_was(form))
    try:
        with transaction.atomic(durable=True):
            operation = plan_replay(actor, chosen.selection, form.cleaned_data["reason"], rules=rules)
    except DomainError as refusal:
        tell(form, refusal)
        return None
    return _at_once(actor, operation) if chosen.direct else operation


def _as_was(form: forms.Form) -> bool:
    return isinstance(form, ReplayForm) and form.as_was


def _at_once(actor: Actor, operation: BulkOperation) -> BulkOperation:
    """Judge a few by our own records and start them, where nobody else is needed.

    Where another system must be asked first, a worker does: no page waits for it, and the person starts the plan then.
    """
    advance(operation.id, seconds=PATIENCE_SECONDS, ask=False)
    operation.refresh_from_db()
    acting = BulkItem.objects.filter(operation=operation, acts=True).exists()
    if operation.status == BulkStatus.PLANNED and acting and not operation.needs_approval:
        with transaction.atomic(durable=True):
            operation = execute_plan(actor, operation.id, operation.hash)
    return operation


def _told(operation: BulkOperation) -> str:
    if operation.status == BulkStatus.RUNNING:
        return "Being sent; what comes of each shows here."
    if operation.status == BulkStatus.PLANNING:
        return "Other systems are asked first; then start it here."
    if operation.needs_approval:
        return "Planned. It is above the limit for one person: ask a second one."
    return "Planned: nothing is sent until you start it."
