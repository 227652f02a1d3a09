"""What one reads about the API: the OpenAPI document, its page, and the list of problem types."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView

from retailops.lib.problem_types import PROBLEM_TYPES


@cache
def openapi_json() -> bytes:
    """Return the OpenAPI 3.1 document; made once a process, because the code that it describes does not change."""
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # untyped
    rendered: bytes = OpenApiJsonRenderer().render(schema)
    return rendered


@require_safe
@cache_control(max_age=300)
def openapi(request: HttpRequest) -> HttpResponse:
    """Answer the OpenAPI document."""
    return HttpResponse(openapi_json(), content_type="application/json")


class Reference(SpectacularSwaggerSplitView):
    """The document, readable. Its script has an address of its own, because the page allows none inline."""

    template_name = "api/reference.html"
    authentication_classes = []
    url_name = "api:openapi"


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """List the problem types that `type` of an error refers to."""
    return render(request, "api/problems.html", {"problems": PROBLEM_TYPES})
