"""Rules of returns: their shape, and which version applies to an order.

A policy's scope fields narrow it; the most specific active version applies. A new version may first serve a share of
the orders (`canary_share`), chosen by a stable hash of the order, before all of them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from retailops.accounts.actor import Actor
from retailops.lib.errors import Unprocessable
from returns.enums import ExchangeTiming, PolicyStatus, RefundTiming, Remedy, Resolution, ReturnKind
from returns.models import ReturnPolicy

# Minor units by currency; `*` is every other currency, None no limit. A currency that is not named has the limit 0.
Limits = dict[str, int | None]
# A decimal as it is written and read.
PERCENT = {"type": "string", "pattern": r"^\d{1,3}(\.\d{1,4})?$", "examples": ["12.5"]}


class Shape(BaseModel):
    """Base of the rules' documents."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fee(Shape):
    """A fee that is taken off a refund: a percentage of the goods' value and a fixed amount a return, by currency.

    Lines returned for one of `waived_reasons` bear none, nor, with `waive_merchant_fault`, those whose reason the
    vocabulary marks as the merchant's fault.
    """

    percent: Annotated[Decimal, Field(ge=0, le=100), WithJsonSchema(PERCENT)] = Decimal(0)
    fixed: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    waived_reasons: list[str] = Field(default_factory=list)
    waive_merchant_fault: bool = False

    def waived_for(self, reason: str, at_fault: frozenset[str] = frozenset()) -> bool:
        """Tell whether a line returned for the reason bears no fee; `at_fault` are the merchant's faults."""
        return reason in self.waived_reasons or (self.waive_merchant_fault and reason in at_fault)

    def share_of(self, value: int) -> int:
        """Return the percentage of a value in minor units, half to even; fixed amounts come on top, once a return."""
        return int((value * self.percent / 100).to_integral_value(ROUND_HALF_EVEN))


class Frequency(Shape):
    """More than `count` returns of one customer within `days`."""

    count: Annotated[int, Field(ge=0)]
    days: Annotated[int, Field(ge=1, le=3650)] = 90


class Rate(Shape):
    """More than `percent` of the units that a customer bought within `days`, once it bought `min_units`."""

    percent: Annotated[int, Field(ge=0, le=100)]
    days: Annotated[int, Field(ge=1, le=3650)] = 365
    min_units: Annotated[int, Field(ge=1)] = 5


class FraudRules(Shape):
    """What is held for a fraud review; by default nothing. Money in minor units by currency, `*` every other one."""

    # Returns, before they are authorized.
    value_above: dict[str, int] = Field(default_factory=dict)
    kinds: list[ReturnKind] = Field(default_factory=list)
    returns_above: Frequency | None = None
    return_rate_above: Rate | None = None
    # Refunds, before they go: all of one return together; units that have not arrived.
    refund_above: dict[str, int] = Field(default_factory=dict)
    refund_before_goods: bool = False
    # Hours after which an undecided review is a case of its own.
    review_hours: Annotated[int, Field(ge=1, le=720)] = 48


class StoredValueRules(Shape):
    """Store credit and gift cards. The bonus comes on top of what was paid; days count from the latest issue."""

    bonus_percent: Annotated[Decimal, Field(ge=0, le=100), WithJsonSchema(PERCENT)] = Decimal(0)
    store_credit_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    gift_card_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    # What a person may give by itself, without a return; more waits for a second person.
    gift_limit: Limits = Field(default_factory=dict)

    def bonus_of(self, amount: int) -> int:
        """Return the bonus on an amount in minor units, half to even."""
        return int((amount * self.bonus_percent / 100).to_integral_value(ROUND_HALF_EVEN))


class Rules(Shape):
    """One policy version's rules. Windows in days; money in minor units by currency."""

    window_days: Annotated[int, Field(ge=0, le=3650)] = 30
    # From when the window counts. `shipped` falls back to `placed` where no date of shipment is known, `delivered` to
    # `shipped` and the days that a parcel is taken to be under way.
    window_from: Literal["delivered", "shipped", "placed"] = "shipped"
    transit_days: Annotated[int, Field(ge=0, le=60)] = 7
    proof_required: bool = True
    final_sale_categories: list[str] = Field(default_factory=list)
    resolutions: list[Resolution] = Field(default_factory=lambda: [Resolution.REFUND, Resolution.NONE])
    refund_timing: RefundTiming = RefundTiming.ON_INSPECTION
    # Days after an advance refund until its goods are overdue.
    exposure_days: Annotated[int, Field(ge=1, le=365)] = 21
    exchange_timing: ExchangeTiming = ExchangeTiming.ON_INSPECTION
    # Whether the new goods go as soon as the timing allows; else a person releases them.
    exchange_goes_by_itself: bool = True
    # Days for which the new goods are held.
    exchange_hold_days: Annotated[int, Field(ge=1, le=365)] = 30
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
    stored_value: StoredValueRules = Field(default_factory=StoredValueRules)
    # Days until a marketplace that has told of no refund is asked.
    marketplace_days: Annotated[int, Field(ge=1, le=365)] = 14
    erp_memo_required: bool = True
    # Days from authorization until a return that nobody sent expires.
    expires_days: Annotated[int, Field(ge=1, le=3650)] = 30
    default_location: str = ""
    fraud: FraudRules = Field(default_factory=FraudRules)
    # Days from delivery (shipping, where it is not known) within which faults are the retailer's; 0: no warranty.
    warranty_days: Annotated[int, Field(ge=0, le=36500)] = 730
    # A warranty claim must come with evidence of the fault (photo, report, serial number).
    warranty_proof_required: bool = True
    warranty_remedies: list[Remedy] = Field(default_factory=lambda: list(Remedy))
    # What a unit is worth when it is refunded under warranty: all of it, or less by its share of the warranty used up.
    warranty_refund: Literal["full", "pro_rata"] = "full"
    # What a version starts with; it is raised step by step afterwards.
    canary_share: Annotated[int, Field(ge=0, le=100)] = 100

    def window_end(
        self, placed_at: datetime, shipped_at: datetime | None, delivered_at: datetime | None = None
    ) -> datetime:
        """Return the instant after which what was ordered, shipped and delivered then can no longer be returned."""
        left = placed_at if self.window_from == "placed" else shipped_at or placed_at
        if self.window_from == "delivered":
            left = delivered_at or left + timedelta(days=self.transit_days)
        return left + timedelta(days=self.window_days)


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
    # When it came to serve which share, oldest first; none: the rules' own share from the start.
    rollout: tuple[tuple[datetime, int], ...] = ()

    @property
    def label(self) -> str:
        """The version as stored with events: `standard@3`."""
        return f"{self.name}@{self.version}"

    def applies(self, wanted: Scope, at: datetime, key: str) -> bool:
        """Tell whether it is in force at the instant for that scope and, in a canary, for that key."""
        if at < self.effective_from or (self.effective_to is not None and at >= self.effective_to):
            return False
        share = self.share_at(at)
        return self.covers(wanted) and (share == 100 or _bucket(self.name, key) < share)

    def covers(self, wanted: Scope) -> bool:
        """Tell whether its scope holds that one, whenever and for whatever share."""
        return all(not value or value == getattr(wanted, name) for name, value in vars(self.scope).items())

    def share_at(self, at: datetime) -> int:
        """Return the share that it served at the instant, so that a late question gets the answer of its time."""
        steps = [share for since, share in self.rollout if since <= at]
        return steps[-1] if steps else self.rollout[0][1] if self.rollout else self.rules.canary_share

    def specificity(self) -> tuple[int, datetime, int, str]:
        """Rank: more scope fields, then the later start, then the higher version; at last the name, so that the same
        question always gets the same answer."""
        fields = sum(1 for value in vars(self.scope).values() if value)
        return fields, self.effective_from, self.version, self.name


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
    steps = tuple((_moment(step["from"]), step["share"]) for step in row["rollout"])
    return Policy(UUID(str(row["id"])), row["name"], row["version"], scope, start, end, rules, steps)


def active_policies() -> list[Policy]:
    """Return every active version (one query)."""
    rows = ReturnPolicy.objects.filter(status=PolicyStatus.ACTIVE).values()
    return [policy_of(row) for row in rows]


def parsed(rules: object) -> Rules:
    """Return the rules that a stored document spells."""
    return _parsed(_canonical(rules))


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
