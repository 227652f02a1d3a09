"""Dialogs of the steps of an exchange: hold its goods, record its payment, release, ship, convert, cancel it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from retailops.accounts.actor import require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from returns.access import access_exchange
from returns.web.exchanges import STEPS
from returns.web.views import by_number


@login_required
@require_http_methods(["GET", "POST"])
def exchange_step(request: HttpRequest, number: str, exchange_id: UUID, step: str) -> HttpResponse:
    """Show the form of a step, or run its command. A stale or second click is refused by the command itself."""
    actor = actor_of(request)
    rma = by_number(actor, number)
    wanted = STEPS.get(step)
    if wanted is None:
        raise NotFound("There is no such action.")
    exchange = access_exchange(actor, exchange_id)
    if exchange.rma_id != rma.id:
        raise NotFound("The return has no such exchange.")
    require(actor, wanted.permission, region=rma.region, brand=rma.brand, view=Permission.RETURNS_VIEW)
    form = wanted.form(request.POST if request.method == "POST" else None, exchange=exchange)
    back = reverse("returns:detail", args=[rma.number])
    asked = request.method == "POST" and form.is_valid()
    if asked and accepted(form, lambda: wanted.run(actor, exchange, form.cleaned_data)):
        return done(request, back, wanted.done)
    context = {
        "step": wanted, "exchange": exchange, "rma": rma, "form": form, "back": back,
        "lines": exchange.lines.select_related("line").order_by("id"), "reason": wanted.blocked(exchange),
    }  # fmt: skip
    return show(request, "returns/exchange_step.html", context, status=422 if form.errors else 200)
