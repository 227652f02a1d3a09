"""The inbox of a connection: what waits and what stopped, each message with its body (redacted), retry, set aside.

What a message is about is not known before it is taken, so it is for those alone who may see deliveries everywhere.
"""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors import redaction, services
from connectors.models import Connection, InboxMessage, InboxStatus
from connectors.web.views import actor_of, by_name
from connectors.wording import topic as topic_words
from retailops.accounts.actor import EVERYWHERE, Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page
from returns.web.listing import Tab

STATES = {
    "dead": ("Stopped", [InboxStatus.DEAD]),
    "waiting": ("Waiting", [InboxStatus.WAITING, InboxStatus.PENDING]),
    "done": ("Taken", [InboxStatus.DONE]),
}


class SetAsideForm(forms.Form):
    """Why a message is not taken."""

    reason = forms.CharField(max_length=300, help_text="It stays stored, with your reason.")


@login_required
@require_GET
def inbox(request: HttpRequest, name: str) -> HttpResponse:
    """Show the connection's messages in one state, the newest first."""
    actor, connection = actor_of(request), by_name(name)
    require(actor, Permission.DELIVERIES_VIEW, region=EVERYWHERE, brand=EVERYWHERE)
    chosen = request.GET.get("state", "dead")
    chosen = chosen if chosen in STATES else "dead"
    rows = {key: _messages(connection).filter(status__in=states) for key, (_, states) in STATES.items()}
    page = keyset_page(rows[chosen], after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    for row in page.rows:
        row.words = topic_words(row.topic)
    tabs = [Tab(key, title, capped_count(rows[key]), key == chosen) for key, (title, _) in STATES.items()]
    context = {
        "connection": connection, "page": page, "tabs": tabs, "state": chosen,
        "total": next(tab.count for tab in tabs if tab.current), "may_retry": can(actor, Permission.DELIVERIES_REPLAY),
    }  # fmt: skip
    return show(request, "connections/inbox.html", context)


def _messages(connection: Connection) -> Any:
    return InboxMessage.objects.filter(connection=connection).defer("body", "headers")


def _message(connection: Connection, message_id: UUID) -> InboxMessage:
    found = InboxMessage.objects.filter(pk=message_id, connection=connection).first()
    if found is None:
        raise NotFound("There is no such message.")
    return found


@login_required
@require_GET
def message(request: HttpRequest, name: str, message_id: UUID) -> HttpResponse:
    """Show one message: what it is, what became of it, and its body without secrets and personal data."""
    actor, connection = actor_of(request), by_name(name)
    require(actor, Permission.DELIVERIES_VIEW, region=EVERYWHERE, brand=EVERYWHERE)
    found = _message(connection, message_id)
    context = {
        "connection": connection, "message": found, "words": topic_words(found.topic), "body": _body(found),
        "stopped": found.status == InboxStatus.DEAD, "may_retry": can(actor, Permission.DELIVERIES_REPLAY),
        "may_set_aside": can(actor, Permission.DELIVERIES_DISCARD),
    }  # fmt: skip
    return show(request, "connections/message.html", context)


def _body(found: InboxMessage) -> str:
    content = bytes(found.body)
    if not content:
        return ""
    try:
        return redaction.bounded_text(json.loads(content))
    except ValueError:
        return f"{len(content)} bytes that are not JSON."


@login_required
@require_POST
def retry(request: HttpRequest, name: str, message_id: UUID) -> HttpResponse:
    """Have a stopped message taken again."""
    actor, connection = actor_of(request), by_name(name)
    found = _message(connection, message_id)
    address = reverse("connections:message", args=[connection.name, found.id])
    try:
        with transaction.atomic(durable=True):
            services.retry_message(actor=actor, message_id=found.id)
    except Conflict as conflict:
        return done(request, address, conflict.detail, messages.ERROR)
    return done(request, address, "It is taken again now.")


@login_required
@require_http_methods(["GET", "POST"])
def set_aside(request: HttpRequest, name: str, message_id: UUID) -> HttpResponse:
    """Show the form that ends a stopped message without taking it, or end it."""
    actor, connection = _may_set_aside(request), by_name(name)
    found = _message(connection, message_id)
    form = SetAsideForm(request.POST or None)
    address = reverse("connections:message", args=[connection.name, found.id])
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if accepted(form, lambda: services.set_message_aside(actor=actor, message_id=found.id, reason=reason)):
            return done(request, address, "Set aside. It stays stored.")
    context = {"connection": connection, "message": found, "form": form, "title": "Set it aside", "back": address}
    return show(request, "connections/set_aside.html", context, status=422 if form.errors else 200)


def _may_set_aside(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    require(actor, Permission.DELIVERIES_DISCARD)
    return actor
