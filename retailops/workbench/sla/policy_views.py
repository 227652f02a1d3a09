"""Pages of promises: all versions, one with its preview, the editor, and the steps of a version's life."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.version_pages import VersionPages, standing
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, DomainError, NotFound
from retailops.lib.forms import accepted, tell
from retailops.lib.htmx import done, show
from retailops.sla import services
from retailops.sla.access import policies_visible_to
from retailops.sla.inputs import PolicyDraftIn
from retailops.sla.models import PolicyStatus, SlaPolicy
from retailops.sla.preview import preview
from retailops.workbench.sla.forms import NewPolicyForm, PolicyForm, ReasonForm
from retailops.workbench.sla.move_forms import MovesForm
from retailops.workbench.sla.wording import in_words, moves_told, scope_told


@dataclass(frozen=True)
class Step:
    """One step of a version's life as a person is offered it."""

    key: str
    label: str
    icon: str
    when: PolicyStatus
    run: Callable[..., object]
    consequence: str
    done: str
    danger: bool = False


STEPS = {
    step.key: step
    for step in (
        Step(
            "activate", "Activate", "play", PolicyStatus.DRAFT, services.activate_policy,
            "In ten seconds it decides what new clocks promise, and the version of the same scope ends. Clocks that "
            "run keep theirs.", "In force in ten seconds.",
        ),
        Step(
            "discard", "Give the draft up", "trash", PolicyStatus.DRAFT, services.discard_draft,
            "It never comes into force.", "Given up.", danger=True,
        ),
        Step(
            "retire", "Retire", "archive-box", PolicyStatus.ACTIVE, services.retire_policy,
            "In ten seconds it starts no clock any more; a wider version takes over where there is one. Clocks that "
            "run go on.", "Retired.", danger=True,
        ),
    )
}  # fmt: skip


PAGES: VersionPages[SlaPolicy] = VersionPages("sla", policies_visible_to)
actor_of, address = PAGES.actor_of, PAGES.address


def _told(policy: SlaPolicy) -> dict[str, Any]:
    return {
        "policy": policy,
        "state": standing(policy, now()),
        "scope": scope_told(policy),
        "target": in_words(policy.target_seconds),
        "warn": in_words(policy.warn_seconds) if policy.warn_seconds else "",
    }


@login_required
@require_GET
def policy_list(request: HttpRequest) -> HttpResponse:
    """Show every version by promise, the newest first."""
    actor = actor_of(request)
    rows = policies_visible_to(actor).order_by("name", "-version")
    named = [(name, [_told(row) for row in versions]) for name, versions in groupby(rows, key=lambda row: row.name)]
    return show(request, "sla/list.html", {"promises": named})


@login_required
@require_GET
def policy_detail(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Show one version: what it promises, what moves its clocks, and what it would have come to."""
    actor, policy = PAGES.asked(request, name, version)
    may = PAGES.manages(actor, policy)
    context = _told(policy) | {
        "moves": moves_told(policy),
        "versions": [_told(row) for row in policies_visible_to(actor).filter(name=name).order_by("-version")],
        "may_edit": may and policy.status == PolicyStatus.DRAFT,
        "may_draft": may and policy.status != PolicyStatus.DRAFT,
        "steps": [step for step in STEPS.values() if may and step.when == policy.status],
        "by_clock": bool(policy.starts),
    }
    return show(request, "sla/detail.html", context)


@login_required
@require_GET
def policy_preview(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Show what the version would have come to over the last 30 days; on its page this is a part of it."""
    actor, policy = PAGES.asked(request, name, version)
    context = _told(policy) | {"preview": preview(actor, policy), "back": address(policy)}
    return show(request, "sla/preview.html", context, fragments={"preview": "sla/_preview.html"})


@login_required
@require_http_methods(["GET", "POST"])
def policy_new(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Show the form that begins a version from this one, or begin it."""
    actor, base = PAGES.asked(request, name, version, to_change=True)
    form = NewPolicyForm(request.POST or None, initial={"name": base.name})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                made = services.draft_policy(actor=actor, based_on=base.id, name=form.cleaned_data["name"])
        except DomainError as refusal:
            tell(form, refusal)
        else:
            return done(request, address(made, "edit"), f"{made.label} is begun.")
    context = _told(base) | {"form": form, "back": address(base)}
    return show(request, "sla/new.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def policy_edit(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """Show the editor of a draft, or keep what was written."""
    actor, policy = PAGES.asked(request, name, version, to_change=True)
    form, moves = PolicyForm(request.POST or None, policy=policy), _moves_form(request, policy)
    if request.method == "POST" and form.is_valid() and (draft := _written(form, moves)):
        try:
            with transaction.atomic(durable=True):
                revision = form.cleaned_data["revision"]
                services.edit_draft(actor=actor, policy_id=policy.id, draft=draft, revision=revision)
        except Conflict as conflict:
            return PAGES.stale(request, policy, conflict)
        except DomainError as refusal:
            tell(form, refusal)
        else:
            return done(request, address(policy), "Kept. See what it would have come to, then activate it.")
    context = _told(policy) | {"form": form, "back": address(policy), "in_force": policy.status != PolicyStatus.DRAFT}
    wrong = form.errors or (moves is not None and moves.errors)
    return show(request, "sla/edit.html", context | {"moves_form": moves}, status=422 if wrong else 200)


def _moves_form(request: HttpRequest, policy: SlaPolicy) -> MovesForm | None:
    """Return the form of what moves its clocks; None for a promise that no event moves."""
    if not policy.starts:
        return None
    return MovesForm(request.POST if "moves" in request.POST else None, policy=policy)


def _written(form: PolicyForm, moves: MovesForm | None) -> PolicyDraftIn | None:
    """Return the draft as both forms have it; None where one of them cannot be."""
    if moves is None or not moves.is_bound:
        return form.draft()
    given = moves.moves() if moves.is_valid() else None
    return None if given is None else form.draft(given)


@login_required
@require_http_methods(["GET", "POST"])
def policy_step(request: HttpRequest, name: str, version: int, promise_step: str) -> HttpResponse:
    """Show the form of a step, or take it."""
    actor, policy = PAGES.asked(request, name, version, to_change=True)
    step = STEPS.get(promise_step)
    if step is None:
        raise NotFound("There is no such step.")
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if accepted(form, lambda: step.run(actor=actor, policy_id=policy.id, reason=reason)):
            return done(request, address(policy), step.done)
    context = _told(policy) | {"step": step, "form": form, "back": address(policy), "fits": step.when == policy.status}
    return show(request, "sla/step.html", context, status=422 if form.errors else 200)
