"""What a person does with a plan: start it, change how it runs, ask a second person, cancel, resume, decide."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from retailops.cases import services as cases
from retailops.cases.access import access_approval
from retailops.cases.models import Approval, ApprovalStatus
from retailops.lib.errors import DomainError, NotFound
from retailops.lib.forms import accepted, tell
from retailops.lib.htmx import done, show
from retailops.replays import services
from retailops.replays.access import access_operation, may_act
from retailops.replays.models import REPLAY, BulkItem, BulkOperation, BulkStatus
from retailops.replays.rules import Rules
from retailops.replays.services import PLAN_KIND, word_on_plan
from retailops.replays.totals import money_of
from retailops.workbench.forms import ReasonForm
from retailops.workbench.plan_forms import ANEW, AS_WAS, HashForm, HashReasonForm, NothingForm, RulesForm

S = BulkStatus
NO_WORD = "Above the limit for one person: a second person must agree first."
OWN_WORD = "You agreed to this plan: who asked for it starts it, or somebody else."


@dataclass(frozen=True)
class PlanStep:
    """One command: its words, its form, in which states it is offered, and what it runs; it returns what to look at."""

    label: str
    consequence: str
    done: str
    form: type[forms.Form]
    states: frozenset[str]
    run: Callable[[Actor, BulkOperation, Any], BulkOperation]
    danger: bool = False


def _asked(actor: Actor, operation: BulkOperation, form: Any) -> BulkOperation:
    services.ask_plan_approval(actor, operation.id, form.cleaned_data["hash"], form.cleaned_data["reason"])
    return operation


STEPS: Mapping[str, PlanStep] = {
    "start": PlanStep(
        "Start", "", "Started. It stops by itself where its rule says so.", HashForm, frozenset({S.PLANNED}),
        lambda actor, operation, form: services.execute_plan(actor, operation.id, form.cleaned_data["hash"]),
    ),
    "ask": PlanStep(
        "Ask a second person",
        "Somebody else, who may decide approvals, sees the plan as it is now. Nothing is sent until they agree and you "
        "start it. If the plan changes, their word is void.",
        "Asked. It waits in Approvals for a second person.", HashReasonForm, frozenset({S.PLANNED}), _asked,
    ),
    "leave": PlanStep(
        "Leave out what is above the limit",
        "What needs a second person leaves this plan, and what waits behind it. The rest may be started at once.",
        "Left out.", NothingForm, frozenset({S.PLANNED}),
        lambda actor, operation, form: services.leave_out_above_limit(actor, operation.id),
    ),
    "rules": PlanStep(
        "Change how it runs",
        "The plan changes with it: an approval that was asked for or given is void.",
        "Changed.", RulesForm, frozenset({S.PLANNED}),
        lambda actor, operation, form: services.change_rules(actor, operation.id, form.rules()),
    ),
    "anew": PlanStep(
        "Form verdicts anew",
        "The same deliveries are looked at again as they are now. An approval of the present verdicts is void.",
        "The verdicts are being formed anew.", NothingForm, frozenset({S.PLANNED}),
        lambda actor, operation, form: services.plan_again(actor, operation.id),
    ),
    "resume": PlanStep(
        "Resume", "", "It goes on.", ReasonForm, frozenset({S.STOPPED, S.CANCELED, S.FINISHED}),
        lambda actor, operation, form: services.resume_operation(actor, operation.id, form.cleaned_data["reason"]),
    ),
    "cancel": PlanStep(
        "Cancel",
        "What was not begun is not done. What is on its way goes on, and its result is shown here.",
        "Canceled. What was not begun is not done.", ReasonForm,
        frozenset({S.PLANNING, S.PLANNED, S.RUNNING, S.STOPPED}),
        lambda actor, operation, form: services.cancel_operation(actor, operation.id, form.cleaned_data["reason"]),
        danger=True,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A step as one person sees it: its key and label, and why not now ("" where it may be done)."""

    key: str
    label: str
    why_not: str = ""
    primary: bool = False

    @property
    def aside(self) -> bool:
        """Tell whether it changes the plan, and so stands beside what it changes."""
        return self.key in {"leave", "rules", "anew"}


def offers(actor: Actor, operation: BulkOperation, word: Approval | None) -> list[Offer]:
    """Return what the person may do now, the next step last; none for who may not."""
    if not may_act(actor, operation):
        return []
    found = [
        Offer(key, _label(operation, step), _why_not(actor, operation, key, word)) for key, step in _open(operation)
    ]
    next_step = "ask" if operation.needs_approval and word is None else "start"
    shown = [each for each in found if each.key != "ask" or (operation.needs_approval and word is None)]
    shown = [each for each in shown if each.key != "leave" or operation.needs_approval]
    marked = [Offer(each.key, each.label, each.why_not, primary=_is_next(each.key, next_step)) for each in shown]
    return sorted(marked, key=lambda each: (each.primary, each.key != "cancel"))


def _is_next(key: str, next_step: str) -> bool:
    return key in (next_step, "resume")


def _open(operation: BulkOperation) -> list[tuple[str, PlanStep]]:
    return [
        (key, step)
        for key, step in STEPS.items()
        if operation.status in step.states and (key != "resume" or _left(operation))
    ]


def _left(operation: BulkOperation) -> bool:
    rows = BulkItem.objects.filter(operation=operation)
    again = rows.filter(result__in=services.AGAIN)
    return again.exists() or (operation.status == S.STOPPED and rows.filter(stage="judged").exists())


def _label(operation: BulkOperation, step: PlanStep) -> str:
    if step.label != "Resume":
        return step.label
    goes_on = operation.status == S.STOPPED and BulkItem.objects.filter(operation=operation, stage="judged").exists()
    return "Go on" if goes_on else "Resume failed"


def _why_not(actor: Actor, operation: BulkOperation, key: str, word: Approval | None) -> str:
    if key != "start":
        return ""
    if operation.needs_approval and (word is None or word.status != ApprovalStatus.APPROVED):
        return NO_WORD
    if word is not None and word.decided_by == actor.key:
        return OWN_WORD
    acting = BulkItem.objects.filter(operation=operation, acts=True)
    return "" if acting.exists() else "Nothing in the plan can be done now."


@login_required
@require_http_methods(["GET", "POST"])
def plan_step(request: HttpRequest, operation_id: UUID, plan_step: str) -> HttpResponse:
    """Show the form of a step with its consequence, or take it."""
    actor, step = actor_of(request), STEPS.get(plan_step)
    operation = access_operation(actor, operation_id, act=True)
    if step is None:
        raise NotFound("There is no such action.")
    form = step.form(request.POST or None, initial=_initial(operation))
    if request.method == "POST" and form.is_valid():
        found = _taken(actor, operation, step, form)
        if found is not None:
            return done(request, _address(found), _done(operation, step, found))
    word = word_on_plan(operation)
    context = {
        "operation": operation, "key": plan_step, "step": step, "label": _label(operation, step), "form": form,
        "back": _address(operation), "reason": _refusal(actor, operation, plan_step, step, word),
        "consequence": step.consequence or _consequence(operation, plan_step),
        "sums": money_of(operation), "sends": BulkItem.objects.filter(operation=operation, sends=True).count(),
    }  # fmt: skip
    return show(request, "replays/step.html", context, status=422 if form.errors else 200)


def _initial(operation: BulkOperation) -> dict[str, Any]:
    rules = Rules.read(operation.rules)
    return {
        "hash": operation.hash, "canary": ", ".join(map(str, rules.canary)), "rate": rules.rate,
        "stop_percent": rules.stop_percent, "request": AS_WAS if rules.as_was else ANEW,
    }  # fmt: skip


def _refusal(actor: Actor, operation: BulkOperation, key: str, step: PlanStep, word: Approval | None) -> str:
    if operation.status not in step.states:
        return f"It is {operation.status}."
    return _why_not(actor, operation, key, word)


def _consequence(operation: BulkOperation, key: str) -> str:
    if key == "start":
        rules = Rules.read(operation.rules)
        waves = ", then ".join(map(str, rules.canary))
        first = f"First {waves}; each wave must get through. " if waves else ""
        rest = f"the rest at {rules.rate:g} a second. It stops where {rules.stop_percent} % of the last tries failed."
        return f"{first}{'Then ' if waves else ''}{rest}"
    if operation.status == S.STOPPED and BulkItem.objects.filter(operation=operation, stage="judged").exists():
        waves = " The wave that stopped it begins anew." if operation.kind == REPLAY else ""
        return f"It goes on with what it did not begin.{waves}"
    if operation.kind != REPLAY:
        return "The same is done to what was refused or not begun, as a new operation that begins at once."
    return "What failed, and what was not begun, becomes a new plan with verdicts of now. Nothing is sent yet."


def _taken(actor: Actor, operation: BulkOperation, step: PlanStep, form: forms.Form) -> BulkOperation | None:
    try:
        with transaction.atomic(durable=True):
            return step.run(actor, operation, form)
    except DomainError as refusal:
        tell(form, refusal)
        return None


def _done(operation: BulkOperation, step: PlanStep, found: BulkOperation) -> str:
    if found.id == operation.id:
        return step.done
    return "What failed is planned anew." if operation.kind == REPLAY else "What was not done is tried anew."


def _address(operation: BulkOperation) -> str:
    return reverse("workbench:operation", args=[operation.id])


@login_required
@require_http_methods(["GET", "POST"])
def plan_word(request: HttpRequest, operation_id: UUID, verdict: str) -> HttpResponse:
    """Show the form of a second person's word on a plan, or give it. The plan is started by who asked."""
    actor = actor_of(request)
    operation = access_operation(actor, operation_id)
    require(actor, Permission.APPROVALS_DECIDE)
    waiting = Approval.objects.filter(kind=PLAN_KIND, subject_id=operation.id, status=ApprovalStatus.REQUESTED).first()
    if waiting is None or verdict not in {"approve", "refuse"}:
        raise NotFound("Nobody waits for a word on this plan.")
    approval = access_approval(actor, waiting.id, Permission.APPROVALS_DECIDE)
    decide = cases.approve if verdict == "approve" else cases.refuse
    form = ReasonForm(request.POST or None)
    given = request.method == "POST" and form.is_valid()
    if given and accepted(form, lambda: decide(actor, approval.id, form.cleaned_data["reason"])):
        told = "Approved. Who asked for it may start it." if verdict == "approve" else "Refused; nothing is sent."
        return done(request, reverse("workbench:approvals"), told)
    context = {
        "operation": operation, "approval": approval, "verdict": verdict, "form": form, "sums": money_of(operation),
        "title": f"{verdict.capitalize()} the plan", "own": approval.requested_by == actor.key,
        "back": _address(operation),
    }  # fmt: skip
    return show(request, "replays/word.html", context, status=422 if form.errors else 200)
