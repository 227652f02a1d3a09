"""Pages of policies: all versions, one with its rules, the editor, what it would change, and the steps of its life."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.version_pages import VersionPages, standing
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, DomainError, Invalid, NotFound
from retailops.lib.forms import tell
from retailops.lib.htmx import done, show
from returns.access import policies_visible_to
from returns.enums import PolicyStatus
from returns.models import ReturnPolicy
from returns.policy_content import rules_in
from returns.policy_impact import LAST, impact_of
from returns.policy_words import differences, rules_told, scope_told
from returns.services import policy_drafts, policy_force
from returns.web.policy_forms import ActivateForm, NewPolicyForm, PolicyForm, PolicyReasonForm, ShareForm

S = PolicyStatus
MANAGE = Permission.POLICIES_MANAGE
SAMPLES = (500, 5000, 20000)


@dataclass(frozen=True)
class Step:
    """One step of a version's life as a person is offered it. `blocked` says why not now."""

    key: str
    label: str
    icon: str
    when: tuple[PolicyStatus, ...]
    form: type[forms.Form]
    run: Callable[[Actor, ReturnPolicy, Mapping[str, Any]], object]
    consequence: str
    done: str
    danger: bool = False


def _submit(actor: Actor, policy: ReturnPolicy, data: Mapping[str, Any]) -> object:
    return policy_drafts.submit_policy(
        actor=actor, policy_id=policy.id, reason=data["reason"], revision=data["revision"]
    )


STEPS: dict[str, Step] = {
    step.key: step
    for step in (
        Step(
            "submit", "Submit for approval", "paper-airplane", (S.DRAFT,), PolicyReasonForm, _submit,
            "A second person who may manage policies reads the differences and agrees, or sends it back. Any edit "
            "after that voids the word.", "Submitted. A second person must agree.",
        ),
        Step(
            "approve", "Agree", "check", (S.SUBMITTED,), PolicyReasonForm,
            lambda actor, policy, data: policy_drafts.approve_policy(
                actor=actor, policy_id=policy.id, reason=data["reason"]
            ),
            "You agree to exactly these rules. They decide nothing until somebody activates the version.",
            "Agreed. It may be activated now.",
        ),
        Step(
            "refuse", "Send back", "arrow-uturn-left", (S.SUBMITTED,), PolicyReasonForm,
            lambda actor, policy, data: policy_drafts.refuse_policy(
                actor=actor, policy_id=policy.id, reason=data["reason"]
            ),
            "It becomes a draft again; its author reads your reason.", "Sent back as a draft.", danger=True,
        ),
        Step(
            "activate", "Activate", "play", (S.APPROVED,), ActivateForm,
            lambda actor, policy, data: policy_force.activate_policy(actor=actor, policy_id=policy.id),
            "It decides returns from its start on. Its rules cannot be changed after that, only followed by a newer "
            "version.", "In force.",
        ),
        Step(
            "canary", "Raise its share", "arrow-trending-up", (S.ACTIVE,), ShareForm,
            lambda actor, policy, data: policy_force.change_canary(
                actor=actor, policy_id=policy.id, share=data["share"]
            ),
            "Orders that it decides already stay with it. At 100 the former versions end at that instant.",
            "It serves the larger share now.",
        ),
        Step(
            "retire", "Retire", "archive-box", (S.DRAFT, S.ACTIVE), PolicyReasonForm,
            lambda actor, policy, data: policy_force.retire_policy(
                actor=actor, policy_id=policy.id, reason=data["reason"]
            ),
            "It decides nothing any more. What it decided keeps naming it.", "Retired.", danger=True,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A step, and why not now (empty: now)."""

    step: Step
    reason: str


PAGES: VersionPages[ReturnPolicy] = VersionPages("policies", policies_visible_to)
actor_of, address = PAGES.actor_of, PAGES.address


def former_of(policy: ReturnPolicy) -> ReturnPolicy | None:
    """Return the version that it would follow: the one in force of its name, else the one that it was made from."""
    others = ReturnPolicy.objects.filter(name=policy.name, version__lt=policy.version).order_by("-version")
    active = [row for row in others if row.in_force(now())]
    base = ReturnPolicy.objects.none()
    if "@" in policy.based_on:
        name, _, version = policy.based_on.rpartition("@")
        base = ReturnPolicy.objects.filter(name=name, version=int(version))
    return next(iter(active), None) or base.first() or others.first()


def offers(actor: Actor, policy: ReturnPolicy) -> list[Offer]:
    """Return the steps that fit the version's state; none to whoever may not manage policies there."""
    if not PAGES.manages(actor, policy):
        return []
    found = [step for step in STEPS.values() if policy.status in step.when]
    return [Offer(step, _why_not(actor, policy, step)) for step in found]


def _why_not(actor: Actor, policy: ReturnPolicy, step: Step) -> str:
    if step.key == "approve" and actor.key in (policy.created_by, policy.edited_by):
        return "You wrote it: a second person must agree."
    if step.key == "approve" and not can(actor, Permission.APPROVALS_DECIDE, region=policy.region, brand=policy.brand):
        return "Your role does not decide approvals."
    if step.key == "refuse" and not can(actor, Permission.APPROVALS_DECIDE, region=policy.region, brand=policy.brand):
        return "Your role does not decide approvals."
    waiting = policy_drafts.waiting_approval(policy) if step.key in ("approve", "refuse") else None
    if waiting is not None and waiting.requested_by == actor.key:
        return "You asked for it: a second person must decide."
    if step.key == "canary" and policy.share >= policy_force.FULL:
        return "It serves all orders of its scope."
    return ""


@login_required
@require_GET
def policy_list(request: HttpRequest) -> HttpResponse:
    """Show every version by name, the newest first."""
    actor = actor_of(request)
    rows = list(policies_visible_to(actor).order_by("name", "-version"))
    moment = now()
    for row in rows:
        row.shown = _state(row, moment)  # type: ignore[attr-defined]  # what its row reads
        row.told = scope_told(row)  # type: ignore[attr-defined]
    named = [(name, list(versions)) for name, versions in groupby(rows, key=lambda row: row.name)]
    return show(request, "policies/list.html", {"policies": named, "may_manage": can(actor, MANAGE)})


def _state(policy: ReturnPolicy, moment: Any) -> str:
    """Return the word for where a version stands; of one in force also whether it serves a share alone."""
    found = standing(policy, moment)
    return "canary" if found == S.ACTIVE and policy.share < policy_force.FULL else found


@login_required
@require_GET
def policy_detail(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Show one version: its rules in words, how they differ from what it follows, and what may be done."""
    actor, policy = PAGES.asked(request, name, version)
    former = former_of(policy)
    context = {
        "policy": policy,
        "state": _state(policy, now()),
        "scope": scope_told(policy),
        "groups": rules_told(rules_in(policy)),
        "former": former,
        "differences": differences(former, policy),
        "offers": offers(actor, policy),
        "may_edit": PAGES.manages(actor, policy) and policy.status in (S.DRAFT, S.SUBMITTED, S.APPROVED),
        "may_draft": PAGES.manages(actor, policy) and policy.status in (S.ACTIVE, S.RETIRED),
        "undecided": policy.status in (S.DRAFT, S.SUBMITTED, S.APPROVED),
    }
    return show(request, "policies/detail.html", context)


@login_required
@require_GET
def policy_impact(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Show what the version would have decided for the last returns; on its page this is a part of it."""
    actor, policy = PAGES.asked(request, name, version)
    text = request.GET.get("last", "")
    last = int(text) if text.isdigit() and 0 < int(text) <= max(SAMPLES) else min(LAST, SAMPLES[0])
    channel = request.GET.get("channel", "")[:64]
    impact = impact_of(actor, policy, last=last, channel=channel)
    context = {"policy": policy, "impact": impact, "last": last, "samples": SAMPLES, "channel": channel}
    return show(request, "policies/impact.html", context, fragments={"impact": "policies/_impact.html"})


@login_required
@require_http_methods(["GET", "POST"])
def policy_edit(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Show the editor of a draft, or keep what was written."""
    actor, policy = PAGES.asked(request, name, version, to_change=True)
    form = PolicyForm(request.POST or None, policy=policy)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                policy_drafts.edit_draft(
                    actor=actor, policy_id=policy.id, draft=form.draft(), revision=form.cleaned_data["revision"]
                )
        except Conflict as conflict:
            return PAGES.stale(request, policy, conflict)
        except DomainError as refusal:
            if refusal.status in (403, 404):
                raise
            form.take(refusal)
        else:
            return done(request, address(policy), "Kept. Read the differences, then submit it.")
    context = {
        "policy": policy,
        "form": form,
        "back": address(policy),
        "in_force": policy.status in (S.ACTIVE, S.RETIRED),
    }
    return show(request, "policies/edit.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def policy_new(request: HttpRequest) -> HttpResponse:
    """Show the form that begins a version, or begin it."""
    actor = actor_of(request)
    require(actor, MANAGE)
    form = NewPolicyForm(request.POST or None, initial={"name": request.GET.get("name", "")})
    chooser = form.fields["based_on"]
    if isinstance(chooser, forms.ModelChoiceField):
        chooser.queryset = policies_visible_to(actor).order_by("name", "-version")
    if request.method == "POST" and form.is_valid():
        base = form.cleaned_data["based_on"]
        try:
            with transaction.atomic(durable=True):
                made = policy_drafts.draft_policy(
                    actor=actor, name=form.cleaned_data["name"], based_on=base.id if base else None
                )
        except (Conflict, Invalid) as refusal:
            form.add_error("name", refusal.detail)
        else:
            return done(request, address(made, "edit"), f"{made.label} is begun.")
    context = {"form": form, "back": reverse("policies:list")}
    return show(request, "policies/new.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def policy_step(request: HttpRequest, name: str, version: int, key: str) -> HttpResponse:
    """Show the form of a step, with the differences where somebody is to agree to them; or take it."""
    actor, policy = PAGES.asked(request, name, version, to_change=True)
    step = STEPS.get(key)
    if step is None:
        raise NotFound("There is no such step.")
    form = step.form(request.POST if request.method == "POST" else None, initial={"revision": policy.revision})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                step.run(actor, policy, form.cleaned_data)
        except DomainError as refusal:
            tell(form, refusal)
        else:
            return done(request, address(policy), step.done)
    reason = _why_not(actor, policy, step) if policy.status in step.when else "Its state does not allow that."
    context = {"policy": policy, "step": step, "form": form, "reason": reason, "back": address(policy)}
    if key in ("submit", "approve"):
        former = former_of(policy)
        context |= {"former": former, "differences": differences(former, policy)}
    return show(request, "policies/step.html", context, status=422 if form.errors else 200)
