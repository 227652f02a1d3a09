"""Which rule fits a case: by position, the first whose every named field fits. Rules are data that people edit."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Q

from retailops.accounts.models import User
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseRule
from retailops.cases.work_models import RuleKind
from retailops.lib.clock import now


@dataclass(frozen=True)
class Facts:
    """What rules ask of a case."""

    queue: str
    case_kind: str
    system: str
    operation: str
    failure_class: str
    code: str
    region: str
    text: str = ""


FIELDS = ("queue", "case_kind", "system", "operation", "failure_class", "code", "region")


def facts_of(case: CaseIn) -> Facts:
    """Return what rules ask of a case that is about to be opened."""
    return Facts(
        case.queue, case.kind, case.system, case.operation, case.failure_class, case.failure_code,
        case.subject.region, f"{case.title}\n{case.detail}",
    )  # fmt: skip


def fits(rule: CaseRule, facts: Facts) -> bool:
    """Tell whether everything that the rule names is so; case does not count, and words are looked for in the text."""
    named = ((getattr(rule, name), getattr(facts, name)) for name in FIELDS)
    return all(not wanted or wanted.lower() == found.lower() for wanted, found in named) and (
        not rule.words or rule.words.lower() in facts.text.lower()
    )


def first_that_fits(rules: Iterable[CaseRule], facts: Facts) -> CaseRule | None:
    """Return the first rule that fits."""
    return next((rule for rule in rules if fits(rule, facts)), None)


def of_kinds(*kinds: str) -> list[CaseRule]:
    """Return the rules of these kinds in their order, with owners."""
    return list(CaseRule.objects.filter(kind__in=kinds).select_related("owner").order_by("kind", "position"))


def ruled(case: CaseIn) -> tuple[CaseIn, User | None]:
    """Return the case with the fingerprint that an administrators' rule gives it, and the person that a rule names."""
    rules, facts = of_kinds(RuleKind.GROUP, RuleKind.ASSIGN), facts_of(case)
    cause = first_that_fits((rule for rule in rules if rule.kind == RuleKind.GROUP), facts)
    if cause is not None:
        case = replace(case, fingerprint=fingerprint_of(cause), group_title=cause.title)
    person = first_that_fits((rule for rule in rules if rule.kind == RuleKind.ASSIGN), facts)
    owner = person.owner if person else None
    return case, owner if owner is not None and owner.is_active else None


def fingerprint_of(rule: CaseRule) -> str:
    """Return the name of the cause that a rule makes; never that of a failure by itself."""
    return hashlib.sha256(f"rule\x1f{rule.id}".encode()).hexdigest()[:32]


def fits_q(rule: CaseRule) -> Q:
    """Return the filter of open cases that the rule fits."""
    names = {"case_kind": "kind", "code": "failure_code"}
    wanted = {f"{names.get(name, name)}__iexact": getattr(rule, name) for name in FIELDS if getattr(rule, name)}
    words = Q(title__icontains=rule.words) | Q(detail__icontains=rule.words) if rule.words else Q()
    return Q(**wanted) & words


def too_old(rule: CaseRule) -> Q:
    """Return the filter of cases that the rule fits and that are older than it allows, not escalated yet."""
    limit = now() - timedelta(seconds=rule.after_seconds or 0)
    return fits_q(rule) & Q(opened_at__lte=limit, escalated_at__isnull=True)


def facts_of_case(case: Case) -> Facts:
    """Return what rules ask of a case that is open."""
    return Facts(
        case.queue, case.kind, case.system, case.operation, case.failure_class, case.failure_code, case.region,
        f"{case.title}\n{case.detail}",
    )  # fmt: skip
