"""Which policy each line of a return fell under: a category's own decides its window, its fees and what is kept.

When a refund goes, where it goes and who must agree stays with the return's policy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from returns.models import Return, ReturnLine, ReturnPolicy
from returns.policy import Rules, rules_of


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


def _label(rma: Return, line: ReturnLine) -> str:
    """Return the label that the decision kept for the line; lines that came up later have none."""
    told = rma.policy_facts.get("lines") or []
    fact = told[line.line_no - 1] if 0 < line.line_no <= len(told) else {}
    return str(fact.get("policy", "")) if fact.get("sku") == line.sku else ""
