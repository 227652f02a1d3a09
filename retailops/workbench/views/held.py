"""The verdict on one delivery; and sending it again without a question where that is safe, in some seconds."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from connectors.rendering import Again, again
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.accounts.undo import Step, sealed, undoes
from retailops.accounts.web import actor_of
from retailops.events.held import HELD_SECONDS, kinds_unasked, replay_held, take_back_replay
from retailops.events.models import Delivery
from retailops.events.verdicts import Verdict
from retailops.lib.errors import Conflict, Invalid
from retailops.lib.htmx import done, show
from retailops.workbench.plan_forms import ReplayForm
from retailops.workbench.views.deliveries import judged, visible

OTHERWISE = "The mapping has changed since its last try: look at both requests first."


@login_required
@require_GET
def delivery_verdict(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Say what sending it again would mean; asks the other system where the ledger does not know."""
    actor, delivery = actor_of(request), visible(actor_of(request), delivery_id)
    require(actor, Permission.DELIVERIES_REPLAY, region=delivery.event.region, brand=delivery.event.brand)
    found = judged(delivery)
    context = {"delivery": delivery, "back": reverse("workbench:delivery", args=[delivery.id]), **found}
    context["unasked"] = unasked(delivery, found["verdict"]) and not found["word_given"]
    return show(request, "workbench/verdict.html", context, fragments={"verdict": "workbench/_verdict.html"})


@login_required
@require_POST
def delivery_send(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Send it again in some seconds if that needs no question; else show the dialog, with what stands against it."""
    actor, delivery = actor_of(request), visible(actor_of(request), delivery_id)
    require(actor, Permission.DELIVERIES_REPLAY, region=delivery.event.region, brand=delivery.event.brand)
    address = reverse("workbench:delivery", args=[delivery.id])
    try:
        held = _held(actor, delivery, request.POST.get("fence", ""))
    except (Conflict, Invalid) as refusal:
        return _asked(request, delivery, address, refusal.detail)
    back = sealed(actor, address, _back(held))
    return done(request, address, f"It goes out in {HELD_SECONDS} seconds.", undo=back, undo_seconds=HELD_SECONDS)


def unasked(delivery: Delivery, found: Verdict) -> bool:
    """Tell whether it goes out without a question under this verdict, with a request that a person need not see."""
    return found.kind in kinds_unasked(delivery) and not _otherwise(again([delivery]).get(delivery.id))


def _held(actor: Actor, delivery: Delivery, fence: str) -> Delivery:
    if _otherwise(again([delivery]).get(delivery.id)):
        raise Conflict(OTHERWISE)
    if not fence.isdecimal():
        raise Invalid("Open the delivery again: this button is of another page.")
    return replay_held(actor, delivery.id, fence=int(fence))


def _otherwise(found: Again | None) -> bool:
    return found is not None and found.was != found.present


def _asked(request: HttpRequest, delivery: Delivery, address: str, refusal: str) -> HttpResponse:
    delivery = visible(actor_of(request), delivery.id)
    context = {
        "delivery": delivery, "form": ReplayForm(), "back": address, "again": again([delivery]).get(delivery.id),
        "refusal": refusal, **judged(delivery),
    }  # fmt: skip
    return show(request, "workbench/replay.html", context, status=409)


def _back(held: Delivery) -> Step:
    """Return what stops a delivery again that goes out in some seconds."""
    return Step("delivery.hold_back", {"delivery": str(held.id), "fence": held.fence})


@undoes("delivery.hold_back")
def _hold_back(actor: Actor, given: Mapping[str, Any]) -> None:
    take_back_replay(actor, UUID(given["delivery"]), fence=given["fence"])
