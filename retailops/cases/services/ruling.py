"""Make and change rules for cases. They apply to cases opened from then on, escalation to all that are open."""

from uuid import UUID

from django.db.models import F, Max

from retailops.accounts.actor import EVERYWHERE, Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases.access import access_rule
from retailops.cases.events import CaseRuleChanged
from retailops.cases.inputs import RuleIn
from retailops.cases.models import CaseRule
from retailops.cases.rules import FIELDS
from retailops.cases.services.working import person_who_works
from retailops.cases.work_models import RuleKind
from retailops.events.catalog import Subject
from retailops.events.publish import publish
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.joining import joins


@joins
def make_rule(actor: Actor, rule: RuleIn) -> CaseRule:
    """Make a rule, the last of its kind. Raises Invalid where it names nothing, or not what its kind does."""
    require(actor, Permission.CASES_MANAGE)
    require(actor, Permission.CASES_MANAGE, region=rule.region or EVERYWHERE)
    made = CaseRule(kind=rule.kind, made_by=actor.key)
    _fill(made, rule)
    last = CaseRule.objects.filter(kind=rule.kind).aggregate(last=Max("position"))["last"]
    made.position = (last or 0) + 1
    made.save(force_insert=True)
    return _told(actor, made, "made")


@joins
def change_rule(actor: Actor, rule_id: UUID, rule: RuleIn) -> CaseRule:
    """Change what a rule names and does; its kind and place stay. Raises as `make_rule` does."""
    found = access_rule(actor, rule_id, lock=True)
    require(actor, Permission.CASES_MANAGE, region=rule.region or EVERYWHERE)
    if rule.kind != found.kind:
        raise Invalid("A rule keeps its kind.", errors=[FieldError("/kind", "make another rule")])
    _fill(found, rule)
    found.save()
    return _told(actor, found, "changed")


@joins
def raise_rule(actor: Actor, rule_id: UUID) -> CaseRule:
    """Move a rule before the one that is asked before it; the first stays."""
    found = access_rule(actor, rule_id, lock=True)
    before = CaseRule.objects.select_for_update().filter(kind=found.kind, position__lt=found.position)
    other = before.order_by("-position").first()
    if other is None:
        return found
    require(actor, Permission.CASES_MANAGE, region=other.region or EVERYWHERE)
    found.position, other.position = other.position, found.position
    CaseRule.objects.bulk_update([found, other], ["position"])
    return _told(actor, found, "moved")


@joins
def remove_rule(actor: Actor, rule_id: UUID) -> None:
    """Remove a rule; what it did stays done."""
    found = access_rule(actor, rule_id, lock=True)
    _told(actor, found, "removed")
    found.delete()
    CaseRule.objects.filter(kind=found.kind, position__gt=found.position).update(position=F("position") - 1)


def _fill(rule: CaseRule, given: RuleIn) -> None:
    named = {name: getattr(given, name).strip() for name in (*FIELDS, "words")}
    faults = []
    if given.kind not in RuleKind.values:
        faults.append(FieldError("/kind", f"must be one of: {', '.join(RuleKind.values)}"))
    if given.kind == RuleKind.GROUP and not given.title.strip():
        faults.append(FieldError("/title", "name the cause"))
    if given.kind == RuleKind.ASSIGN and given.owner is None:
        faults.append(FieldError("/owner", "name a person"))
    if given.kind == RuleKind.ESCALATE and not (given.after_seconds and given.after_seconds >= 60):
        faults.append(FieldError("/after_seconds", "at least a minute"))
    if given.kind != RuleKind.ESCALATE and not any(named.values()):
        faults.append(FieldError("/", "name at least one thing that it fits: else it would take every case"))
    if faults:
        raise Invalid("The rule is not whole.", errors=faults)
    for name, value in named.items():
        setattr(rule, name, value)
    rule.title = given.title.strip() if given.kind == RuleKind.GROUP else ""
    rule.owner = person_who_works(given.owner) if given.kind != RuleKind.GROUP else None
    rule.after_seconds = given.after_seconds if given.kind == RuleKind.ESCALATE else None


def _told(actor: Actor, rule: CaseRule, change: str) -> CaseRule:
    subject = Subject("case_rule", rule.id, rule.id, str(rule.id), rule.region)
    publish(CaseRuleChanged(str(rule.id), rule.kind, change, rule.position), subject=subject, actor=actor)
    return rule
