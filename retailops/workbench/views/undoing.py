"""Take back what a message offers to undo."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from retailops.accounts.undo import opened, undo
from retailops.accounts.web import actor_of
from retailops.lib.errors import Conflict, Invalid
from retailops.lib.htmx import done


@login_required
@require_POST
def undo_it(request: HttpRequest) -> HttpResponse:
    """Run the reverse of what was just done; where something has changed since, say so and leave it."""
    actor = actor_of(request)
    offer = opened(actor, request.POST.get("offer", ""))
    try:
        undo(actor, offer)
    except (Conflict, Invalid) as refusal:
        return done(request, offer.back, refusal.detail, messages.WARNING)
    return done(request, offer.back, "Undone. It is as it was before.")
