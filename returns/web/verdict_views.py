"""The page on which a verdict on goods is corrected, or taken back."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from inventory.enums import DECIDABLE, Disposition
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import DomainError, NotFound
from retailops.lib.forms import tell
from retailops.lib.htmx import done, show
from returns.access import access_slice
from returns.enums import DispositionStatus, ReturnStatus
from returns.models import DispositionSlice
from returns.services.placing import redecide_disposition, reverse_disposition
from returns.web.kind_forms import CorrectForm
from returns.web.views import by_number

AGAIN = "again"


@login_required
@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, number: str, slice_id: UUID) -> HttpResponse:
    """Ask what is right, or correct the verdict: another disposition, or the units wait for inspection again."""
    actor = actor_of(request)
    rma = by_number(actor, number)
    require(actor, Permission.RETURNS_INSPECT, region=rma.region, brand=rma.brand, view=Permission.RETURNS_VIEW)
    part = access_slice(actor, slice_id, Permission.RETURNS_INSPECT)
    if part.line.rma_id != rma.id:
        raise NotFound("The return has no such verdict.")
    form = CorrectForm(request.POST or None)
    form.fields["outcome"].choices = outcomes()  # type: ignore[attr-defined]  # a ChoiceField
    back = reverse("returns:detail", args=[rma.number])
    if request.method == "POST" and form.is_valid() and _corrected(form, actor, part):
        return done(request, back, "Verdict corrected.")
    context = {"rma": rma, "part": part, "form": form, "back": back, "reason": why_not_corrected(part)}
    return show(request, "returns/correct.html", context, status=422 if form.errors else 200)


def outcomes() -> list[tuple[str, str]]:
    """Return what may be right: accepted or rejected to each place, or nothing of it."""
    places = sorted(DECIDABLE, key=lambda each: str(each.label))
    accepted = [(f"accepted:{place.value}", f"Accepted: {place.label.lower()}") for place in places]
    rejected = [
        (f"rejected:{place.value}", f"Rejected: {place.label.lower()}")
        for place in places
        if place != Disposition.SELLABLE
    ]
    return [*accepted, *rejected, (AGAIN, "Inspect again: the verdict was given too early")]


def why_not_corrected(part: DispositionSlice) -> str:
    """Say why a verdict stays as it is; empty where it may be corrected. The command checks again."""
    if part.line.rma.status == ReturnStatus.CLOSED:
        return "The return is closed: reopen it first."
    if part.status == DispositionStatus.POSTING:
        return "The warehouse is about to answer; wait for it."
    return "It was corrected already." if part.status == DispositionStatus.REVERSED else ""


def _corrected(form: CorrectForm, actor: Actor, part: DispositionSlice) -> bool:
    verdict, _, place = form.cleaned_data["outcome"].partition(":")
    reason = form.cleaned_data["reason"]
    try:
        with transaction.atomic(durable=True):
            if verdict == AGAIN:
                reverse_disposition(actor=actor, slice_id=part.id, reason=reason)
            else:
                redecide_disposition(
                    actor=actor, slice_id=part.id, disposition=place, reason=reason, accepted=verdict == "accepted"
                )
    except DomainError as refusal:
        tell(form, refusal)
        return False
    return True
