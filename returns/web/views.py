"""Pages of returns: list, export, one return, and the forms of what may be done with it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import Conflict, DomainError, Invalid, NotFound, Unprocessable, hidden
from retailops.lib.forms import tell
from retailops.lib.htmx import done, show
from returns.access import access_refund
from returns.models import Refund, Return
from returns.selectors import returns_visible_to
from returns.services import refunds
from returns.services.previewing import preview_refund
from returns.web.actions import ACTIONS, Action
from returns.web.detail import return_page
from returns.web.forms import ActionForm, VerdictForm
from returns.web.listing import export, listing
from returns.web.second_look import SecondLook

VERDICTS: dict[str, tuple[str, Callable[..., Refund], str]] = {
    "approve": ("Approve refund", refunds.approve_refund, "Refund approved; it goes to the gateway now."),
    "deny": ("Refuse refund", refunds.deny_refund, "Refund refused; the money is free again."),
}


def by_number(actor: Actor, number: str) -> Return:
    """Return the return of that number if the actor may see it; raises NotFound."""
    rma = returns_visible_to(actor).filter(number=number).select_related("order", "customer", "policy").first()
    if rma is None:
        raise hidden()
    return rma


@login_required
@require_GET
def return_list(request: HttpRequest) -> HttpResponse:
    """Show the returns of the query; htmx gets the rows with tabs and pager."""
    actor = actor_of(request)
    require(actor, Permission.RETURNS_VIEW)
    context = {
        "listing": listing(actor, request.GET),
        "may_request": can(actor, Permission.RETURNS_REQUEST),
        "may_receive": can(actor, Permission.RETURNS_RECEIVE),
    }
    return show(request, "returns/list.html", context, fragments={"returns": "returns/_list.html"})


@login_required
@require_GET
def return_export(request: HttpRequest) -> StreamingHttpResponse:
    """Stream the narrowed list as CSV."""
    actor = actor_of(request)
    require(actor, Permission.RETURNS_VIEW)
    response = StreamingHttpResponse(export(actor, request.GET), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="returns-{timezone.localtime():%Y%m%d-%H%M}.csv"'
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_GET
def return_detail(request: HttpRequest, number: str) -> HttpResponse:
    """Show one return with its parts and what may be done now; 204 to a page that has seen it as it is (`seen`)."""
    actor = actor_of(request)
    rma = by_number(actor, number)
    detail = return_page(actor, rma)
    if request.GET.get("seen") == detail.fingerprint:
        return HttpResponse(status=204)
    return show(request, "returns/detail.html", {"detail": detail, "rma": rma})


@login_required
@require_http_methods(["GET", "POST"])
def return_action(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Show an action's form, or run its command."""
    actor, action = actor_of(request), ACTIONS.get(key)
    if action is None:
        raise NotFound("There is no such action.")
    rma = by_number(actor, number)
    require(actor, action.permission, region=rma.region, brand=rma.brand, view=Permission.RETURNS_VIEW)
    form = action.form(request.POST or None, request.FILES or None, rma=rma)
    if request.method == "POST" and form.is_valid():
        return _run(request, actor, action, rma, form)
    return _show_form(request, action, rma, form, 422 if request.method == "POST" else 200)


def _run(request: HttpRequest, actor: Actor, action: Action, rma: Return, form: ActionForm) -> HttpResponse:
    try:
        with transaction.atomic(durable=True):
            action.run(actor, rma, form.cleaned_data)
    except Conflict as conflict:
        return _stale(request, actor, rma, form, conflict)
    except DomainError as refusal:
        tell(form, refusal)
        return _show_form(request, action, rma, form, 422)
    return done(request, _address(rma), action.done)


def _stale(request: HttpRequest, actor: Actor, rma: Return, form: ActionForm, conflict: Conflict) -> HttpResponse:
    present = by_number(actor, rma.number)
    conflict.extra.setdefault("differences", form.differences(present))
    context = {"error": conflict, "again": _address(rma)}
    return show(request, "errors/refused.html", context, status=409)


def _show_form(request: HttpRequest, action: Action, rma: Return, form: ActionForm, status: int) -> HttpResponse:
    context = {"action": action, "rma": rma, "form": form, "reason": action.blocked(rma), "back": _address(rma)}
    if action.key == "refund" and not context["reason"]:
        context["previews"] = preview_refund(actor_of(request), rma.id)
    return show(request, "returns/action.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def refund_verdict(request: HttpRequest, number: str, refund_id: UUID, verdict: str) -> HttpResponse:
    """Show the form of a second person's word on a refund, or give it."""
    actor = actor_of(request)
    rma = by_number(actor, number)
    if verdict not in VERDICTS:
        raise NotFound("There is no such action.")
    title, command, message = VERDICTS[verdict]
    refund = access_refund(actor, refund_id, Permission.APPROVALS_DECIDE)
    form = VerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                seen = request.POST.get("seen", "")[:64]
                command(actor=actor, refund_id=refund.id, reason=form.cleaned_data["reason"], seen=seen)
        except (Conflict, Invalid, Unprocessable) as refusal:
            form.add_error(None, refusal.detail)
        else:
            return done(request, _address(rma), message)
    context: dict[str, Any] = {
        "title": title, "refund": refund, "rma": rma, "form": form, "verdict": verdict, "back": _address(rma),
    }  # fmt: skip
    look = SecondLook(actor, refund)
    context |= {"look": look, "blocked": look.own or (verdict == "approve" and look.why_not) or not look.waits}
    return show(request, "returns/verdict.html", context, status=422 if form.errors else 200)


def _address(rma: Return) -> str:
    return reverse("returns:detail", args=[rma.number])
