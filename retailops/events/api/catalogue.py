"""The event catalogue, open to everybody: AsyncAPI 3 and the JSON Schema of each type."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from retailops.events import asyncapi
from retailops.events.catalog import registry
from retailops.events.cloudevents import schema_address
from retailops.lib.problem import problem_404


@require_safe
def asyncapi_document(request: HttpRequest) -> JsonResponse:
    """Return the AsyncAPI document."""
    return JsonResponse(asyncapi.document())


@require_safe
def event_schema(request: HttpRequest, type_name: str, version: int) -> JsonResponse:
    """Return the JSON Schema (2020-12) of one version of an event type's data."""
    declared = registry.types.get((type_name, version))
    if declared is None:
        return problem_404(request)
    schema = declared.schema() | {"$id": schema_address(type_name, version)}
    return JsonResponse(schema, content_type="application/schema+json")
