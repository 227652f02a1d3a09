"""Rules of returns: their shape, and which version applies to an order.

A policy's scope fields narrow it; the most specific active version applies. A new version may first serve a share of
the orders (`canary_share`), chosen by a stable hash of the order, before all of them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from retailops.accounts.actor import Actor
from retailops.lib.errors import Unprocessable
from returns.enums import PolicyStatus, RefundTiming, Resolution
from returns.models import ReturnPolicy

# Minor units by currency; `*` is every other currency, None no limit. A currency that is not named has the limit 0.
Limits = dict[str, int | None]


class Shape(BaseModel):
    """Base of the rules' documents."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fee(Shape):
    """A fee that is taken off a refund: a percentage of the goods' value and a fixed amount a return, by currency.

    Lines returned for one of `waived_reasons` (merchant's fault) bear none.
    """

    percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    fixed: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    waived_reasons: list[str] = Field(default_factory=list)

    def share_of(self, value: int) -> int:
        """Return the percentage of a value in minor units, half to even; fixed amounts come on top, once a return."""
        return int((value * self.percent / 100).to_integral_value(ROUND_HALF_EVEN))


class Rules(Shape):
    """One policy version's rules. Windows in days; money in minor units by currency."""

    window_days: Annotated[int, Field(ge=0, le=3650)] = 30
    # From when the window counts: `shipped` falls back to `placed` where no date of shipment is known.
    window_from: Literal["shipped", "placed"] = "shipped"
    proof_required: bool = True
    final_sale_categories: list[str] = Field(default_factory=list)
    resolutions: list[Resolution] = Field(default_factory=lambda: [Resolution.REFUND, Resolution.NONE])
    refund_timing: RefundTiming = RefundTiming.ON_INSPECTION
    # Days after an advance refund until its goods are overdue.
    exposure_days: Annotated[int, Field(ge=1, le=365)] = 21
    restocking_fee: Fee = Field(default_factory=Fee)
    label_fee: Fee = Field(default_factory=Fee)
    refund_shipping: Literal["never", "proportional", "full_when_all"] = "full_when_all"
    refund_duty: bool = True
    auto_authorize: bool = True
    # Returns worth more than this are looked at by a person before they are authorized.
    auto_authorize_limit: Limits = Field(default={"*": None})
    # Refunds up to this are paid without a second person.
    auto_approve_limit: Limits = Field(default_factory=dict)
    # What a holder of the role may approve; limits by region come from policies of that region.
    approval_limits: dict[str, Limits] = Field(default_factory=dict)
    approval_expires_hours: Annotated[int, Field(ge=1, le=720)] = 72
    inspection_required: bool = True
    # Skus whose undamaged units may become sellable on receipt, without inspection (invariant 6).
    sellable_without_inspection: list[str] = Field(default_factory=list)
    # Lines worth less are kept by the customer: no parcel, the refund goes at once.
    keep_it_below: dict[str, int] = Field(default_factory=dict)
    tender_order: Literal["proportional", "first", "last"] = "proportional"
    erp_memo_required: bool = True
    # Days from authorization until a return that nobody sent expires.
    expires_days: Annotated[int, Field(ge=1, le=3650)] = 30
    default_location: str = ""
    canary_share: Annotated[int, Field(ge=0, le=100)] = 100


def limit_of(limits: Limits, currency: str) -> int | None:
    """Return the limit for the currency in minor units; None is no limit."""
    return limits.get(currency, limits.get("*", 0))


def within(amount: int, limits: Limits, currency: str) -> bool:
    """Tell whether the amount is within the limit for its currency."""
    limit = limit_of(limits, currency)
    return limit is None or amount <= limit


def may_approve(actor: Actor, rules: Rules, amount: int, currency: str, *, region: str, brand: str) -> bool:
    """Tell whether one of the actor's roles there may approve the amount; the system and API clients hold no role."""
    roles = actor.roles_in(region, brand)
    return any(within(amount, rules.approval_limits.get(role, {}), currency) for role in roles)


@dataclass(frozen=True)
class Scope:
    """What a policy is chosen by."""

    channel: str
    region: str
    brand: str
    customer_group: str = ""
    category: str = ""


@dataclass(frozen=True)
class Policy:
    """One active version with its parsed rules."""

    id: UUID
    name: str
    version: int
    scope: Scope
    effective_from: datetime
    effective_to: datetime | None
    rules: Rules

    @property
    def label(self) -> str:
        """The version as stored with events: `standard@3`."""
        return f"{self.name}@{self.version}"

    def applies(self, wanted: Scope, at: datetime, key: str) -> bool:
        """Tell whether it is in force at the instant for that scope and, in a canary, for that key."""
        if at < self.effective_from or (self.effective_to is not None and at >= self.effective_to):
            return False
        mine = vars(self.scope)
        if any(value and value != getattr(wanted, name) for name, value in mine.items()):
            return False
        return self.rules.canary_share == 100 or _bucket(self.name, key) < self.rules.canary_share

    def specificity(self) -> tuple[int, datetime, int]:
        """Rank: more scope fields, then the later start, then the higher version."""
        return sum(1 for value in vars(self.scope).values() if value), self.effective_from, self.version


def choose(policies: Iterable[Policy], wanted: Scope, at: datetime, key: str) -> Policy:
    """Return the policy in force for the scope. `key` (the order's id) decides canaries, the same way every time.

    Raises Unprocessable when no policy applies: nothing is ever decided without rules.
    """
    found = [policy for policy in policies if policy.applies(wanted, at, key)]
    if not found:
        raise Unprocessable("No return policy is in force for this order.", code="no-policy")
    return max(found, key=Policy.specificity)


def policy_of(row: Mapping[str, Any]) -> Policy:
    """Return a policy from its row's columns (names as in the table), with its rules parsed once a version."""
    scope = Scope(row["channel"], row["region"], row["brand"], row["customer_group"], row["category"])
    start, end = _moment(row["effective_from"]), row["effective_to"] and _moment(row["effective_to"])
    rules = _parsed(_canonical(row["rules"]))
    return Policy(UUID(str(row["id"])), row["name"], row["version"], scope, start, end, rules)


def active_policies() -> list[Policy]:
    """Return every active version (one query)."""
    rows = ReturnPolicy.objects.filter(status=PolicyStatus.ACTIVE).values()
    return [policy_of(row) for row in rows]


def rules_of(policy: ReturnPolicy | None) -> Rules:
    """Return the rules of a stored version; a return without one (blind) has the defaults."""
    return _parsed(_canonical(policy.rules)) if policy else Rules()


def _moment(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _canonical(rules: object) -> str:
    return rules if isinstance(rules, str) else json.dumps(rules, sort_keys=True)


@lru_cache(maxsize=500)
def _parsed(rules: str) -> Rules:
    return Rules.model_validate_json(rules)


def _bucket(name: str, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{name}:{key}".encode()).digest()[:8]) % 100
