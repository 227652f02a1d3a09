"""What a person does with a case besides working it to its end: put it off, call for help, open it again."""

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
from retailops.accounts.undo import Step as Undo
from retailops.accounts.undo import sealed
from retailops.accounts.web import actor_of
from retailops.cases import services
from retailops.cases.access import access_case
from retailops.cases.models import Case, CaseStatus
from retailops.lib.errors import Conflict, Invalid, NotFound
from retailops.lib.htmx import done, show
from retailops.workbench.exceptions.reversing import case_put_off
from retailops.workbench.forms import ReasonForm, SnoozeForm


@dataclass(frozen=True)
class Step:
    """One such command: its words, when not now, its form and what it runs."""

    label: str
    consequence: str
    done: str
    form: type[forms.Form]
    run: Callable[[Actor, Case, Any], object]
    wants: str = CaseStatus.OPEN
    # What takes it back, from the case as it is afterwards; none where that is not safe.
    reverse: Callable[[Case], Undo] | None = None

    def why_not(self, case: Case) -> str:
        """Say why not now; "" where it may be done. The command checks again."""
        if case.status == self.wants:
            return ""
        return "The case is resolved: reopen it first." if self.wants == CaseStatus.OPEN else "The case is open."


STEPS: Mapping[str, Step] = {
    "snooze": Step(
        "Put off",
        "The case leaves the list of open ones until then. It comes back before, if the same trouble is seen again.",
        "Put off; it comes back by itself.",
        SnoozeForm,
        lambda actor, case, form: services.snooze_case(actor, case.id, form.until(), form.cleaned_data["reason"]),
        reverse=case_put_off,
    ),
    "wake": Step(
        "Bring back",
        "The case is among the open ones again, as if it had not been put off.",
        "It is back among the open ones.",
        ReasonForm,
        lambda actor, case, form: services.wake_case(actor, case.id, form.cleaned_data["reason"]),
    ),
    "escalate": Step(
        "Escalate",
        "The case is marked as escalated and loses its owner, so that somebody with more say takes it.",
        "Escalated; it is free for somebody with more say.",
        ReasonForm,
        lambda actor, case, form: services.escalate_case(actor, case.id, form.cleaned_data["reason"]),
    ),
    "reopen": Step(
        "Reopen",
        "The case is open again and must be resolved anew; a return that it belongs to does not close meanwhile.",
        "The case is open again.",
        ReasonForm,
        lambda actor, case, form: services.reopen_case(actor, case.id, form.cleaned_data["reason"]),
        wants=CaseStatus.RESOLVED,
    ),
}


@login_required
@require_http_methods(["GET", "POST"])
def case_step(request: HttpRequest, case_id: UUID, step: str) -> HttpResponse:
    """Show the form of a step, or take it."""
    actor, found = actor_of(request), STEPS.get(step)
    if found is None:
        raise NotFound("There is no such action.")
    case = access_case(actor, case_id)
    require(actor, Permission.CASES_WORK, region=case.region or None, brand=case.brand or None)
    form = found.form(request.POST or None)
    address = reverse("workbench:case", args=[case.id])
    if request.method == "POST" and form.is_valid() and _taken(actor, case, found, form):
        return done(request, address, found.done, undo=_back(actor, case, found, address))
    context = {"case": case, "key": step, "step": found, "form": form, "reason": found.why_not(case), "back": address}
    return show(request, "workbench/case_step.html", context, status=422 if form.errors else 200)


def _back(actor: Actor, case: Case, step: Step, address: str) -> str:
    if step.reverse is None:
        return ""
    case.refresh_from_db()
    return sealed(actor, address, step.reverse(case))


def _taken(actor: Actor, case: Case, step: Step, form: forms.Form) -> bool:
    try:
        with transaction.atomic(durable=True):
            step.run(actor, case, form)
    except (Conflict, Invalid) as refusal:
        form.add_error(None, " ".join([refusal.detail, *(fault.detail for fault in refusal.errors)]))
        return False
    return True
