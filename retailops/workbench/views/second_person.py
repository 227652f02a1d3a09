"""Approvals: what waits for a second person, and the asking and answering for one repeated delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from inventory.models import StateMapChange, StockAdjustment
from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.cases import services
from retailops.cases.access import access_approval
from retailops.cases.models import Approval
from retailops.cases.selectors import approvals_waiting_for
from retailops.cases.services.replays import REPLAY_KIND
from retailops.events.verdicts import SENDS
from retailops.lib.errors import Conflict, DomainError, Invalid, hidden
from retailops.lib.htmx import done, show
from retailops.replays.access import operations_visible_to
from retailops.replays.messages import Change, changes_of
from retailops.replays.models import MessageEdit
from retailops.replays.services import EDIT_KIND, LANE_KIND, PLAN_KIND, edit_approved, lane_approved
from retailops.workbench.delivery_list import to_other_systems
from retailops.workbench.forms import ReasonForm
from retailops.workbench.views.deliveries import TROUBLED, visible
from returns.access import access_refund, policies_visible_to
from returns.claim_access import claims_visible_to
from returns.limits import limit_matrix
from returns.selectors import refunds_visible_to, stored_accounts_visible_to
from returns.web.second_look import SecondLook

LIMIT = 100
VERDICTS = ("approve", "refuse")
# What a second person agrees to about one delivery, in words.
ABOUT = {REPLAY_KIND: "sending again", EDIT_KIND: "the change of its message", LANE_KIND: "letting pass"}


Subjects = dict[UUID, Any]


def _sources(actor: Actor, ids: Sequence[UUID]) -> dict[str, Subjects]:
    """Return what approvals are about, as far as the person may see it, by the name that its template has."""
    return {
        "refund": refunds_visible_to(actor).select_related("rma").in_bulk(ids),
        "delivery": to_other_systems(actor).select_related("destination__connection").in_bulk(ids),
        "policy": _policies(actor, ids),
        "state_map": StateMapChange.objects.in_bulk(ids),
        "adjustment": StockAdjustment.objects.select_related("location").in_bulk(ids),
        "claim": claims_visible_to(actor).in_bulk(ids),
        "gift": stored_accounts_visible_to(actor).in_bulk(ids),
        "plan": operations_visible_to(actor).in_bulk(ids),
    }


def _policies(actor: Actor, ids: Sequence[UUID]) -> Subjects:
    """Return those that the person may agree to: policies are decided by who manages them."""
    return {
        id: policy
        for id, policy in policies_visible_to(actor).in_bulk(ids).items()
        if can(actor, Permission.POLICIES_MANAGE, region=policy.region, brand=policy.brand)
    }


@dataclass(frozen=True)
class Waiting:
    """One approval that waits, with what it is about (by that thing's name) as far as the person may see it."""

    approval: Approval
    subject: dict[str, Any]

    @property
    def template(self) -> str:
        """Return the template that shows the subject and offers the decision; "" where it is not for this page."""
        return "".join(f"workbench/approvals/_{name}.html" for name in self.subject)

    def __getattr__(self, name: str) -> Any:
        """Return the subject by its name; None where it is another thing."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.subject.get(name)

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


@login_required
@require_GET
def limits(request: HttpRequest) -> HttpResponse:
    """Show who may approve what, where."""
    actor = actor_of(request)
    require(actor, Permission.APPROVALS_DECIDE)
    return show(request, "workbench/limits.html", {"rows": limit_matrix(actor)})


@login_required
@require_GET
def approval(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Show all that a second person needs to decide, or what was decided."""
    actor = actor_of(request)
    found = access_approval(actor, approval_id)
    if found.kind in ABOUT:
        return redirect("workbench:delivery", found.subject_id)
    if found.kind == PLAN_KIND:
        return redirect("workbench:operation", found.subject_id)
    refund = access_refund(actor, found.subject_id)
    refund.approval = found
    return show(request, "workbench/approval.html", {"look": SecondLook(actor, refund)})


def _waiting(actor: Actor) -> list[Waiting]:
    approvals = list(approvals_waiting_for(actor)[:LIMIT])
    sources = _sources(actor, [each.subject_id for each in approvals])
    return [Waiting(each, _subject(sources, each.subject_id)) for each in approvals]


def _subject(sources: Mapping[str, Subjects], id: UUID) -> dict[str, Any]:
    return {name: found[id] for name, found in sources.items() if id in found}


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
    if approval.kind not in ABOUT or verdict not in VERDICTS:
        raise hidden()
    delivery = visible(actor, approval.subject_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _decide(request, actor, approval, verdict, form.cleaned_data["reason"])
        except (Conflict, Invalid) as refusal:
            form.add_error(None, refusal.detail)
    context = {
        "approval": approval, "delivery": delivery, "verdict": verdict, "form": form, "changes": _changes(approval),
        "title": f"{verdict.capitalize()} {ABOUT[approval.kind]}",
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
        told = _do(approval)
    except DomainError as refusal:
        undone = "it was not moved" if approval.kind == LANE_KIND else "it was not sent"
        return done(request, where, f"Approved, but {undone}: {refusal.detail}", messages.WARNING)
    return done(request, where, f"Approved; {told}.")


def _do(approval: Approval) -> str:
    """Do what was just agreed to, in the name of who asked; return what happened, in words."""
    if approval.kind == LANE_KIND:
        lane_approved(approval.id)
        return "what waited behind it goes on"
    found = edit_approved(approval.id) if approval.kind == EDIT_KIND else services.replay_approved(approval.id)
    return "sent again" if found.kind in SENDS else "it was there already, so nothing was sent"


def _changes(approval: Approval) -> list[Change]:
    """Return what an edit changes in its message, for whoever decides it."""
    edit = MessageEdit.objects.filter(approval_id=approval.id).first() if approval.kind == EDIT_KIND else None
    return changes_of(edit.before, edit.after) if edit else []
