"""What would a version of a policy have decided for the last returns? Computed from stored facts; nothing is written.

Each return is judged twice: as it was, by what its decision stored, and as the version in question would have. Only
returns that were asked for are known: what policy refused at the door was never one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.events.raw_sql import fetch
from retailops.lib.money import Money
from returns.enums import RefundTiming, ReturnKind
from returns.fees import FeeLine, fees_of
from returns.models import ReturnPolicy
from returns.policy import Policy, Rules, Scope, policy_of, within
from returns.selectors import returns_visible_to
from returns.vocabulary import merchant_faults

BATCH = 1000
EXAMPLES = 5
LAST = 5000

_CASES: LiteralString = """
SELECT r.number, r.kind, r.currency, r.channel, r.region, r.brand, coalesce(c."group", ''), r.requested_at, r.policy_id,
       r.policy_facts, o.placed_at,
       (SELECT jsonb_agg(jsonb_build_array(rl.units, rl.customer_reason, rl.resolution, ol.category, ol.final_sale,
                                           ol.shipped_at, ol.delivered_at, ol.net, ol.quantity) ORDER BY rl.line_no)
          FROM returns_returnline rl JOIN returns_orderline ol ON ol.id = rl.order_line_id WHERE rl.rma_id = r.id)
  FROM returns_return r
  JOIN returns_order o ON o.id = r.order_id
  LEFT JOIN returns_customer c ON c.id = r.customer_id
 WHERE r.id = ANY(%(ids)s)
 ORDER BY r.id DESC
"""


@dataclass(frozen=True)
class Line:
    """A line of a return as its decision saw it; money in minor units."""

    units: list[list[int]]
    reason: str
    resolution: str
    category: str
    final_sale: bool
    shipped_at: datetime | None
    delivered_at: datetime | None
    net: int
    quantity: int
    value: int
    policy: str
    broken: frozenset[str]


@dataclass(frozen=True)
class Past:
    """A return with the facts of its decision."""

    number: str
    kind: str
    currency: str
    scope: Scope
    at: datetime
    placed_at: datetime
    policy_id: UUID
    lines: list[Line]

    @property
    def value(self) -> int:
        """Return what was paid for its units."""
        return sum(line.value for line in self.lines)


@dataclass(frozen=True)
class Outcome:
    """What a set of rules makes of a return."""

    broken: frozenset[str]
    reviewed: bool
    timing: str
    fees: int
    paid_alone: bool
    kept: bool

    @property
    def allowed(self) -> bool:
        """Tell whether policy allows it."""
        return not self.broken


@dataclass
class Group:
    """Returns that the version decides otherwise in one respect: how many, worth what, and some of them, newest first.

    `money` is by currency in minor units; for fees it is what customers would pay more (or, negative, less).
    """

    key: str
    title: str
    count: int = 0
    money: dict[str, int] = field(default_factory=dict)
    examples: list[tuple[str, str]] = field(default_factory=list)

    def add(self, past: Past, amount: int, note: str) -> None:
        """Count a return."""
        self.count += 1
        self.money[past.currency] = self.money.get(past.currency, 0) + amount
        if len(self.examples) < EXAMPLES:
            self.examples.append((past.number, note))

    @property
    def amounts(self) -> list[Money]:
        """Return the money by currency."""
        return [Money(amount, currency) for currency, amount in sorted(self.money.items())]


TITLES = {
    "newly_allowed": "Newly allowed",
    "newly_refused": "Newly refused",
    "now_reviewed": "Looked at by a person instead of authorized at once",
    "now_authorized": "Authorized at once instead of looked at",
    "other_timing": "Refunded at another time",
    "now_approved": "Refund needs a second person",
    "now_paid_alone": "Refund goes without a second person",
    "other_fee": "Another fee",
    "now_kept": "Customer keeps the goods",
    "now_sent_back": "Customer sends the goods back",
}


@dataclass
class Impact:
    """The account: looked at = unchanged + changed + outside of the version's scope. A return may be in many groups."""

    policy: str
    looked_at: int = 0
    unchanged: int = 0
    changed: int = 0
    outside: int = 0
    groups: dict[str, Group] = field(default_factory=lambda: {key: Group(key, text) for key, text in TITLES.items()})

    @property
    def found(self) -> list[Group]:
        """Return the groups that hold something, in their order."""
        return [group for group in self.groups.values() if group.count]


def impact_of(
    actor: Actor,
    policy: ReturnPolicy,
    *,
    last: int = LAST,
    since: datetime | None = None,
    channel: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Impact:
    """Compare the version with what was decided on the last returns that the actor may see, newest first.

    The version counts as if in force for all orders of its scope. One statement a thousand returns; the same returns
    give the same account.
    """
    rows = returns_visible_to(actor).filter(order__isnull=False, policy__isnull=False)
    rows = rows.filter(requested_at__gte=since) if since else rows
    rows = rows.filter(channel=channel) if channel else rows
    ids = list(rows.order_by("-id").values_list("id", flat=True)[:last])
    judge = _Judge(policy)
    impact = Impact(policy.label)
    for start in range(0, len(ids), BATCH):
        for past in _read(ids[start : start + BATCH]):
            _count(impact, judge, past)
        progress(min(start + BATCH, len(ids)), len(ids))
    return impact


def _read(ids: Sequence[UUID]) -> Iterator[Past]:
    for row in fetch(_CASES, {"ids": list(ids)}, prepare=True):
        number, kind, currency, channel, region, brand, group, requested_at, policy_id, facts, placed_at, lines = row
        told = facts.get("lines") or []
        seen = [_line(line, fact) for line, fact in zip(lines or [], told, strict=False)]
        at = datetime.fromisoformat(facts["at"]) if "at" in facts else requested_at
        scope = Scope(channel, region, brand, group)
        yield Past(number, kind, currency, scope, at, placed_at, policy_id, seen)


def _line(row: list[Any], fact: dict[str, Any]) -> Line:
    units, reason, resolution, category, final_sale, shipped_at, delivered_at, net, quantity = row
    return Line(
        units=units,
        reason=reason,
        resolution=resolution,
        category=fact.get("category", category),
        final_sale=fact.get("final_sale", final_sale),
        shipped_at=_moment(shipped_at),
        delivered_at=_moment(fact.get("delivered", delivered_at)),
        net=net,
        quantity=quantity,
        value=fact["value"],
        policy=fact["policy"],
        broken=frozenset(fact["broken"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class _Judge:
    """Judges returns by what decided them and by the version in question; rules of each version are read once."""

    def __init__(self, candidate: ReturnPolicy) -> None:
        versions = [policy_of(row) for row in ReturnPolicy.objects.values()]
        self.by_id = {version.id: version for version in versions}
        self.by_label = {version.label: version for version in versions}
        self.candidate = self.by_id[candidate.id]
        self.at_fault = merchant_faults()

    def before(self, past: Past) -> Outcome:
        """Return what was decided."""
        lines = [self.by_label[line.policy].rules for line in past.lines]
        broken = frozenset[str]().union(*(line.broken for line in past.lines))
        return self._outcome(past, self.by_id[past.policy_id].rules, lines, broken)

    def after(self, past: Past) -> Outcome | None:
        """Return what the version would have decided; None where it decides nothing of the return."""
        order = self._decides(past.scope, self.by_id[past.policy_id])
        lines = [self._decides(_narrowed(past.scope, line), self.by_label[line.policy]) for line in past.lines]
        if not order and not any(lines):
            return None
        mine = self.candidate.rules
        rules = [
            mine if decided else self.by_label[line.policy].rules
            for line, decided in zip(past.lines, lines, strict=True)
        ]
        broken = frozenset[str]().union(
            *(
                _broken(past, line, mine) if decided else line.broken
                for line, decided in zip(past.lines, lines, strict=True)
            )
        )
        return self._outcome(past, mine if order else self.by_id[past.policy_id].rules, rules, broken)

    def _decides(self, scope: Scope, decided: Policy) -> bool:
        """Tell whether the version would have come before the one that decided."""
        narrower = self.candidate.specificity()[0] >= decided.specificity()[0]
        return self.candidate.covers(scope) and (narrower or self.candidate.name == decided.name)

    def _outcome(self, past: Past, rules: Rules, lines: Sequence[Rules], broken: frozenset[str]) -> Outcome:
        below = rules.keep_it_below.get(past.currency, 0)
        charged = [
            FeeLine(line.net, line.quantity, line.units, line.reason, each.restocking_fee, each.label_fee)
            for line, each in zip(past.lines, lines, strict=True)
        ]
        fees = fees_of(charged, kind=past.kind, currency=past.currency, at_fault=self.at_fault, most=past.value)
        too_much = not within(past.value, rules.auto_authorize_limit, past.currency)
        kept = any(
            line.value < each.keep_it_below.get(past.currency, 0) for line, each in zip(past.lines, lines, strict=True)
        )
        returnless = past.kind == ReturnKind.RETURNLESS
        return Outcome(
            broken=broken,
            reviewed=not rules.auto_authorize or too_much or (returnless and past.value >= below),
            timing=rules.refund_timing,
            fees=fees,
            paid_alone=within(past.value - fees, rules.auto_approve_limit, past.currency),
            kept=returnless or (past.kind == ReturnKind.MAIL_IN and kept),
        )


def _narrowed(scope: Scope, line: Line) -> Scope:
    return Scope(scope.channel, scope.region, scope.brand, scope.customer_group, line.category)


def _broken(past: Past, line: Line, rules: Rules) -> frozenset[str]:
    found = {
        "window_closed": past.at > rules.window_end(past.placed_at, line.shipped_at, line.delivered_at),
        "final_sale": line.final_sale or line.category in rules.final_sale_categories,
        "resolution_not_offered": line.resolution not in rules.resolutions,
    }
    return frozenset(code for code, true in found.items() if true)


def _count(impact: Impact, judge: _Judge, past: Past) -> None:
    impact.looked_at += 1
    after = judge.after(past)
    if after is None:
        impact.outside += 1
        return
    changes = list(_changes(past, judge.before(past), after))
    for key, amount, note in changes:
        impact.groups[key].add(past, amount, note)
    impact.changed += bool(changes)
    impact.unchanged += not changes


def _changes(past: Past, before: Outcome, after: Outcome) -> Iterator[tuple[str, int, str]]:
    """Yield in which respects the outcomes differ: group, amount in minor units, and what of it in words."""
    if before.allowed != after.allowed:
        key, rules = ("newly_allowed", before.broken) if after.allowed else ("newly_refused", after.broken)
        yield key, past.value, _words(rules)
        return
    if not after.allowed:
        return
    if before.reviewed != after.reviewed:
        yield "now_reviewed" if after.reviewed else "now_authorized", past.value, ""
    if before.timing != after.timing:
        yield "other_timing", past.value, f"{_timing(before)} → {_timing(after)}"
    if before.paid_alone != after.paid_alone:
        yield "now_paid_alone" if after.paid_alone else "now_approved", past.value - after.fees, ""
    if before.fees != after.fees:
        note = f"{Money(before.fees, past.currency)} → {Money(after.fees, past.currency)}"
        yield "other_fee", after.fees - before.fees, note
    if before.kept != after.kept:
        yield "now_kept" if after.kept else "now_sent_back", past.value, ""


def _words(rules: frozenset[str]) -> str:
    return ", ".join(rule.replace("_", " ") for rule in sorted(rules))


def _timing(outcome: Outcome) -> str:
    return str(RefundTiming(outcome.timing).label).lower()
