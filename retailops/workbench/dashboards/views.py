"""Pages of the dashboards: a board, and the rows behind one of its figures."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from retailops.accounts import web
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.errors import NotFound
from retailops.lib.htmx import show
from retailops.workbench.dashboards.boards import BOARDS, Board, board_for
from retailops.workbench.dashboards.catalog import FIGURES
from retailops.workbench.dashboards.choices import choices
from retailops.workbench.dashboards.figures import Figure
from retailops.workbench.dashboards.keeping import board_kept
from retailops.workbench.dashboards.reading import read, room_to_sort
from retailops.workbench.dashboards.rows import export, rows_page
from retailops.workbench.dashboards.scope import RANGES, Scope, scope_of
from retailops.workbench.dashboards.times import freshness


def _actor(request: HttpRequest) -> Actor:
    actor = web.actor_of(request)
    require(actor, Permission.DASHBOARDS_VIEW)
    return actor


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show the board that the person's role looks at first."""
    actor = _actor(request)
    return _board(request, actor, board_for(actor))


@login_required
@require_GET
def board(request: HttpRequest, board: str) -> HttpResponse:
    """Show one board."""
    actor, found = _actor(request), BOARDS.get(board)
    if found is None:
        raise NotFound("There is no such dashboard.")
    return _board(request, actor, found)


def _board(request: HttpRequest, actor: Actor, board: Board) -> HttpResponse:
    scope = scope_of(actor, request.GET)
    told = _told(actor, scope)
    kept = board_kept(request, board, scope, told)
    told |= {"board": board, "boards": BOARDS.values(), "parts": kept.html}
    return show(request, "dashboards/board.html", told | {"fresh": kept.fresh, "read_at": kept.read_at})


def _told(actor: Actor, scope: Scope) -> dict[str, Any]:
    return {
        "scope": scope,
        "query": scope.query(),
        "ranges": RANGES.items(),
        "choices": choices(actor),
        "fresh": freshness(),
        "read_at": now(),
    }


@login_required
@require_GET
def rows(request: HttpRequest, figure: str) -> HttpResponse:
    """Show the rows that a figure counts."""
    actor = _actor(request)
    found, scope = _figure(actor, figure), scope_of(actor, request.GET)
    with room_to_sort():
        reading = read([found], scope)[found.key]
    context = {
        "figure": found,
        "reading": reading,
        "page": rows_page(found, scope, request.GET.get("cursor", "")),
        "first": not request.GET.get("cursor"),
        "list": f"dashboards/_{found.base.source.name}.html",
        "back": board_for(actor).url,
        **_told(actor, scope),
    }
    return show(request, "dashboards/rows.html", context, fragments={"rows": "dashboards/_rows.html"})


@login_required
@require_GET
def rows_export(request: HttpRequest, figure: str) -> StreamingHttpResponse:
    """Stream the rows that a figure counts as CSV."""
    actor = _actor(request)
    found = _figure(actor, figure)
    response = StreamingHttpResponse(
        export(found, scope_of(actor, request.GET)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{found.key}-{timezone.localtime():%Y%m%d-%H%M}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _figure(actor: Actor, key: str) -> Figure:
    found = FIGURES.get(key)
    if found is None:
        raise NotFound("There is no such figure.")
    require(actor, found.base.source.permission)
    return found
