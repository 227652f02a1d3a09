"""Pages of the source of truth: the rules, and the dialogs of setting and removing one."""

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from reconciliation.web.views import ReasonForm
from retailops.accounts.actor import can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.web import actor_of
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from returns.inputs import read
from returns.inputs.truth import TruthIn
from returns.models import SourceOfTruth, TruthObject
from returns.services.owning import disown_field, own_field
from returns.truth import FIELDS

MANAGE = Permission.POLICIES_MANAGE


class TruthForm(forms.Form):
    """One field and the system that owns it."""

    field = forms.ChoiceField(
        label="Field",
        choices=[
            (kind.label, [(f"{kind.value}.{name}", name.replace("_", " ").capitalize()) for name in FIELDS[kind]])
            for kind in TruthObject
        ],
    )
    system = forms.CharField(max_length=64, label="Owner", help_text="The channel's name, or the source that tells it.")
    channel = forms.CharField(max_length=64, label="Channel", required=False, help_text="Empty: all channels.")
    reason = forms.CharField(max_length=200, label="Reason")


@login_required
@require_GET
def truth_list(request: HttpRequest) -> HttpResponse:
    """Show the rules."""
    actor = actor_of(request)
    require(actor, Permission.POLICIES_VIEW)
    rules = SourceOfTruth.objects.order_by("object", "field", "channel")
    return show(request, "discrepancies/truth.html", {"rules": rules, "may_manage": can(actor, MANAGE)})


@login_required
@require_http_methods(["GET", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """Ask for the owner of a field, or set it."""
    actor, back = actor_of(request), reverse("discrepancies:truth")
    require(actor, MANAGE)
    form = TruthForm(request.POST or None)

    def run() -> None:
        given = form.cleaned_data
        kind, _, name = given["field"].partition(".")
        told = {"object": kind, "field": name, "channel": given["channel"], "system": given["system"]}
        own_field(actor=actor, truth=read(TruthIn, told), reason=given["reason"])

    if request.method == "POST" and form.is_valid() and accepted(form, run):
        return done(request, back, "The owner is set.")
    context = {"form": form, "back": back}
    return show(request, "discrepancies/own.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def disown(request: HttpRequest, truth_id: int) -> HttpResponse:
    """Ask why a rule goes, or remove it."""
    actor, back = actor_of(request), reverse("discrepancies:truth")
    require(actor, MANAGE)
    rule = SourceOfTruth.objects.filter(pk=truth_id).first()
    if rule is None:
        raise NotFound("There is no such rule.")
    form = ReasonForm(request.POST or None)

    def run() -> None:
        disown_field(actor=actor, truth_id=rule.pk, reason=form.cleaned_data["reason"])

    if request.method == "POST" and form.is_valid() and accepted(form, run):
        return done(request, back, "The rule is removed.")
    context = {"form": form, "rule": rule, "back": back}
    return show(request, "discrepancies/disown.html", context, status=422 if form.errors else 200)
