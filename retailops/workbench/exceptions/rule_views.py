"""Rules for cases: which causes people name, who gets what, and when somebody with more say is called."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from retailops.accounts.actor import require
from retailops.accounts.permissions import Permission
from retailops.accounts.undo import sealed
from retailops.accounts.web import actor_of
from retailops.cases import services
from retailops.cases.access import access_rule
from retailops.cases.models import CaseRule
from retailops.cases.rules import FIELDS
from retailops.cases.work_models import RuleKind
from retailops.lib.errors import NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show
from retailops.workbench.exceptions.forms import RuleForm
from retailops.workbench.exceptions.reversing import rule_removed

TOLD = {
    RuleKind.GROUP: "Cases that fit are one cause of this name, whatever the other system calls it.",
    RuleKind.ASSIGN: "New cases that fit belong to the person.",
    RuleKind.ESCALATE: "Open cases that fit and are older are escalated.",
}


@login_required
@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    """Show the rules by kind, in the order in which they are asked."""
    actor = actor_of(request)
    require(actor, Permission.CASES_MANAGE)
    rows = list(CaseRule.objects.select_related("owner").order_by("position"))
    kinds = [
        (kind, RuleKind(kind).label, TOLD[RuleKind(kind)], [rule for rule in rows if rule.kind == kind])
        for kind in RuleKind.values
    ]
    return show(request, "workbench/exceptions_rules.html", {"kinds": kinds})


@login_required
@require_http_methods(["GET", "POST"])
def rule_add(request: HttpRequest, rule_kind: str) -> HttpResponse:
    """Ask what a new rule fits and does, or make it."""
    actor = actor_of(request)
    require(actor, Permission.CASES_MANAGE)
    if rule_kind not in RuleKind.values:
        raise NotFound("There is no such kind of rule.")
    form = RuleForm(request.POST or None, kind=rule_kind)
    sent = request.method == "POST" and form.is_valid()
    if sent and accepted(form, lambda: services.make_rule(actor, form.rule())):
        return done(request, reverse("workbench:rules"), "The rule holds from now on.")
    return _form(request, form, rule_kind, request.path)


@login_required
@require_http_methods(["GET", "POST"])
def rule_change(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Ask what a rule fits and does, or change it."""
    actor = actor_of(request)
    rule = access_rule(actor, rule_id)
    present = {name: getattr(rule, name) for name in (*FIELDS, "words", "title")}
    present |= {"owner": rule.owner_id, "after": str(rule.after_seconds or "")}
    form = RuleForm(request.POST or None, kind=rule.kind, initial=present)
    sent = request.method == "POST" and form.is_valid()
    if sent and accepted(form, lambda: services.change_rule(actor, rule.id, form.rule())):
        return done(request, reverse("workbench:rules"), "The rule is changed.")
    return _form(request, form, rule.kind, request.path)


def _form(request: HttpRequest, form: RuleForm, kind: str, address: str) -> HttpResponse:
    context = {
        "form": form, "address": address, "label": RuleKind(kind).label, "consequence": TOLD[RuleKind(kind)],
        "back": reverse("workbench:rules"),
    }  # fmt: skip
    return show(request, "workbench/exceptions_rule.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def rule_move(request: HttpRequest, rule_id: UUID, rule_step: str) -> HttpResponse:
    """Ask a rule before the one before it, or remove it."""
    actor = actor_of(request)
    steps = {"up": services.raise_rule, "remove": services.remove_rule}
    if rule_step not in steps:
        raise NotFound("There is no such action.")
    address, back = reverse("workbench:rules"), ""
    with transaction.atomic(durable=True):
        rule = access_rule(actor, rule_id)
        back = sealed(actor, address, rule_removed(rule)) if rule_step == "remove" else ""
        steps[rule_step](actor, rule_id)
    told = "The rule is asked earlier." if rule_step == "up" else "The rule is gone; what it did stays."
    return done(request, address, told, undo=back)
