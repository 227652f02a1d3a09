"""Files of evidence: added to what they show something about, and given out as attachments."""

from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from retailops.accounts.actor import Actor
from retailops.accounts.web import actor_of
from retailops.cases.evidence import Upload, access_evidence, add_evidence, evidence_of
from retailops.cases.evidence_files import FilesField, file_response
from retailops.lib.errors import DomainError, hidden
from retailops.lib.htmx import done, show
from returns.models import Inspection
from returns.selectors import refunds_visible_to, returns_visible_to


class EvidenceForm(forms.Form):
    """Files, one at least."""

    evidence = FilesField(label="Files")


@login_required
@require_GET
def evidence_file(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Give a file out, as an attachment."""
    return file_response(access_evidence(actor_of(request), file_id))


@login_required
@require_http_methods(["GET", "POST"])
def evidence_add(request: HttpRequest, kind: str, subject_id: UUID) -> HttpResponse:
    """Ask for files, or keep them with what they show something about."""
    actor = actor_of(request)
    present = evidence_of(actor, kind, subject_id)
    back = _address(actor, kind, subject_id)
    sent = request.method == "POST"
    form = EvidenceForm(request.POST if sent else None, request.FILES if sent else None)
    if sent and form.is_valid():
        try:
            _keep(actor, kind, subject_id, form.cleaned_data["evidence"])
        except DomainError as refusal:
            if refusal.status in (403, 404):
                raise
            form.add_error("evidence", refusal.detail)
        else:
            return done(request, back, "Evidence kept.")
    context = {"form": form, "kind": kind, "subject_id": subject_id, "files": present, "back": back}
    return show(request, "workbench/evidence_add.html", context, status=422 if form.errors else 200)


def _keep(actor: Actor, kind: str, subject_id: UUID, uploads: list[Upload]) -> None:
    with transaction.atomic(durable=True):
        for upload in uploads:
            add_evidence(actor=actor, subject_type=kind, subject_id=subject_id, upload=upload)


def _address(actor: Actor, kind: str, subject_id: UUID) -> str:
    """Return the page of the thing. Raises NotFound for what the person may not see."""
    if kind in ("case", "approval"):
        return reverse(f"workbench:{kind}", args=[subject_id])
    if kind == "case_group":
        return reverse("workbench:group", args=[subject_id])
    rma_ids: dict[str, UUID | None] = {
        "return": returns_visible_to(actor).filter(pk=subject_id).values_list("id", flat=True).first(),
        "refund": refunds_visible_to(actor).filter(pk=subject_id).values_list("rma_id", flat=True).first(),
        "inspection": Inspection.objects.filter(pk=subject_id).values_list("rma_id", flat=True).first(),
    }
    rma_id = rma_ids.get(kind)
    rma = returns_visible_to(actor).filter(pk=rma_id).first() if rma_id else None
    if rma is None:
        raise hidden()
    return reverse("returns:detail", args=[rma.number])
