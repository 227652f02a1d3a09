"""The page of one order."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from retailops.accounts.web import actor_of
from retailops.lib.htmx import show
from returns.access import access_order
from returns.web.order_page import OrderPage


@login_required
@require_GET
def order_detail(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show an order: what was bought, paid, sent, and of it what came back."""
    actor = actor_of(request)
    page = OrderPage(actor, access_order(actor, order_id))
    return show(request, "orders/detail.html", {"page": page, "order": page.order})
