"""The pages that add a connection: choose the system, fill in what its schema asks for, test, add."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from connectors import services
from connectors.models import Connection
from connectors.protocol import Health
from connectors.registry import connector_of, connectors
from connectors.web.connection_form import NewConnectionForm
from connectors.web.views import actor_of
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import DomainError
from retailops.lib.htmx import details, done, show

MANAGE = Permission.CONNECTIONS_MANAGE
TEST, TESTED = "test", {"tested": "connections/_tested.html"}


def manager_of(request: HttpRequest) -> Actor:
    """Return who makes the request; it may manage connections. Raises Denied."""
    actor = actor_of(request)
    require(actor, MANAGE)
    return actor


@login_required
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """Show the systems that a connection can be added to."""
    manager_of(request)
    return show(request, "connections/choose.html", {"connectors": connectors()})


@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, vendor: str) -> HttpResponse:
    """Show the form that the vendor's schema makes, test what is filled in, or add the connection."""
    actor, connector = manager_of(request), connector_of(vendor)
    form = NewConnectionForm(connector, request.POST or None, initial={"name": free_name(vendor)})
    context: dict[str, Any] = {"connector": connector, "form": form, "health": None}
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") == TEST:
            context["health"] = _tested(actor, form)
        elif (made := _added(actor, form)) is not None:
            address = reverse("connections:detail", args=[made.name])
            return done(request, address, f"{made.label} is added. It sends and receives from now on.")
    testing = (found := details(request)) is not None and found.target in TESTED
    status = 422 if form.errors and not testing else 200
    return show(request, "connections/new.html", context, fragments=TESTED, status=status)


def free_name(vendor: str) -> str:
    """Return the vendor's name, or with the first number that makes it free."""
    taken = set(Connection.objects.filter(name__startswith=vendor).values_list("name", flat=True))
    return next(name for number in range(1, len(taken) + 2) if (name := _numbered(vendor, number)) not in taken)


def _numbered(vendor: str, number: int) -> str:
    return vendor if number == 1 else f"{vendor}-{number}"


def _tested(actor: Actor, form: NewConnectionForm) -> Health | None:
    try:
        return services.probe_draft(
            actor=actor, vendor=form.connector.vendor, config=form.config(), secrets=form.secrets()
        )
    except DomainError as refusal:
        form.tell(refusal)
        return None


def _added(actor: Actor, form: NewConnectionForm) -> Connection | None:
    try:
        with transaction.atomic(durable=True):
            return services.create_connection(
                actor=actor,
                vendor=form.connector.vendor,
                name=form.cleaned_data["name"],
                label=form.cleaned_data["label"],
                config=form.config(),
                secrets=form.secrets(),
                expiries=form.expiries(),
                limits=form.part("limits"),
                **form.part("scope"),
            )
    except DomainError as refusal:
        form.tell(refusal)
        return None
