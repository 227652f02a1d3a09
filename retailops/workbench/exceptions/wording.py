"""Plain words, tone and icon of causes, of how mendings held, and of commands on several; rules as people read them."""

from retailops.cases.models import CaseRule
from retailops.workbench.words import KINDS, Word, case_kind, operation, plain

GROUP = {
    "new": Word("New", "bad", "sparkles"),
    "ongoing": Word("Ongoing", "warn", "arrow-path"),
    "acknowledged": Word("Acknowledged", "run", "check"),
    "ignored": Word("Ignored", "", "eye-slash"),
    "resolved": Word("Mended", "ok"),
    "regressed": Word("Came back", "bad", "arrow-uturn-left"),
}
HELD = {
    "held": Word("Held", "ok"),
    "some": Word("Held at times", "warn"),
    "broke": Word("Came back", "bad", "arrow-uturn-left"),
}
RESULT = {
    "done": Word("Done", "ok"),
    "refused": Word("Refused", "bad"),
}
KINDS.update({"group": GROUP, "held": HELD, "result": RESULT})


def rule_fits(rule: CaseRule) -> str:
    """Return what a rule fits: `Business · Refund the customer · words “disputed”`."""
    told = [plain(each) for each in (rule.queue, rule.failure_class) if each]
    told += [case_kind(rule.case_kind)] if rule.case_kind else []
    told += [operation(rule.operation)] if rule.operation else []
    told += [each for each in (rule.system, rule.code, rule.region) if each]
    told += [f"words “{rule.words}”"] if rule.words else []
    return " · ".join(told) or "Every case"
