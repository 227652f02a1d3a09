"""Pages of what offline tills handed in."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from retailops.accounts.actor import require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.htmx import show
from retailops.lib.keyset import keyset_page
from returns.selectors import store_batch_detail, store_batches_visible_to


@login_required
@require_GET
def batch_list(request: HttpRequest) -> HttpResponse:
    """Show the batches, the last received first."""
    actor = actor_of(request)
    require(actor, Permission.RETURNS_VIEW)
    rows = store_batches_visible_to(actor)
    page = keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {"page": page, "total": rows.count()}
    return show(request, "returns/batches.html", context, fragments={"batches": "returns/_batches.html"})


@login_required
@require_GET
def batch_detail(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Show one batch with its items, what did not fit and what was paid out."""
    batch = store_batch_detail(actor_of(request), batch_id)
    return show(request, "returns/batch.html", {"batch": batch})
