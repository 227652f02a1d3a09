"""A board is read once for all who ask the same within some seconds; the page says as of when.

Exact percentiles over hundreds of thousands of rows cost a second of sorting, and a team looks at the same few boards.
What is kept is what the person would be shown anyway: the key holds the rights, the filters, the days and the time
zone. Redis away: the board is read anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import redis
import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.template.loader import render_to_string

from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.workbench.dashboards.boards import Board, parts_of
from retailops.workbench.dashboards.scope import Scope
from retailops.workbench.dashboards.times import freshness

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Kept:
    """A board as it was read: its parts as HTML, when that was, and until when the times of returns had come."""

    html: str
    read_at: datetime
    fresh: Any


def board_kept(request: HttpRequest, board: Board, scope: Scope, context: Mapping[str, Any]) -> Kept:
    """Return the board as it was read at most `DASHBOARD_KEEP_SECONDS` ago, else as it is now."""
    key = _key(request, board, scope)
    found = _recalled(key)
    if found is None:
        fresh, read_at = freshness(), now()
        parts = {"parts": parts_of(board, scope), "board": board, "scope": scope, **context}
        found = Kept(render_to_string("dashboards/_parts.html", parts, request=request), read_at, fresh)
        _keep(key, found)
    return found


def _key(request: HttpRequest, board: Board, scope: Scope) -> str:
    asked = (board.key, request.GET.urlencode(), scope.query(), scope.since, scope.until, str(scope.zone))
    return "board:" + sha256(repr((asked, _rights(scope.actor))).encode()).hexdigest()


def _rights(actor: Actor) -> list[Any]:
    return sorted(
        (sorted(map(str, grant.permissions)), sorted(grant.regions), sorted(grant.brands)) for grant in actor.grants
    )


def _recalled(key: str) -> Kept | None:
    if not settings.DASHBOARD_KEEP_SECONDS:
        return None
    try:
        found: Kept | None = cache.get(key)
    except redis.RedisError as error:
        log.warning("dashboards.cache_away", error=type(error).__name__)
        return None
    return found


def _keep(key: str, kept: Kept) -> None:
    if not settings.DASHBOARD_KEEP_SECONDS:
        return
    try:
        cache.set(key, kept, settings.DASHBOARD_KEEP_SECONDS)
    except redis.RedisError as error:
        log.warning("dashboards.cache_away", error=type(error).__name__)
