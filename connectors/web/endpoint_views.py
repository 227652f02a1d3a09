"""Pages of webhook subscriptions: all of them, one with what did not arrive, and the steps of their life.

A new secret is shown once, on the page that answers its making.
"""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors.models import WebhookEndpoint
from connectors.selectors import endpoint_visible_to, endpoints_visible_to
from connectors.web.adding import MANAGE, manager_of
from connectors.web.endpoint_forms import DisableForm, EndpointForm, RotateEndpointForm, groups
from connectors.web.health import LastHour, last_hour
from connectors.web.views import actor_of
from connectors.webhooks_out import services
from retailops.accounts.actor import can
from retailops.events.enums import OPEN_STATUSES
from retailops.events.selectors import QueueFigures, deliveries_visible_to, queue_figures
from retailops.lib.clock import now
from retailops.lib.errors import DomainError
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page

FAILURES = 10


def address(endpoint: WebhookEndpoint) -> str:
    """Return the address of the subscription's page."""
    return reverse("subscriptions:detail", args=[endpoint.id])


@login_required
@require_GET
def endpoints(request: HttpRequest) -> HttpResponse:
    """Show the subscriptions, the newest first, each with what waits and how the last hour went."""
    actor = actor_of(request)
    rows = endpoints_visible_to(actor)
    page = keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    ids = [row.destination_id for row in page.rows]
    queues, hours = queue_figures(ids), last_hour(ids)
    told = [
        (row, queues.get(row.destination_id, QueueFigures()), hours.get(row.destination_id, LastHour()))
        for row in page.rows
    ]
    context = {"told": told, "page": page, "total": capped_count(rows), "may_manage": can(actor, MANAGE)}
    return show(request, "subscriptions/list.html", context)


@login_required
@require_GET
def endpoint(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Show one subscription: what it gets, how it goes, what did not arrive."""
    actor = actor_of(request)
    found = endpoint_visible_to(actor, endpoint_id)
    failed = deliveries_visible_to(actor).filter(destination=found.destination_id, status__in=OPEN_STATUSES)
    queue = queue_figures([found.destination_id])
    hour = last_hour([found.destination_id])
    context = {
        "endpoint": found, "may_manage": can(actor, MANAGE),
        "queue": queue.get(found.destination_id, QueueFigures()), "hour": hour.get(found.destination_id, LastHour()),
        "failed": failed.exclude(failure_class="").order_by("-id")[:FAILURES],
        "overlaps": bool(found.former_until and found.former_until > now()),
    }  # fmt: skip
    return show(request, "subscriptions/detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Show the form that subscribes an address, or subscribe it and show its secret once."""
    actor, form = manager_of(request), EndpointForm(request.POST or None)
    back = reverse("subscriptions:list")
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                made = services.create_endpoint(actor=actor, **form.cleaned_data)
        except DomainError as refusal:
            form.tell(refusal)
        else:
            return _secret(request, made, "It gets events from now on.")
    context = {"form": form, "title": "Add a subscription", "back": back, "do": reverse("subscriptions:add")}
    status = 422 if form.errors else 200
    return show(request, "subscriptions/form.html", {**context, "groups": groups()}, status=status)


def _secret(request: HttpRequest, made: services.MadeEndpoint, what: str) -> HttpResponse:
    """Answer with the new secret itself: no address leads to it, and it is not kept by anybody."""
    context = {"endpoint": made.endpoint, "secret": made.secret, "what": what, "back": address(made.endpoint)}
    return show(request, "subscriptions/secret.html", {**context, "title": "The secret, shown this once"})


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Show the form that changes a subscription, or change it."""
    actor = manager_of(request)
    found = endpoint_visible_to(actor, endpoint_id)
    form = EndpointForm(request.POST or None, found)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                services.configure_endpoint(actor=actor, endpoint_id=found.id, **form.cleaned_data)
        except DomainError as refusal:
            form.tell(refusal)
        else:
            return done(request, address(found), "The subscription is changed.")
    context = {"form": form, "title": "Edit the subscription", "back": address(found), "groups": groups()}
    context["do"] = reverse("subscriptions:edit", args=[found.id])
    return show(request, "subscriptions/form.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Show the form that makes a new secret, or make it and show it once."""
    actor = manager_of(request)
    found, form = endpoint_visible_to(actor, endpoint_id), RotateEndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic(durable=True):
            made = services.rotate_endpoint_secret(
                actor=actor, endpoint_id=found.id, overlap_seconds=form.cleaned_data["overlap"]
            )
        return _secret(request, made, "Webhooks bear both signatures until the overlap is over.")
    context = {
        "form": form, "title": "A new secret", "back": address(found), "button": "Make a new secret",
        "told": "The receiver must know it before the overlap is over: webhooks bear both signatures until then.",
        "do": reverse("subscriptions:rotate", args=[found.id]),
    }  # fmt: skip
    return show(request, "subscriptions/step.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def test(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Owe it one test event, by the way that all events go."""
    actor = manager_of(request)
    found = endpoint_visible_to(actor, endpoint_id)
    with transaction.atomic(durable=True):
        services.send_test(actor=actor, endpoint_id=found.id)
    return done(request, address(found), "A test event is on its way.")


@login_required
@require_http_methods(["GET", "POST"])
def disable(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Show the form that holds a subscription, or hold it."""
    actor = manager_of(request)
    found, form = endpoint_visible_to(actor, endpoint_id), DisableForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if accepted(form, lambda: services.disable_endpoint(actor=actor, endpoint_id=found.id, reason=reason)):
            return done(request, address(found), "Nothing more is sent there.")
    context = {
        "form": form, "title": "Disable the subscription", "back": address(found), "button": "Disable", "danger": True,
        "told": "What is owed is held. Events from now on are not kept for it.",
        "do": reverse("subscriptions:disable", args=[found.id]),
    }  # fmt: skip
    return show(request, "subscriptions/step.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def enable(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Send again."""
    actor = manager_of(request)
    found = endpoint_visible_to(actor, endpoint_id)
    with transaction.atomic(durable=True):
        services.enable_endpoint(actor=actor, endpoint_id=found.id)
    return done(request, address(found), "It gets events again, what was held first.")


@login_required
@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Show the form that removes a subscription, or remove it."""
    actor = manager_of(request)
    found, form = endpoint_visible_to(actor, endpoint_id), DisableForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if accepted(form, lambda: services.retire_endpoint(actor=actor, endpoint_id=found.id, reason=reason)):
            return done(request, reverse("subscriptions:list"), "The subscription is removed. Its history stays.")
    context = {
        "form": form, "title": "Remove the subscription", "back": address(found), "button": "Remove", "danger": True,
        "told": "For good. What is owed to it is never sent; the history of its deliveries stays.",
        "do": reverse("subscriptions:remove", args=[found.id]),
    }  # fmt: skip
    return show(request, "subscriptions/step.html", context, status=422 if form.errors else 200)
