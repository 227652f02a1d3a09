"""Find by any id, and the trace of one transaction."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.htmx import show
from retailops.workbench import finding
from retailops.workbench.trace.entries import entries, fingerprint, gather
from retailops.workbench.trace.swimlane import picture
from returns.models import Order, Return
from returns.selectors import orders_visible_to, returns_visible_to, status_shown


@dataclass(frozen=True)
class Heading:
    """The order and the returns that a transaction is about, as the person may see them."""

    order: Order | None
    returns: list[Return]


@login_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Look an id up: one transaction opens at once, several are listed, none says what can be looked up."""
    actor = actor_of(request)
    require(actor, Permission.EVENTS_READ)
    text = request.GET.get("q", "").strip()
    found = finding.find(actor, text) if text else []
    transactions = {hit.correlation_id for hit in found}
    if len(transactions) == 1:
        return redirect("workbench:trace", correlation_id=transactions.pop())
    context = {"search_text": text, "found": found, "recent": [] if text else finding.recent(actor)}
    return show(request, "workbench/search.html", context)


@login_required
@require_GET
def trace(request: HttpRequest, correlation_id: UUID) -> HttpResponse:
    """Show everything that happened under one correlation id; 204 to a page that has seen it as it is (`seen`)."""
    actor = actor_of(request)
    found = entries(gather(actor, correlation_id))
    seen = fingerprint(found)
    if request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    context = {
        "correlation_id": correlation_id,
        "heading": heading(actor, correlation_id),
        "entries": found,
        "fingerprint": seen,
        "picture": picture(found),
        "began": found[0].at,
        "took": found[-1].at - found[0].at,
    }
    return show(request, "workbench/trace.html", context)


def heading(actor: Actor, correlation_id: UUID) -> Heading:
    """Return what the transaction is about."""
    order = orders_visible_to(actor).filter(correlation_id=correlation_id).first()
    found = list(returns_visible_to(actor).filter(correlation_id=correlation_id).order_by("id")[:20])
    for rma in found:
        rma.shown = status_shown(rma)  # type: ignore[attr-defined]  # what the badge reads
        rma.refund_list = list(rma.refunds.all())  # type: ignore[attr-defined]  # shown beside it
    return Heading(order, found)
