"""Pages of vocabularies: every term; add one, change it, retire or revive it."""

from collections.abc import Callable

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from retailops.accounts.actor import can, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, Invalid, NotFound
from retailops.lib.htmx import done, show
from returns.inputs.base import read
from returns.inputs.vocabularies import TermIn
from returns.models import Term, Vocabulary
from returns.services import vocabularies
from returns.services.vocabularies import access_vocabulary
from returns.web.policy_views import actor_of

MANAGE = Permission.POLICIES_MANAGE
SWITCHES: dict[str, tuple[Callable[..., Term], str]] = {
    "retire": (vocabularies.retire_term, "Retired: nobody can choose it any more. What names it stays."),
    "revive": (vocabularies.revive_term, "It can be chosen again."),
}


class TermForm(forms.Form):
    """A term as people see it."""

    label = forms.CharField(max_length=80, label="What people read")
    merchant_fault = forms.BooleanField(
        required=False, label="Our fault", help_text="Fees that are waived for what is our fault are not taken."
    )
    sort = forms.IntegerField(
        required=False, min_value=0, max_value=100_000, label="Place", help_text="Lower comes first. Empty: last."
    )


class NewTermForm(TermForm):
    """A new term with its code, which never changes."""

    code = forms.RegexField(
        r"^[a-z0-9][a-z0-9_]{0,39}$", label="Code",
        help_text="Small letters, digits and underscores. Decisions keep it: it never changes.",
    )  # fmt: skip
    field_order = ("code", "label", "merchant_fault", "sort")


@login_required
@require_GET
def vocabulary_list(request: HttpRequest) -> HttpResponse:
    """Show every vocabulary with its terms."""
    actor = actor_of(request)
    context = {
        "vocabularies": Vocabulary.objects.prefetch_related("terms"),
        "may_manage": can(actor, MANAGE, region="", brand=""),
    }
    return show(request, "policies/vocabularies.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def term_new(request: HttpRequest, vocabulary: str) -> HttpResponse:
    """Show the form of a new term, or add it."""
    actor = actor_of(request)
    owner = access_vocabulary(actor, vocabulary, MANAGE)
    form = NewTermForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data.pop("code")
        try:
            with transaction.atomic(durable=True):
                vocabularies.add_term(
                    actor=actor, vocabulary_code=owner.code, code=code, term=read(TermIn, form.cleaned_data)
                )
        except (Conflict, Invalid) as refusal:
            form.add_error("code", refusal.detail)
        else:
            return done(request, _address(owner), f"Added to {owner.label.lower()}.")
    context = {"form": form, "title": f"Add to {owner.label.lower()}", "back": _address(owner), "verb": "Add"}
    return show(request, "policies/term.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def term_edit(request: HttpRequest, vocabulary: str, code: str) -> HttpResponse:
    """Show the form of a term, or change it."""
    actor = actor_of(request)
    owner = access_vocabulary(actor, vocabulary, MANAGE)
    term = owner.terms.filter(code=code).first()
    if term is None:
        raise NotFound("There is no such code.")
    shown = {"label": term.label, "merchant_fault": term.merchant_fault, "sort": term.sort}
    form = TermForm(request.POST or None, initial=shown)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic(durable=True):
            vocabularies.change_term(
                actor=actor, vocabulary_code=owner.code, code=code, term=read(TermIn, form.cleaned_data)
            )
        return done(request, _address(owner), "Changed.")
    context = {"form": form, "title": term.label, "term": term, "owner": owner, "back": _address(owner), "verb": "Keep"}
    return show(request, "policies/term.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def term_switch(request: HttpRequest, vocabulary: str, code: str, verb: str) -> HttpResponse:
    """Retire a term, or revive it."""
    actor = actor_of(request)
    require(actor, MANAGE)
    if verb not in SWITCHES:
        raise NotFound("There is no such step.")
    owner = access_vocabulary(actor, vocabulary, MANAGE)
    command, message = SWITCHES[verb]
    try:
        with transaction.atomic(durable=True):
            command(actor=actor, vocabulary_code=vocabulary, code=code)
    except Conflict as refusal:
        context = {"error": refusal, "again": _address(owner)}
        return show(request, "errors/refused.html", context, status=409)
    return done(request, _address(owner), message)


def _address(owner: Vocabulary) -> str:
    return f"{reverse('policies:vocabularies')}#{owner.code}"
