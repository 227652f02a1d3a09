"""Which policy each line of a return fell under: a category's own decides its window, its fees and what is kept.

When a refund goes, where it goes and who must agree stays with the return's policy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from returns.models import Return, ReturnLine, ReturnPolicy
from returns.policy import Rules, rules_of

# Where verdicts on lines stand that the decision did not see, by the number of the return's line.
LATER = "later"


@dataclass(frozen=True)
class LinePolicy:
    """A policy version, by the label that decisions keep, with its rules."""

    label: str
    rules: Rules


def narrower_policies(rma: Return, lines: Iterable[ReturnLine]) -> dict[UUID, LinePolicy]:
    """Return the policies of the lines that fell under another one than their return, by line id.

    Read from what the decision stored; one query, and none where there is no such line.
    """
    own = rma.policy_facts.get("policy", "")
    found = {line.id: label for line in lines if (label := _label(rma, line)) not in ("", own)}
    if not found:
        return {}
    names = {label.rpartition("@")[0] for label in found.values()}
    known = {row.label: LinePolicy(row.label, rules_of(row)) for row in ReturnPolicy.objects.filter(name__in=names)}
    return {line_id: known[label] for line_id, label in found.items() if label in known}


def keep_verdict(rma: Return, line_no: int, fact: dict[str, Any]) -> None:
    """Keep what policy said of a line that came up after the decision (in memory; whoever calls saves the return)."""
    later = rma.policy_facts.get(LATER, {}) | {str(line_no): fact}
    rma.policy_facts = rma.policy_facts | {LATER: later}


def later_verdicts(rma: Return) -> list[dict[str, Any]]:
    """Return what policy said of the lines that came up after the decision, by their numbers."""
    later = rma.policy_facts.get(LATER, {})
    return [later[number] for number in sorted(later, key=int)]


def _label(rma: Return, line: ReturnLine) -> str:
    """Return the label that was kept for the line, by the decision or when it came up later."""
    told = rma.policy_facts.get("lines") or []
    fact = told[line.line_no - 1] if 0 < line.line_no <= len(told) else {}
    if fact.get("sku") != line.sku:
        fact = rma.policy_facts.get(LATER, {}).get(str(line.line_no), {})
    return str(fact.get("policy", ""))
