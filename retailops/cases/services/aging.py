"""Escalate by age: what rules say has waited too long calls for somebody with more say."""

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.cases.models import Case, CaseRule, CaseStatus, GroupState
from retailops.cases.rules import of_kinds, too_old
from retailops.cases.services.working import assign_case, escalate_case
from retailops.cases.work_models import RuleKind

AGE = Actor.system("cases")


def escalate_by_age(limit: int = 200) -> int:
    """Escalate open cases that are older than the first rule that fits them allows; return how many. A sweep.

    A case that was put off, or whose group is ignored, is out of sight on purpose and waits.
    """
    done = 0
    for rule in of_kinds(RuleKind.ESCALATE):
        done += _by(rule, limit - done)
        if done >= limit:
            break
    return done


def _by(rule: CaseRule, limit: int) -> int:
    rows = Case.objects.filter(too_old(rule), status=CaseStatus.OPEN, snoozed_until__isnull=True)
    rows = rows.exclude(group__state=GroupState.IGNORED).order_by("opened_at")
    cases = list(rows.values_list("pk", flat=True)[:limit])
    for case_id in cases:
        with transaction.atomic():
            escalate_case(AGE, case_id, f"Open for more than {told(rule.after_seconds or 0)}.")
            if rule.owner is not None and rule.owner.is_active:
                assign_case(AGE, case_id, rule.owner.id)
    return len(cases)


def told(seconds: int) -> str:
    """Return a length of time in words: its largest whole unit."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'s' if count != 1 else ''}"
    return f"{seconds} seconds"
