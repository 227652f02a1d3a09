"""The page that edits a connection: test, preview what the change would mean, then apply exactly that."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connectors import services
from connectors.failures import VendorFailure
from connectors.impact import Impact, Proposal, impact_of
from connectors.models import Connection
from connectors.protocol import Health
from connectors.registry import connector_of
from connectors.services.configuring import newest_version
from connectors.web.adding import TEST, TESTED, manager_of
from connectors.web.connection_form import EditForm
from connectors.web.views import by_name
from retailops.accounts.actor import Actor
from retailops.lib.errors import Conflict, DomainError
from retailops.lib.htmx import details, done, show

APPLY = "apply"
SCOPES = ("regions", "brands", "channels")


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Show the settings, test or preview what is filled in, or apply what was previewed."""
    actor, connection = manager_of(request), by_name(name)
    form = EditForm(connector_of(connection.vendor), connection, request.POST or None)
    back = reverse("connections:detail", args=[connection.name])
    context: dict[str, Any] = {"connection": connection, "connector": form.connector, "form": form, "back": back}
    status = 200
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") == TEST:
            context["health"] = _tested(actor, connection, form)
        elif request.POST.get("do") == APPLY and form.cleaned_data["previewed"] == form.digest():
            if (answer := _applied(request, actor, connection, form)) is not None:
                return answer
            status = 409 if form.stale else 422
        else:
            context |= preview(connection, form)
    testing = (found := details(request)) is not None and found.target in TESTED
    status = 422 if status == 200 and form.errors and not testing else status
    return show(request, "connections/edit.html", context, fragments=TESTED, status=status)


def preview(connection: Connection, form: EditForm) -> dict[str, Any]:
    """Return what would change and what that would mean."""
    changes = form.changes(connection)
    return {"changes": changes, "impact": _impact(connection, form), "digest": form.digest(), "previewing": True}


def _impact(connection: Connection, form: EditForm) -> Impact | None:
    change = form.change()
    scope = {name: change[name] for name in SCOPES}
    try:
        return impact_of(connection, Proposal(config=change["config"], **scope))
    except VendorFailure:
        # The present config is one that the vendor's schema does not take any more: nothing can be compared.
        return None


def _tested(actor: Actor, connection: Connection, form: EditForm) -> Health | None:
    try:
        return services.probe_draft(
            actor=actor, vendor=connection.vendor, config=form.config(), connection_id=connection.id
        )
    except DomainError as refusal:
        form.tell(refusal)
        return None


def _applied(request: HttpRequest, actor: Actor, connection: Connection, form: EditForm) -> HttpResponse | None:
    data = form.cleaned_data
    try:
        with transaction.atomic(durable=True):
            services.configure_connection(
                actor=actor, connection_id=connection.id, reason=data["reason"], expected_version=data["version"],
                **form.change(),
            )  # fmt: skip
    except Conflict as conflict:
        form.stale = True
        form.tell(conflict)
        return None
    except DomainError as refusal:
        form.tell(refusal)
        return None
    address = reverse("connections:detail", args=[connection.name])
    return done(request, address, f"{connection.label} is changed: version {newest_version(connection)}.")
