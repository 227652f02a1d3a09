"""Small dialogs of a connection: a new secret, holding its alerts for a while, retiring it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from connectors import services
from connectors.impact import Proposal, impact_of
from connectors.models import Connection
from connectors.protocol import SecretSpec
from connectors.registry import connector_of
from connectors.web.adding import manager_of
from connectors.web.connection_form import RotateForm, end_of
from connectors.web.reversing import muted
from connectors.web.views import by_name
from retailops.accounts.undo import sealed
from retailops.lib.clock import now
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show

MUTES = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "12h": timedelta(hours=12), "1d": timedelta(days=1),
         "3d": timedelta(days=3), "7d": timedelta(days=7), "14d": timedelta(days=14)}  # fmt: skip


class MuteForm(forms.Form):
    """For how long alerts are held, and why."""

    length = forms.ChoiceField(
        label="For", initial="4h",
        choices=[("1h", "1 hour"), ("4h", "4 hours"), ("12h", "12 hours"), ("1d", "1 day"), ("3d", "3 days"),
                 ("7d", "1 week"), ("14d", "2 weeks")],
    )  # fmt: skip
    reason = forms.CharField(max_length=300, help_text="Shown on its page until then.")


class RetireForm(forms.Form):
    """Why the connection ends; its name, typed, because it cannot be taken back."""

    name = forms.CharField(max_length=100, label="Its name, to be sure")
    reason = forms.CharField(max_length=300)

    def __init__(self, connection: Connection, data: Any = None) -> None:
        super().__init__(data)
        self.connection = connection
        self.fields["name"].help_text = f"Type {connection.name}."

    def clean_name(self) -> str:
        """Refuse another name."""
        if self.cleaned_data["name"] != self.connection.name:
            raise forms.ValidationError("This is not its name.")
        return self.connection.name


def address(connection: Connection) -> str:
    """Return the address of the connection's page."""
    return reverse("connections:detail", args=[connection.name])


@login_required
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, name: str, secret: str) -> HttpResponse:
    """Show the form that replaces a secret, or replace it."""
    actor, connection = manager_of(request), by_name(name)
    spec = _secret(connection, secret)
    form = RotateForm(request.POST or None, signs=spec.signs, multiline=spec.multiline)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        ends = end_of(asked["expires_on"]) if asked["expires_on"] else None
        if accepted(
            form,
            lambda: services.rotate_secret(
                actor=actor, connection_id=connection.id, name=spec.name, value=asked["value"],
                overlap_seconds=asked.get("overlap"), expires_at=ends,
            ),
        ):  # fmt: skip
            return done(request, address(connection), f"{spec.label} is replaced.")
    stored = connection.credentials.filter(name=spec.name).first()
    context = {
        "connection": connection, "form": form, "spec": spec, "stored": stored, "back": address(connection),
        "title": f"Replace: {spec.label}",
    }  # fmt: skip
    return show(request, "connections/rotate.html", context, status=422 if form.errors else 200)


def _secret(connection: Connection, name: str) -> SecretSpec:
    for spec in connector_of(connection.vendor).secrets:
        if spec.name == name:
            return spec
    raise NotFound("This connection has no such secret.")


@login_required
@require_http_methods(["GET", "POST"])
def mute(request: HttpRequest, name: str) -> HttpResponse:
    """Show the form that holds alerts, or hold them."""
    actor, connection = manager_of(request), by_name(name)
    form = MuteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        until = now() + MUTES[form.cleaned_data["length"]]
        reason = form.cleaned_data["reason"]
        if accepted(
            form,
            lambda: services.mute_connection(actor=actor, connection_id=connection.id, until=until, reason=reason),
        ):
            told = f"Alerts of {connection.label} are held. They go on by themselves."
            back = sealed(actor, address(connection), muted(connection, until))
            return done(request, address(connection), told, undo=back)
    context = {"connection": connection, "form": form, "title": "Hold its alerts", "back": address(connection)}
    return show(request, "connections/mute.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def unmute(request: HttpRequest, name: str) -> HttpResponse:
    """Let alerts go out again."""
    actor, connection = manager_of(request), by_name(name)
    with transaction.atomic(durable=True):
        services.unmute_connection(actor=actor, connection_id=connection.id)
    return done(request, address(connection), f"Alerts of {connection.label} go out again.")


@login_required
@require_http_methods(["GET", "POST"])
def retire(request: HttpRequest, name: str) -> HttpResponse:
    """Show what ending the connection would mean, or end it."""
    actor, connection = manager_of(request), by_name(name)
    form = RetireForm(connection, request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if accepted(form, lambda: services.retire_connection(actor=actor, connection_id=connection.id, reason=reason)):
            return done(request, reverse("connections:list"), f"{connection.label} is retired. Its history stays.")
    context = {
        "connection": connection, "form": form, "title": f"Retire {connection.label}", "back": address(connection),
        "impact": impact_of(connection, Proposal(retired=True)),
    }  # fmt: skip
    return show(request, "connections/retire.html", context, status=422 if form.errors else 200)
