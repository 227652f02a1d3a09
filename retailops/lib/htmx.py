"""One URL, one view: a fragment when htmx asks for one, else the page. Works the same without JavaScript."""

import json
from collections.abc import Mapping
from typing import Any, Protocol, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

PAGE, PARTIAL, SHEET = "base.html", "_partial.html", "_sheet.html"
SHEET_TARGET = "sheet-content"


class HtmxDetails(Protocol):
    """What django-htmx tells of a request."""

    boosted: bool
    target: str | None

    def __bool__(self) -> bool:
        """Tell whether htmx made the request."""


def details(request: HttpRequest) -> HtmxDetails | None:
    """Return htmx's details when it asks for a fragment; None for a page (also when boosted)."""
    found = cast(HtmxDetails | None, getattr(request, "htmx", None))
    return found if found and not found.boosted else None


def layout(request: HttpRequest) -> str:
    """Return the template that the page's own template extends: whole page, its content, or a dialog's content."""
    htmx = details(request)
    if htmx is None:
        return PAGE
    return SHEET if htmx.target == SHEET_TARGET else PARTIAL


def show(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    fragments: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page, or the fragment whose element id htmx will swap (`fragments`: element id → template)."""
    htmx = details(request)
    chosen = (fragments or {}).get(htmx.target or "", template) if htmx else template
    response = render(request, chosen, {**(context or {}), "layout": layout(request)}, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def done(
    request: HttpRequest,
    url: str,
    message: str,
    level: int = messages.SUCCESS,
    *,
    undo: str = "",
    undo_seconds: int = 0,
) -> HttpResponse:
    """Answer an accepted command: htmx fetches the page's content anew, a plain form is redirected there (303).

    `undo` is a sealed offer (`retailops.accounts.undo`), which the message carries as a button; `undo_seconds` is
    after how long that makes no sense any more, where it is a matter of seconds.
    """
    tags = f"{undo_seconds} {undo}" if undo and undo_seconds else undo
    messages.add_message(request, level, message, extra_tags=tags)
    if details(request) is None:
        return HttpResponseRedirect(url, status=303)
    where = {"path": url, "target": "#main", "swap": "innerHTML show:none"}
    return HttpResponse(headers={"HX-Location": json.dumps(where)})
