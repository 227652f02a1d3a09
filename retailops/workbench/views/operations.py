"""Bulk operations: the list, and one with its plan, progress, report and items."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.cases.models import ApprovalStatus
from retailops.lib.htmx import show
from retailops.replays.access import access_operation, may_act
from retailops.replays.models import REPLAY, BulkOperation, BulkStatus
from retailops.replays.rules import Rules
from retailops.replays.services import word_on_plan
from retailops.replays.totals import money_of
from retailops.workbench.operation_list import export_items, operation_listing, operation_page
from retailops.workbench.views.plan_steps import offers


@login_required
@require_GET
def operation_list(request: HttpRequest) -> HttpResponse:
    """Show the bulk operations that the person may see, the newest first."""
    actor = actor_of(request)
    require(actor, Permission.DELIVERIES_VIEW)
    context = {"listing": operation_listing(actor, request.GET)}
    return show(request, "replays/operations.html", context, fragments={"operations": "replays/_operations.html"})


@login_required
@require_GET
def operation_detail(request: HttpRequest, operation_id: UUID) -> HttpResponse:
    """Show one operation; asked again every second while it is at work."""
    actor = actor_of(request)
    operation = access_operation(actor, operation_id)
    context = {"page": operation_page(operation, request.GET), **about(actor, operation)}
    fragments = {"operation": "replays/_operation.html", "items": "replays/_items.html"}
    return show(request, "replays/operation.html", context, fragments=fragments)


def about(actor: Actor, operation: BulkOperation) -> dict[str, Any]:
    """Return what the page says of an operation beside its figures."""
    word = word_on_plan(operation) if operation.status == BulkStatus.PLANNED and operation.needs_approval else None
    return {
        "operation": operation,
        "replays": operation.kind == REPLAY,
        "told": told(operation),
        "money": money_of(operation),
        "rules": Rules.read(operation.rules),
        "word": word,
        "word_given": word is not None and word.status == ApprovalStatus.APPROVED,
        "offers": offers(actor, operation, word),
        "live": operation.status in {BulkStatus.PLANNING, BulkStatus.RUNNING},
        "may_decide": word is not None and can(actor, Permission.APPROVALS_DECIDE, region=word.region, brand=word.brand)
        and word.requested_by != actor.key,
        "may_act": may_act(actor, operation),
    }  # fmt: skip


def told(operation: BulkOperation) -> list[tuple[str, str]]:
    """Return in words what the person chose for all of them."""
    given = operation.given
    found = [("Note", given["text"])] if "text" in given else []
    if "until" in given:
        found.append(("Until", f"{timezone.localtime(datetime.fromisoformat(given['until'])):%Y-%m-%d %H:%M}"))
    return [*found, ("Evidence", _in_words(given["evidence"]))] if "evidence" in given else found


def _in_words(evidence: str | Mapping[str, Any]) -> str:
    """Return evidence in words: a reference by itself, else each thing that was named."""
    if isinstance(evidence, str) or set(evidence) == {"reference"}:
        return evidence if isinstance(evidence, str) else str(evidence["reference"])
    return ", ".join(f"{name}: {value}" for name, value in evidence.items())


@login_required
@require_GET
def operation_export(request: HttpRequest, operation_id: UUID) -> StreamingHttpResponse:
    """Stream the items with their results as CSV."""
    operation = access_operation(actor_of(request), operation_id)
    response = StreamingHttpResponse(export_items(operation), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="operation-{str(operation.id)[-12:]}.csv"'
    response["Cache-Control"] = "no-store"
    return response
