"""Approvals: what waits for a second person, and the asking and answering for one repeated delivery."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.cases import services
from retailops.cases.access import access_approval
from retailops.cases.models import Approval
from retailops.cases.selectors import approvals_waiting_for
from retailops.cases.services.replays import REPLAY_KIND
from retailops.events.models import Delivery
from retailops.events.verdicts import SENDS
from retailops.lib.errors import Conflict, DomainError, Invalid, NotFound
from retailops.lib.htmx import done, show
from retailops.workbench.delivery_list import to_other_systems
from retailops.workbench.forms import ReasonForm
from retailops.workbench.views.deliveries import TROUBLED, visible
from retailops.workbench.views.people import actor_of
from returns.access import policies_visible_to
from returns.models import Refund, ReturnPolicy
from returns.selectors import refunds_visible_to

LIMIT = 100
TITLES = {"approve": "Approve sending again", "refuse": "Refuse sending again"}


@dataclass(frozen=True)
class Waiting:
    """One approval that waits, with what it is about as far as the person may see it."""

    approval: Approval
    refund: Refund | None
    delivery: Delivery | None
    policy: ReturnPolicy | None = None

    @property
    def beyond(self) -> str:
        """Return the rules that are broken, where the reason does not say them already."""
        rules = "; ".join(self.approval.asked.get("rules", ()))
        return "" if rules == self.approval.reason else rules

    @property
    def permitted(self) -> int | None:
        """Return what policy permits, in minor units, where another amount is asked for."""
        permitted = self.approval.asked.get("permitted")
        return permitted if isinstance(permitted, int) and permitted != self.approval.amount else None


@login_required
@require_GET
def approval_list(request: HttpRequest) -> HttpResponse:
    """Show what waits for this person's word, the soonest to expire first."""
    actor = actor_of(request)
    require(actor, Permission.APPROVALS_DECIDE)
    return show(request, "workbench/approvals.html", {"rows": _waiting(actor)})


def _waiting(actor: Actor) -> list[Waiting]:
    approvals = list(approvals_waiting_for(actor)[:LIMIT])
    subjects = [each.subject_id for each in approvals]
    refunds = refunds_visible_to(actor).select_related("rma").in_bulk(subjects)
    deliveries = to_other_systems(actor).select_related("destination__connection").in_bulk(subjects)
    policies = {
        id: policy
        for id, policy in policies_visible_to(actor).in_bulk(subjects).items()
        if can(actor, Permission.POLICIES_MANAGE, region=policy.region, brand=policy.brand)
    }
    return [
        Waiting(each, refunds.get(each.subject_id), deliveries.get(each.subject_id), policies.get(each.subject_id))
        for each in approvals
    ]


@login_required
@require_http_methods(["GET", "POST"])
def ask_replay(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Ask why a second person should agree to a repetition, or ask that person."""
    actor = actor_of(request)
    delivery = visible(actor, delivery_id)
    require(actor, Permission.DELIVERIES_REPLAY, region=delivery.event.region, brand=delivery.event.brand)
    form = ReasonForm(request.POST or None)
    back = reverse("workbench:delivery", args=[delivery.id])
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                services.ask_replay(actor=actor, delivery_id=delivery.id, reason=form.cleaned_data["reason"])
        except (Conflict, Invalid) as refusal:
            form.add_error(None, refusal.detail)
        else:
            return done(request, back, "Asked. It waits in Approvals for a second person.")
    reason = "" if delivery.status in TROUBLED else "It is neither stopped nor in doubt: nothing is to be sent again."
    context = {"delivery": delivery, "form": form, "back": back, "reason": reason}
    return show(request, "workbench/ask_replay.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def approval_verdict(request: HttpRequest, approval_id: UUID, verdict: str) -> HttpResponse:
    """Show the form of a second person's word on a repetition, or give it; agreed, it is sent at once if still safe."""
    actor = actor_of(request)
    approval = access_approval(actor, approval_id, Permission.APPROVALS_DECIDE)
    if approval.kind != REPLAY_KIND or verdict not in TITLES:
        raise NotFound("There is no such approval.")
    delivery = visible(actor, approval.subject_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _decide(request, actor, approval, verdict, form.cleaned_data["reason"])
        except (Conflict, Invalid) as refusal:
            form.add_error(None, refusal.detail)
    context = {
        "approval": approval, "delivery": delivery, "verdict": verdict, "title": TITLES[verdict], "form": form,
        "own": approval.requested_by == actor.key, "back": reverse("workbench:approvals"),
    }  # fmt: skip
    return show(request, "workbench/approval_verdict.html", context, status=422 if form.errors else 200)


def _decide(request: HttpRequest, actor: Actor, approval: Approval, verdict: str, reason: str) -> HttpResponse:
    where = reverse("workbench:approvals")
    if verdict == "refuse":
        with transaction.atomic(durable=True):
            services.refuse(actor, approval.id, reason)
        return done(request, where, "Refused; nothing is sent.")
    with transaction.atomic(durable=True):
        services.approve(actor, approval.id, reason)
    try:
        found = services.replay_approved(approval.id)
    except DomainError as refusal:
        return done(request, where, f"Approved, but it was not sent: {refusal.detail}", messages.WARNING)
    sent = "sent again" if found.kind in SENDS else "it was there already, so nothing was sent"
    return done(request, where, f"Approved; {sent}.")
