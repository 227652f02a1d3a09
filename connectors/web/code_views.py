"""The page of a connection's codes: what each means here, what waits for a meaning, and the form that says it."""

from dataclasses import dataclass

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connectors.meanings import messages_waiting
from connectors.models import Connection
from connectors.registry import connector_of
from connectors.web.views import actor_of, by_name
from retailops.accounts.actor import can, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Invalid, NotFound
from retailops.lib.htmx import done, show
from returns import vocabulary
from returns.services.vocabularies import codes_of, map_code

MANAGE = Permission.CONNECTIONS_MANAGE


@dataclass(frozen=True)
class Code:
    """A code of the connection. `by` is who said what it means; empty: the vendor's published table."""

    vocabulary: str
    vocabulary_label: str
    code: str
    means: str
    by: str
    version: int
    waiting: int


def _codes(connection: Connection) -> list[Code]:
    """Return the codes that were seen or said, those without a meaning first, then what the vendor publishes."""
    waiting = messages_waiting(connection.name)
    labels = vocabulary.labels()
    said = [
        Code(
            row.vocabulary.code, row.vocabulary.label, row.external_code, row.term.label if row.term else "",
            row.mapped_by, row.version, waiting.get((row.vocabulary.code, row.external_code), 0),
        )
        for row in codes_of(connection.name)
    ]  # fmt: skip
    known = {(code.vocabulary, code.code) for code in said}
    usual = [
        Code(name, labels.get(name, name), code, vocabulary.label(name, term), "", 0, 0)
        for name, table in connector_of(connection.vendor).codes.items()
        for code, term in table.items()
        if (name, code) not in known
    ]
    return sorted([*said, *usual], key=lambda each: (bool(each.means), each.vocabulary_label, each.code))


class MapForm(forms.Form):
    """What a code means."""

    vocabulary = forms.CharField(widget=forms.HiddenInput)
    code = forms.CharField(max_length=200, widget=forms.HiddenInput)
    term = forms.ChoiceField(label="It means")

    def __init__(self, *args: object, name: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # what a form takes
        chooser = self.fields["term"]
        if isinstance(chooser, forms.ChoiceField):
            chooser.choices = [("", "Choose"), *vocabulary.choices(name)]


@login_required
@require_GET
def codes(request: HttpRequest, name: str) -> HttpResponse:
    """Show every code of the connection."""
    actor, connection = actor_of(request), by_name(name)
    context = {"connection": connection, "codes": _codes(connection), "may_manage": can(actor, MANAGE)}
    return show(request, "connections/codes.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def map_one(request: HttpRequest, name: str) -> HttpResponse:
    """Show the form that gives a code its meaning, or give it."""
    actor, connection = actor_of(request), by_name(name)
    require(actor, MANAGE)
    asked = request.POST if request.method == "POST" else request.GET
    owner, code = asked.get("vocabulary", ""), asked.get("code", "")[:200]
    labels = vocabulary.labels()
    if owner not in labels or not code:
        raise NotFound("There is no such code.")
    form = MapForm(request.POST or None, name=owner, initial={"vocabulary": owner, "code": code})
    back = reverse("connections:codes", args=[connection.name])
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                said = map_code(
                    actor=actor, connection=connection.name, vocabulary_code=owner, external_code=code,
                    term=form.cleaned_data["term"],
                )  # fmt: skip
        except Invalid as refusal:
            form.add_error("term", refusal.errors[0].detail if refusal.errors else refusal.detail)
        else:
            return done(request, back, f"“{code}” means: {said.term}. What waited for it goes on.")
    context = {"connection": connection, "form": form, "code": code, "label": labels[owner], "back": back}
    return show(request, "connections/map_code.html", context, status=422 if form.errors else 200)
