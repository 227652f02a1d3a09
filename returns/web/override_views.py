"""Pages that change a refund that waits, or ask its gateway to cancel it."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.cases.evidence import Upload, add_evidence
from retailops.cases.evidence_files import FilesField
from retailops.lib.errors import Conflict, DomainError, NotFound
from retailops.lib.forms import tell
from retailops.lib.htmx import done, show
from retailops.lib.money import exponent, minor
from returns import vocabulary
from returns.access import access_refund
from returns.enums import RefundStatus
from returns.inputs import read
from returns.inputs.refunds import RefundOverrideIn
from returns.models import Refund, Return
from returns.refund_terms import read_terms
from returns.services.canceling import request_cancel
from returns.services.overriding import WAITING, override_refund
from returns.web.forms import VerdictForm
from returns.web.views import by_number


class OverrideForm(forms.Form):
    """Another shape of a refund that waits; what is left as it is follows policy."""

    amount = forms.DecimalField(required=False, min_value=Decimal(0), label="Another amount")
    payment = forms.ChoiceField(required=False, label="Pay back to")
    waive_fees = forms.BooleanField(required=False, label="Leave the fees out")
    refund_shipping = forms.BooleanField(required=False, label="Give all of the shipping back")
    no_receipt = forms.BooleanField(required=False, label="There is no receipt")
    out_of_window = forms.BooleanField(required=False, label="It is out of the return window")
    reason_code = forms.ChoiceField(
        label="Why", choices=lambda: [("", "Choose"), *vocabulary.choices("override_reason")]
    )
    reason = forms.CharField(max_length=200, label="In words", help_text="Whoever decides reads it.")
    evidence = FilesField(required=False, label="Evidence")
    expected_amount = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, refund: Refund, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = refund.currency
        self.initial.setdefault("expected_amount", refund.amount)
        self.fields["amount"].widget.attrs["step"] = str(Decimal(1).scaleb(-exponent(refund.currency)))
        self.fields["amount"].help_text = f"The whole refund in {refund.currency}. Empty: what policy gives."
        field = self.fields["payment"]
        if isinstance(field, forms.ChoiceField):
            payments = read_terms(refund.rma, by_itself=False).payments.values()
            named = [(str(each.id), f"{each.tender} by {each.gateway}") for each in payments]
            field.choices = [("", "As policy says"), *named]

    def clean(self) -> dict[str, Any]:
        """Turn the amount into minor units."""
        data = super().clean() or {}
        try:
            return {**data, "amount": data.get("amount") and minor(data["amount"], self.currency)}
        except ValueError as fault:
            self.add_error("amount", str(fault))
            return data

    def as_input(self, files: list[str]) -> RefundOverrideIn:
        """Return the command's input."""
        given = self.cleaned_data
        rules = ("waive_fees", "no_receipt", "out_of_window", "reason_code", "reason", "expected_amount")
        return read(
            RefundOverrideIn,
            {
                **{name: given[name] for name in rules},
                "amount": given["amount"] or None,
                "refund_shipping": given["refund_shipping"] or None,
                "payment_id": given["payment"] or None,
                "files": files,
            },
        )


@login_required
@require_http_methods(["GET", "POST"])
def override(request: HttpRequest, number: str, refund_id: UUID) -> HttpResponse:
    """Ask for another shape of a refund that waits, or put it in its place."""
    actor, rma, refund = _refund(request, number, refund_id)
    form = OverrideForm(request.POST or None, request.FILES or None, refund=refund)
    if request.method == "POST" and form.is_valid():
        try:
            return _overridden(request, actor, rma, refund, form)
        except Conflict as conflict:
            context = {"error": conflict, "again": _address(rma)}
            return show(request, "errors/refused.html", context, status=409)
        except DomainError as refusal:
            tell(form, refusal)
    reason = "" if refund.status in WAITING else f"It is {refund.get_status_display().lower()}: it waits no more."
    context = {"refund": refund, "rma": rma, "form": form, "reason": reason, "back": _address(rma)}
    return show(request, "returns/override.html", context, status=422 if form.errors else 200)


def _overridden(request: HttpRequest, actor: Actor, rma: Return, refund: Refund, form: OverrideForm) -> HttpResponse:
    with transaction.atomic(durable=True):
        files = [_kept(actor, rma, upload) for upload in form.cleaned_data["evidence"]]
        made = override_refund(actor=actor, refund_id=refund.id, override=form.as_input(files))
    waits = any(each.status == RefundStatus.PENDING_APPROVAL for each in made)
    message = "Changed. A second person must agree." if waits else "Changed; it is within policy and goes now."
    return done(request, _address(rma), message)


def _kept(actor: Actor, rma: Return, upload: Upload) -> str:
    return str(add_evidence(actor=actor, subject_type="return", subject_id=rma.id, upload=upload).id)


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, number: str, refund_id: UUID) -> HttpResponse:
    """Ask why a refund is to be canceled, or ask its gateway to cancel it."""
    actor, rma, refund = _refund(request, number, refund_id)
    form = VerdictForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                request_cancel(actor=actor, refund_id=refund.id, reason=form.cleaned_data["reason"])
        except DomainError as refusal:
            tell(form, refusal)
        else:
            return done(request, _address(rma), "Asked. The money stays reserved until the gateway answers.")
    waits = refund.status == RefundStatus.REQUIRES_ACTION
    reason = "" if waits else "A gateway cancels a refund only while it waits for the customer."
    context = {"refund": refund, "rma": rma, "form": form, "reason": reason, "back": _address(rma)}
    return show(request, "returns/refund_cancel.html", context, status=422 if form.errors else 200)


def _refund(request: HttpRequest, number: str, refund_id: UUID) -> tuple[Actor, Return, Refund]:
    actor = actor_of(request)
    rma = by_number(actor, number)
    refund = access_refund(actor, refund_id, Permission.REFUNDS_PROPOSE)
    if refund.rma_id != rma.id:
        raise NotFound("The return has no such refund.")
    return actor, rma, refund


def _address(rma: Return) -> str:
    return reverse("returns:detail", args=[rma.number])
