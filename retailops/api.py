"""Composition of every address of the REST API, version 1, and of the pages that describe it."""

from django.urls import include, path, re_path

from retailops.api_docs import Reference, openapi, problems
from retailops.api_trace import TraceEndpoint
from retailops.lib.problem import problem_404

app_name = "api"

urlpatterns = [
    path("openapi.json", openapi, name="openapi"),
    path("", include("returns.api.urls")),
    path("", include("inventory.api.urls")),
    path("", include("reconciliation.api.urls")),
    path("", include("retailops.events.api.urls")),
    path("", include("retailops.cases.api.urls")),
    path("", include("retailops.replays.api.urls")),
    path("", include("connectors.api.urls")),
    path("", include("retailops.people.api.urls")),
    path("trace/<path:any_id>", TraceEndpoint.as_view(), name="trace"),
    re_path(r"^.*$", problem_404),
]

docs_urlpatterns = [
    path("docs/", Reference.as_view(), name="reference"),
    path("problems", problems, name="problems"),
]
