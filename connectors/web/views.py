"""Pages of connections: all with their health, one in detail, pause, resume, probe and (demo) the sandbox's faults."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors import services
from connectors.models import Connection, Credential
from connectors.protocol import Connector, SecretSpec
from connectors.registry import connector_of
from connectors.sandbox_control import SandboxAway
from connectors.services.configuring import newest_version
from connectors.web.faults import BY_KEY, panel, turn
from connectors.web.forms import PauseForm, ResumeForm
from connectors.web.health import ConnectionHealth, health_of
from connectors.web.schema_fields import duration
from retailops.accounts import web
from retailops.accounts.actor import EVERYWHERE, Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.events.enums import DeliveryStatus
from retailops.events.selectors import deliveries_visible_to
from retailops.lib.clock import now
from retailops.lib.errors import NotFound
from retailops.lib.htmx import details, done, show
from retailops.sla.alerts.services import silences_of_connections

TROUBLE_LIMIT = 10
VERSIONS_SHOWN = 3
# The part of the page that asks for itself alone, every few seconds.
LIVE = {"health": "connections/_health.html"}


def actor_of(request: HttpRequest) -> Actor:
    """Return who makes the request; it may look at connections. Raises Denied."""
    actor = web.actor_of(request)
    require(actor, Permission.CONNECTIONS_VIEW)
    return actor


def by_name(name: str) -> Connection:
    """Return the connection of that name that is not retired. Raises NotFound."""
    found = Connection.objects.select_related("destination").filter(name=name, destination__retired_at=None).first()
    if found is None:
        raise NotFound("There is no such connection.")
    return found


@login_required
@require_GET
def connection_list(request: HttpRequest) -> HttpResponse:
    """Show every connection with its health; the table asks again every few seconds."""
    actor = actor_of(request)
    connections = list(Connection.objects.filter(destination__retired_at=None).select_related("destination"))
    context = {"healths": health_of(connections), "may_manage": can(actor, Permission.CONNECTIONS_MANAGE)}
    return show(request, "connections/list.html", context, fragments={"connections": "connections/_list.html"})


@login_required
@require_GET
def connection_detail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one connection: health, settings, what is in trouble."""
    actor = actor_of(request)
    connection = by_name(name)
    (health,) = health_of([connection])
    if (asked := details(request)) is not None and asked.target in LIVE:
        return show(request, LIVE[asked.target], {"health": health, "connection": connection})
    return show(request, "connections/detail.html", _about(actor, health))


def _about(actor: Actor, health: ConnectionHealth) -> dict[str, Any]:
    connection = health.connection
    troubled = deliveries_visible_to(actor).filter(
        destination=connection.destination, status__in=[DeliveryStatus.DEAD, DeliveryStatus.IN_DOUBT]
    )
    connector = connector_of(connection.vendor)
    demo = settings.DEMO and connection.config.get("base_url", "").startswith(settings.SANDBOX_URL)
    return {
        "health": health,
        "connection": connection,
        "connector": connector,
        "settings": [(_title_of(connector, name), value) for name, value in connection.config.items()],
        "may_manage": can(actor, Permission.CONNECTIONS_MANAGE),
        "troubled": troubled.select_related("destination__connection", "event").order_by("-id")[:TROUBLE_LIMIT],
        "secrets": _secrets(connection, connector),
        "may_see_inbox": can(actor, Permission.DELIVERIES_VIEW, region=EVERYWHERE, brand=EVERYWHERE),
        "retries": ", ".join(map(duration, connection.destination.retry_schedule)),
        "version": newest_version(connection),
        "versions": connection.versions.order_by("-number")[:VERSIONS_SHOWN],
        "maps": bool(connector.MappingSchema.model_fields),
        "silences": silences_of_connections(),
        "faults": panel(connection.vendor) if demo else None,
        "webhook_url": f"{settings.PUBLIC_URL}/webhooks/{connection.name}",
    }


def _secrets(connection: Connection, connector: Connector) -> list[tuple[SecretSpec, Credential | None, bool]]:
    """Return every secret that the vendor uses with what is stored of it, and whether the former one still counts."""
    stored = {row.name: row for row in connection.credentials.defer("ciphertext", "former_ciphertext")}
    moment = now()
    found = [(spec, stored.get(spec.name)) for spec in connector.secrets]
    return [(spec, row, bool(row and row.former_until and row.former_until > moment)) for spec, row in found]


def _title_of(connector: Connector, name: str) -> str:
    field = connector.Config.model_fields.get(name)
    return (field.title if field else None) or name.replace("_", " ").capitalize()


@login_required
@require_http_methods(["GET", "POST"])
def pause(request: HttpRequest, name: str) -> HttpResponse:
    """Show the form that holds sending, or hold it."""
    actor, connection = actor_of(request), by_name(name)
    require(actor, Permission.CONNECTIONS_MANAGE)
    form = PauseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic(durable=True):
            services.pause_connection(actor=actor, connection_id=connection.id, reason=form.cleaned_data["reason"])
        return done(request, _address(connection), f"{connection.label} is paused. What is owed to it waits.")
    status = 422 if form.errors else 200
    title, back = f"Pause {connection.label}", _address(connection)
    context = {"form": form, "connection": connection, "title": title, "back": back}
    return show(request, "connections/pause.html", context, status=status)


@login_required
@require_POST
def resume(request: HttpRequest, name: str) -> HttpResponse:
    """Send again."""
    actor, connection = actor_of(request), by_name(name)
    form = ResumeForm(request.POST)
    form.is_valid()
    with transaction.atomic(durable=True):
        services.resume_connection(actor=actor, connection_id=connection.id, reason=form.cleaned_data.get("reason", ""))
    return done(request, _address(connection), f"{connection.label} sends again, oldest first.")


@login_required
@require_POST
def probe(request: HttpRequest, name: str) -> HttpResponse:
    """Make one harmless call and say what came of it."""
    actor, connection = actor_of(request), by_name(name)
    health = services.probe_connection(actor=actor, connection_id=connection.id)
    if health.ok:
        message = f"{connection.label} answers ({health.milliseconds} ms). {health.detail}".strip()
        return done(request, _address(connection), message)
    message = f"{connection.label} does not answer as it should: {health.detail}"
    return done(request, _address(connection), message, messages.ERROR)


@login_required
@require_POST
def fault(request: HttpRequest, name: str, key: str) -> HttpResponse:
    """Demo mode: switch one fault of the sandbox system on or off."""
    actor, connection = actor_of(request), by_name(name)
    require(actor, Permission.CONNECTIONS_VIEW)
    if not settings.DEMO or key not in BY_KEY:
        raise NotFound("There is no such switch.")
    on = request.POST.get("on") == "1"
    try:
        turn(connection.vendor, key, on)
    except SandboxAway as away:
        return done(request, _address(connection), f"The sandbox does not answer: {away}", messages.ERROR)
    state = "on" if on else "off"
    return done(request, _address(connection), f"{BY_KEY[key].label}: {state} at the sandbox's {connection.label}.")


def _address(connection: Connection) -> str:
    return reverse("connections:detail", args=[connection.name])
