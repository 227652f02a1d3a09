"""Deliveries that did not get there, one delivery with its verdict, and its single replay."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connectors.rendering import again
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.cases.models import ApprovalStatus
from retailops.cases.services import replay_with_word
from retailops.cases.services.replays import word_on
from retailops.events.enums import DeliveryStatus
from retailops.events.models import Delivery
from retailops.events.replay import discard
from retailops.events.verdicts import SENDS, VerdictKind, verdict
from retailops.lib.errors import Conflict, Invalid, hidden
from retailops.lib.htmx import done, show
from retailops.replays.models import MessageEdit
from retailops.workbench.delivery_list import behind, delivery_listing, to_other_systems
from retailops.workbench.forms import ReasonForm
from retailops.workbench.plan_forms import ReplayForm

TROUBLED = (DeliveryStatus.DEAD, DeliveryStatus.IN_DOUBT)
TOLD = {
    True: "Sent again; what comes of it shows here.",
    False: "It was there already: marked as delivered, nothing was sent.",
}


@login_required
@require_GET
def delivery_list(request: HttpRequest) -> HttpResponse:
    """Show the deliveries of the query: stopped ones unless another state is asked for."""
    actor = actor_of(request)
    require(actor, Permission.DELIVERIES_VIEW)
    context = {"listing": delivery_listing(actor, request.GET)}
    return show(request, "workbench/deliveries.html", context, fragments={"deliveries": "workbench/_deliveries.html"})


def visible(actor: Actor, delivery_id: UUID) -> Delivery:
    """Return the delivery if the actor may see it. Raises NotFound."""
    rows = to_other_systems(actor).select_related("destination__connection")
    found = rows.filter(pk=delivery_id).first()
    if found is None:
        raise hidden()
    return found


@login_required
@require_GET
def delivery_detail(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Show one delivery: what is wrong, each attempt, the effect there. The verdict follows: it asks the remote."""
    actor = actor_of(request)
    delivery = visible(actor, delivery_id)
    troubled = delivery.status in TROUBLED
    context = {
        "delivery": delivery,
        "attempts": list(delivery.attempts.order_by("-started_at", "-attempt_no")),
        "effect": delivery.effect,
        "behind": behind(delivery),
        "troubled": troubled,
        "may_replay": troubled and _may(actor, delivery, Permission.DELIVERIES_REPLAY),
        "may_change": delivery.status == DeliveryStatus.DEAD and _may(actor, delivery, Permission.DELIVERIES_REPLAY),
        "edits": list(MessageEdit.objects.filter(delivery_id=delivery.id, applied_at__isnull=False).order_by("-id")),
        "may_discard": delivery.status == DeliveryStatus.DEAD and _may(actor, delivery, Permission.DELIVERIES_DISCARD),
    }
    return show(request, "workbench/delivery.html", context)


def _may(actor: Actor, delivery: Delivery, permission: Permission) -> bool:
    return can(actor, permission, region=delivery.event.region, brand=delivery.event.brand)


@login_required
@require_http_methods(["GET", "POST"])
def delivery_replay(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Show the verdict and ask why, or replay: send again, or mark as done what is there already."""
    actor = actor_of(request)
    delivery = visible(actor, delivery_id)
    require(actor, Permission.DELIVERIES_REPLAY, region=delivery.event.region, brand=delivery.event.brand)
    form = ReplayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            found = replay_with_word(actor=actor, delivery_id=delivery.id, reason=reason, as_was=form.as_was)
        except (Conflict, Invalid) as refusal:
            form.add_error(None, refusal.detail)
        else:
            return done(request, _address(delivery), TOLD[found.kind in SENDS])
    context = {
        "delivery": delivery, "form": form, "back": _address(delivery), "again": again([delivery]).get(delivery.id),
        **judged(visible(actor, delivery_id)),
    }  # fmt: skip
    return show(request, "workbench/replay.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def delivery_request(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Show what would be sent: as the last try rendered it, beside what the mapping in force makes of it."""
    actor = actor_of(request)
    delivery = visible(actor, delivery_id)
    context = {"delivery": delivery, "back": _address(delivery), "again": again([delivery]).get(delivery.id)}
    return show(request, "workbench/request.html", context)


def judged(delivery: Delivery) -> dict[str, Any]:
    """Return the verdict, the second person's word it counts on (asked or given), and whether it may be sent.

    Asks the other system where the ledger does not know.
    """
    word = word_on(delivery)
    given = word is not None and word.status == ApprovalStatus.APPROVED
    found = verdict(delivery, approved=given)
    refused = found.kind not in SENDS and found.kind != VerdictKind.ALREADY_DONE
    return {"verdict": found, "word": word, "word_given": given, "refused": refused}


@login_required
@require_http_methods(["GET", "POST"])
def delivery_discard(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Ask why, or give the delivery up for good."""
    actor = actor_of(request)
    delivery = visible(actor, delivery_id)
    require(actor, Permission.DELIVERIES_DISCARD, region=delivery.event.region, brand=delivery.event.brand)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                discard(actor, delivery.id, form.cleaned_data["reason"])
        except (Conflict, Invalid) as refusal:
            form.add_error(None, refusal.detail)
        else:
            return done(request, _address(delivery), "Discarded. It will not be sent.")
    context = {"delivery": delivery, "form": form, "back": _address(delivery)}
    return show(request, "workbench/discard.html", context, status=422 if form.errors else 200)


def _address(delivery: Delivery) -> str:
    return reverse("workbench:delivery", args=[delivery.id])
