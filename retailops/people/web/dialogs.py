"""One form of a dialog: shown, sent, refused in its own words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse

from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show


@dataclass(frozen=True)
class Dialog:
    """What a dialog says: `consequence` tells what happens, `reason` why it cannot be done now."""

    title: str
    verb: str
    consequence: str
    back: str
    danger: bool = False
    reason: str = ""
    about: str = ""


def ask(
    request: HttpRequest, dialog: Dialog, form: forms.Form, run: Callable[[], object], message: str
) -> HttpResponse:
    """Show the dialog, or run the command of a sent form. Raises Denied and NotFound."""
    if request.method == "POST" and form.is_valid() and accepted(form, run):
        return done(request, dialog.back, message)
    return shown(request, dialog, form)


def shown(request: HttpRequest, dialog: Dialog, form: forms.Form) -> HttpResponse:
    """Show the dialog with its form."""
    context: dict[str, Any] = {"dialog": dialog, "form": form, "title": dialog.title, "back": dialog.back}
    return show(request, "people/dialog.html", context, status=422 if form.errors else 200)
