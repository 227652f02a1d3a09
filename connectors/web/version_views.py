"""The versions of a connection: who changed what, when and why; any two compared; going back to one."""

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connectors import services
from connectors.failures import VendorFailure
from connectors.impact import Impact, Proposal, impact_of
from connectors.models import Connection, ConnectionVersion
from connectors.registry import connector_of
from connectors.services.configuring import newest_version, version_of
from connectors.services.tried import needs_trial
from connectors.services.versions import difference
from connectors.web.adding import MANAGE, manager_of
from connectors.web.connection_form import Changed, limit_fields
from connectors.web.views import actor_of, by_name
from retailops.accounts.actor import can
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show

PAGE = 50
PARTS = {"config": "", "mapping": "Mapping: ", "scope": "", "limits": ""}


class RestoreForm(forms.Form):
    """Why the connection goes back, and the version that the person saw as the newest."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(max_length=300, help_text="Kept with the new version.")


def changes(connection: Connection, before: ConnectionVersion, after: ConnectionVersion) -> list[Changed]:
    """Return what differs between two versions."""
    return [Changed(label_of(connection, name), left, right) for name, left, right in difference(before, after)]


def label_of(connection: Connection, name: str) -> str:
    """Return what people call a setting (`config.base_url`, `limits.burst`)."""
    part, _, plain = name.partition(".")
    connector = connector_of(connection.vendor)
    title = None
    if part == "config" and plain in connector.Config.model_fields:
        title = connector.Config.model_fields[plain].title
    if part == "limits" and plain in (fields := limit_fields()):
        title = str(fields[plain].label)
    return PARTS.get(part, "") + (title or plain.replace("_", " ").capitalize())


@login_required
@require_GET
def versions(request: HttpRequest, name: str) -> HttpResponse:
    """Show every version, newest first, and what differs between the two that are chosen (else the last two)."""
    actor, connection = actor_of(request), by_name(name)
    newest = newest_version(connection)
    below = _chosen(request, "below", newest + 1)
    rows = list(ConnectionVersion.objects.filter(connection=connection, number__lt=below).order_by("-number")[:PAGE])
    left = _chosen(request, "from", max(1, newest - 1))
    right = _chosen(request, "to", newest)
    before, after = version_of(connection, left), version_of(connection, right)
    context = {
        "connection": connection, "rows": rows, "newest": newest, "below": below,
        "older": rows[-1].number if rows and rows[-1].number > 1 else 0,
        "left": before, "right": after, "left_text": str(left), "right_text": str(right),
        "changes": changes(connection, before, after), "may_manage": can(actor, MANAGE),
    }  # fmt: skip
    return show(request, "connections/versions.html", context)


def _chosen(request: HttpRequest, name: str, usual: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else usual


@login_required
@require_http_methods(["GET", "POST"])
def restore(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Show what going back would change and mean, or go back."""
    actor, connection = manager_of(request), by_name(name)
    former, newest = version_of(connection, number), newest_version(connection)
    form = RestoreForm(request.POST or None, initial={"version": newest})
    back = reverse("connections:versions", args=[connection.name])
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        went_back = accepted(
            form,
            lambda: services.restore_version(
                actor=actor, connection_id=connection.id, number=number, reason=asked["reason"],
                expected_version=asked["version"],
            ),
        )  # fmt: skip
        if went_back:
            return done(request, back, f"{connection.label} is as it was in version {number}.")
    present = version_of(connection, newest)
    context = {
        "connection": connection, "former": former, "form": form, "back": back, "title": f"Back to version {number}",
        "changes": changes(connection, present, former), "impact": impact_of_version(connection, former),
        "untried": needs_trial(connection, former.mapping),
    }  # fmt: skip
    return show(request, "connections/restore.html", context, status=422 if form.errors else 200)


def impact_of_version(connection: Connection, former: ConnectionVersion) -> Impact | None:
    """Return what going back to the version would mean; None where its config cannot be used any more."""
    scope = {name: former.scope.get(name, []) for name in ("regions", "brands", "channels")}
    try:
        return impact_of(connection, Proposal(config=former.config, mapping=former.mapping, **scope))
    except VendorFailure:
        return None
