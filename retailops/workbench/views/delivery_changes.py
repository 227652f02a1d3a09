"""What is done with a stopped delivery besides sending it as it is: edit, supersede, let pass what waits behind it."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.events.models import Delivery
from retailops.events.replay import supersede
from retailops.events.rewriting import waiting_behind, why_not_resequence
from retailops.lib.errors import DomainError
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.replays.services import ask_edit, money_in_lane, move_lane_on
from retailops.workbench.forms import ReasonForm
from retailops.workbench.plan_forms import FenceForm, MessageForm
from retailops.workbench.views.deliveries import visible

NOT_STOPPED = "It has not stopped: only a stopped delivery is changed."


def _replayable(request: HttpRequest, delivery_id: UUID) -> tuple[Actor, Delivery]:
    actor = actor_of(request)
    delivery = visible(actor, delivery_id)
    require(actor, Permission.DELIVERIES_REPLAY, region=delivery.event.region, brand=delivery.event.brand)
    return actor, delivery


@login_required
@require_http_methods(["GET", "POST"])
def delivery_supersede(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Ask why, or close a delivery because a later fact made it void."""
    actor, delivery = _replayable(request, delivery_id)
    form = ReasonForm(request.POST or None)
    given = request.method == "POST" and form.is_valid()
    if given and accepted(form, lambda: supersede(actor, delivery.id, form.cleaned_data["reason"])):
        return done(request, _address(delivery), "Superseded. It will not be sent.")
    return _shown(request, "workbench/supersede.html", delivery, form)


@login_required
@require_http_methods(["GET", "POST"])
def delivery_lane(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Ask why, or let pass what waits behind a stopped delivery; with money in the lane a second person is asked."""
    actor, delivery = _replayable(request, delivery_id)
    form = FenceForm(request.POST or None, initial={"fence": delivery.fence})

    def move() -> object:
        return move_lane_on(actor, delivery.id, form.cleaned_data["fence"], form.cleaned_data["reason"])

    money = money_in_lane(delivery)
    if request.method == "POST" and form.is_valid() and accepted(form, move):
        told = "Asked. It waits in Approvals for a second person." if money else "What waited behind it goes on."
        return done(request, _address(delivery), told)
    more = {"reason": why_not_resequence(delivery), "money_in_lane": money, "behind": list(waiting_behind(delivery))}
    return _shown(request, "workbench/lane.html", delivery, form, **more)


@login_required
@require_http_methods(["GET", "POST"])
def delivery_edit(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Show the message to be corrected, or ask a second person to agree to the corrected one."""
    actor, delivery = _replayable(request, delivery_id)
    form = MessageForm(request.POST or None, initial={"fence": delivery.fence, "message": delivery.message})
    given = request.method == "POST" and form.is_valid()
    if given and _asked(actor, delivery, form):
        return done(request, _address(delivery), "Asked. It waits in Approvals for a second person.")
    reason = "" if delivery.status == "dead" else NOT_STOPPED
    return _shown(request, "workbench/edit.html", delivery, form, reason=reason)


def _asked(actor: Actor, delivery: Delivery, form: MessageForm) -> bool:
    values = form.cleaned_data
    try:
        with transaction.atomic(durable=True):
            ask_edit(actor, delivery.id, values["message"], values["fence"], values["reason"])
    except DomainError as refusal:
        if refusal.status in (403, 404):
            raise
        for text in [f"{fault.pointer}: {fault.detail}" for fault in refusal.errors] or [refusal.detail]:
            form.add_error("message" if refusal.errors else None, text)
        return False
    return True


def _shown(request: HttpRequest, template: str, delivery: Delivery, form: forms.Form, **more: Any) -> HttpResponse:
    context = {"delivery": delivery, "form": form, "back": _address(delivery), **more}
    return show(request, template, context, status=422 if form.errors else 200)


def _address(delivery: Delivery) -> str:
    return reverse("workbench:delivery", args=[delivery.id])
