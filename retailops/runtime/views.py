"""Liveness, readiness and figures, for machines."""

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from retailops.runtime import health, metrics


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process answers at all; touches nothing else, so that a restart is never asked for in vain."""
    return JsonResponse({"status": health.OK})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """503 without the database; else 200, saying what is degraded."""
    checks = health.check_all()
    return JsonResponse(health.as_json(checks), status=503 if health.overall(checks) == health.FAILED else 200)


@require_safe
@never_cache
def metrics_text(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format; asks for `Authorization: Bearer <METRICS_TOKEN>` where that variable is set."""
    expected = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if expected and not secrets.compare_digest(given.encode(), expected.encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)
