"""Which rules of fraud screening fire, with what each saw. Nothing is written; only what a rule asks for is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Sum

from retailops.lib.clock import now
from retailops.lib.money import Money
from returns.allocation import Ranges, count
from returns.enums import LIVE_STATUSES, ReturnKind
from returns.models import OrderLine, Return, ReturnLine
from returns.policy import FraudRules
from returns.refund_terms import Terms


@dataclass(frozen=True)
class Finding:
    """A rule that fired: its name, its limit, what it saw, and a sentence for people."""

    rule: str
    limit: Any
    saw: Any
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"rule": self.rule, "limit": self.limit, "saw": self.saw, "text": self.text}


def screen_request(
    rules: FraudRules, kind: str, value: Money, customer_id: UUID | None, *, units: int
) -> list[Finding]:
    """Return the rules that a request to return breaks. `units` of it are not written yet."""
    return [*_of_request(rules, kind, value), *_of_customer(rules, customer_id, units)]


def _of_request(rules: FraudRules, kind: str, value: Money) -> Iterator[Finding]:
    limit = rules.value_above.get(value.currency, rules.value_above.get("*"))
    if limit is not None and value.amount > limit:
        text = f"Worth {value}, above {Money(limit, value.currency)}"
        yield Finding("value_above", limit, value.amount, text)
    if kind in rules.kinds:
        yield Finding("kind", sorted(rules.kinds), kind, f"A return of the kind “{ReturnKind(kind).label}”")


def _of_customer(rules: FraudRules, customer_id: UUID | None, units: int) -> Iterator[Finding]:
    if customer_id is None:
        return
    if (often := rules.returns_above) is not None:
        since = now() - timedelta(days=often.days)
        made = Return.objects.filter(customer_id=customer_id, requested_at__gte=since).count() + 1
        if made > often.count:
            text = f"Return {made} of this customer within {often.days} days"
            yield Finding("returns_above", often.count, made, text)
    if (rate := rules.return_rate_above) is not None:
        since = now() - timedelta(days=rate.days)
        bought = _sum(OrderLine.objects.filter(order__customer_id=customer_id, order__placed_at__gte=since), "quantity")
        came = ReturnLine.objects.filter(rma__customer_id=customer_id, rma__requested_at__gte=since)
        returned = _sum(came.filter(rma__status__in=LIVE_STATUSES), "requested") + units
        if bought >= rate.min_units and returned * 100 > bought * rate.percent:
            text = f"Returns {returned} of {bought} units bought within {rate.days} days"
            yield Finding("return_rate_above", rate.percent, {"returned": returned, "bought": bought}, text)


def _sum(rows: Any, name: str) -> int:
    return int(rows.aggregate(total=Sum(name))["total"] or 0)


def screen_refund(terms: Terms, units: dict[UUID, Ranges], total: int) -> list[Finding]:
    """Return the rules that refunds of a return break; `total` is all that is reserved on it then, in minor units."""
    rules, currency = terms.rules.fraud, terms.rma.currency
    found: list[Finding] = []
    limit = rules.refund_above.get(currency, rules.refund_above.get("*"))
    if limit is not None and total > limit:
        text = f"Refunds of {Money(total, currency)}, above {Money(limit, currency)}"
        found.append(Finding("refund_above", limit, total, text))
    early = _before_goods(terms, units) if rules.refund_before_goods else 0
    if early:
        found.append(Finding("refund_before_goods", 0, early, f"{early} units would be paid before they arrived"))
    return found


def _before_goods(terms: Terms, units: dict[UUID, Ranges]) -> int:
    """Return how many units would be paid for beyond those that arrived."""
    lines = {line.id: line for line in terms.lines}
    return sum(
        max(0, count(paid) + count(terms.covered.get(id, [])) - lines[id].received) for id, paid in units.items()
    )
