"""Pages of API clients: list, one client, and the dialogs that create, change, rotate and revoke."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import Actor, require
from retailops.accounts.models import ApiClient
from retailops.accounts.web import actor_of
from retailops.lib.clock import now
from retailops.lib.forms import accepted
from retailops.lib.htmx import show
from retailops.lib.keyset import capped_count, keyset_page
from retailops.people.access import MANAGE, access_client
from retailops.people.selectors import clients_visible_to, is_open, story_of
from retailops.people.services.clients import Issued, change_client, create_client, revoke_client, rotate_client
from retailops.people.web.dialogs import Dialog, ask, shown
from retailops.people.web.forms import ClientForm, ReasonForm, RotateForm

REVOKED = "It is revoked; that is for good. Create another one."
TABS = {"open": "Open", "closed": "Ended or revoked"}


@login_required
@require_GET
def client_list(request: HttpRequest) -> HttpResponse:
    """Show the API clients of the query."""
    actor = actor_of(request)
    require(actor, MANAGE)
    text, tab = request.GET.get("q", "").strip(), "closed" if request.GET.get("tab") == "closed" else "open"
    rows = clients_visible_to(actor).filter(name__icontains=text)
    halves = {"open": rows.filter(is_open()), "closed": rows.exclude(is_open())}
    context = {
        "page": keyset_page(halves[tab], after=request.GET.get("after", ""), before=request.GET.get("before", "")),
        "total": capped_count(halves[tab]), "text": text,
        "tabs": [(key, title, halves[key].count(), key == tab) for key, title in TABS.items()],
    }  # fmt: skip
    return show(request, "people/clients.html", context, fragments={"clients": "people/_clients.html"})


@login_required
@require_GET
def client_detail(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Show one API client: what it may do, its keys, what happened."""
    client = access_client(actor_of(request), client_id)
    overlaps = client.previous_key_until is not None and client.previous_key_until > now()
    context = {"client": client, "story": story_of(client.id), "overlaps": overlaps, "why_not": _why_not(client)}
    return show(request, "people/client.html", context)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def client_create(request: HttpRequest) -> HttpResponse:
    """Ask what the key may do, or make it and show it this once."""
    actor = actor_of(request)
    require(actor, MANAGE)
    form = ClientForm(request.POST or None)
    dialog = Dialog("New API client", "Create key", "The key is shown once, on the next page.", reverse("clients:list"))
    return _issuing(request, dialog, form, lambda: create_client(actor, form.client(), form.cleaned_data["reason"]))


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def client_rotate(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Ask how long the key of now may overlap, or make the new one and show it this once."""
    actor, client, back = _about(request, client_id)
    form = RotateForm(request.POST or None)
    consequence = "A new key is made and shown once. A key that was rotated away before stops at once."
    dialog = Dialog("Rotate the key", "Make the new key", consequence, back, reason=_why_not(client), about=client.name)

    def run() -> Issued:
        overlap = timedelta(hours=form.cleaned_data["overlap_hours"])
        return rotate_client(actor, client.id, overlap=overlap, reason=form.cleaned_data["reason"])

    return _issuing(request, dialog, form, run)


@sensitive_variables("issued")
def _issuing(request: HttpRequest, dialog: Dialog, form: Any, command: Any) -> HttpResponse:
    issued: list[Issued] = []
    if request.method == "POST" and form.is_valid() and accepted(form, lambda: issued.append(command())):
        back = reverse("clients:detail", args=[issued[0].client.id])
        context = {"client": issued[0].client, "key": issued[0].key, "back": back, "title": "The key, this once"}
        return show(request, "people/client_key.html", context)
    return shown(request, dialog, form)


@login_required
@require_http_methods(["GET", "POST"])
def client_change(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Ask what the client may do from now on, or change it."""
    actor, client, back = _about(request, client_id)
    initial = {
        "name": client.name, "scopes": client.scopes, "requests_per_minute": client.requests_per_minute,
        "expires_at": client.expires_at, "regions": _text(client.regions), "brands": _text(client.brands),
    }  # fmt: skip
    form = ClientForm(request.POST or None, initial=initial)
    dialog = Dialog(
        "Change the client", "Save", "The key stays; it opens what you choose here, within seconds.", back,
        reason=_why_not(client), about=client.name,
    )  # fmt: skip

    def run() -> object:
        return change_client(actor, client.id, form.client(), form.cleaned_data["reason"])

    return ask(request, dialog, form, run, "Saved.")


@login_required
@require_http_methods(["GET", "POST"])
def client_revoke(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Ask why the client is revoked, or revoke it."""
    actor, client, back = _about(request, client_id)
    form = ReasonForm(request.POST or None)
    consequence = "Its keys open nothing any more, within seconds and for good. What it calls fails with 401."
    dialog = Dialog(
        "Revoke the client", "Revoke", consequence, back, danger=True, reason=_why_not(client), about=client.name
    )
    return ask(request, dialog, form, lambda: revoke_client(actor, client.id, form.cleaned_data["reason"]), "Revoked.")


def _about(request: HttpRequest, client_id: UUID) -> tuple[Actor, ApiClient, str]:
    actor = actor_of(request)
    client = access_client(actor, client_id)
    return actor, client, reverse("clients:detail", args=[client.id])


def _why_not(client: ApiClient) -> str:
    return REVOKED if client.revoked_at else ""


def _text(places: list[str]) -> str:
    return ", ".join(places)
