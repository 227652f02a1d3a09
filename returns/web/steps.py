"""One step as a dialog: what it is about, what follows from it, its fields; then the command, or why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from retailops.lib.errors import Conflict, DomainError
from retailops.lib.forms import tell
from retailops.lib.htmx import done, show


@dataclass(frozen=True)
class Step:
    """A step as a person is asked for it. `reason` says why not now; empty: it may be done."""

    title: str
    about: str
    consequence: str
    done: str
    back: str
    reason: str = ""
    danger: bool = False
    # Label and text of what the person should know to decide.
    facts: tuple[tuple[str, str], ...] = ()


def take_step(
    request: HttpRequest, step: Step, form: forms.Form, command: Callable[[Mapping[str, Any]], object]
) -> HttpResponse:
    """Show the step, or run its command with the form's data and go back; a refusal is told in the form.

    A stale form is answered with 409. Denied and NotFound go on.
    """
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                command(form.cleaned_data)
        except DomainError as refusal:
            if isinstance(refusal, Conflict) and refusal.code == "stale":
                return show(request, "errors/refused.html", {"error": refusal, "again": step.back}, status=409)
            tell(form, refusal)
        else:
            return done(request, step.back, step.done)
    context = {"step": step, "form": form, "title": step.title, "back": step.back, "address": request.path}
    return show(request, "returns/step.html", context, status=422 if form.errors else 200)
