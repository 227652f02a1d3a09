"""Who may approve what, where: policy's limits by role and currency, and the people who hold these roles there."""

from dataclasses import dataclass, field

from retailops.accounts.actor import EVERYWHERE, Actor, can
from retailops.accounts.models import RoleGrant
from retailops.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from retailops.lib.money import exponent, major
from returns.models import Refund
from returns.policy import Limits, Policy, Rules, active_policies, limit_of, rules_of, within

DECIDE = Permission.APPROVALS_DECIDE


@dataclass(frozen=True)
class Cell:
    """One limit as it is shown: None of no limit, 0 of nothing at all."""

    currency: str
    amount: int | None

    @property
    def unlimited(self) -> bool:
        """Tell whether any amount goes."""
        return self.amount is None

    @property
    def text(self) -> str:
        """Return the amount in the currency's own decimals; minor units where it stands for every other currency."""
        if self.amount is None or self.currency == "*":
            return str(self.amount or "")
        return f"{major(self.amount, self.currency):,.{exponent(self.currency)}f}"


@dataclass(frozen=True)
class RoleLimits:
    """What holders of one role may approve under one policy, in minor units by currency; `*` is every other one."""

    role: str
    limits: Limits
    people: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Return the role's name."""
        return str(Role(self.role).label) if self.role in Role.values else self.role


@dataclass(frozen=True)
class PolicyLimits:
    """One row of the matrix for each role, under one active policy: where it applies, and what goes by itself."""

    policy: Policy
    by_itself: Limits
    roles: list[RoleLimits]

    currencies: list[str]

    @property
    def cells(self) -> list[Cell]:
        """Return what goes by itself, for each currency."""
        return _cells(self.by_itself, self.currencies)


def _currencies(rules: Rules) -> list[str]:
    """Return the currencies that the limits name, `*` (every other one) last."""
    named = {currency for limits in (rules.auto_approve_limit, *rules.approval_limits.values()) for currency in limits}
    return sorted(named - {"*"}) + sorted(named & {"*"})


def _cells(limits: Limits, currencies: list[str]) -> list[Cell]:
    return [Cell(currency, limit_of(limits, currency)) for currency in currencies]


def limit_matrix(actor: Actor) -> list[PolicyLimits]:
    """Return the limits of every active policy that the actor may see, the least specific first."""
    seen = [policy for policy in active_policies() if _sees(actor, policy)]
    grants = list(RoleGrant.objects.filter(user__is_active=True).select_related("user").order_by("user__name"))
    return [_limits(policy, grants) for policy in sorted(seen, key=Policy.specificity)]


def _sees(actor: Actor, policy: Policy) -> bool:
    scope = policy.scope
    where = {"region": scope.region or None, "brand": scope.brand or None}
    return can(actor, Permission.POLICIES_VIEW, **where) or can(actor, DECIDE, **where)


def _limits(policy: Policy, grants: list[RoleGrant]) -> PolicyLimits:
    scope, currencies = policy.scope, _currencies(policy.rules)
    rows = []
    for role, limits in policy.rules.approval_limits.items():
        holding = [grant for grant in grants if grant.role == role and _holds(grant, scope.region, scope.brand)]
        people = {str(grant.user) for grant in holding}
        rows.append(RoleLimits(role, limits, sorted(people), _cells(limits, currencies)))
    return PolicyLimits(policy, policy.rules.auto_approve_limit, rows, currencies)


def _holds(grant: RoleGrant, region: str, brand: str) -> bool:
    """Tell whether the grant reaches into the region and brand; an empty one means any."""
    inside = not region or EVERYWHERE in grant.regions or region in grant.regions
    return inside and (not brand or EVERYWHERE in grant.brands or brand in grant.brands)


def who_may_approve(refund: Refund) -> list[str]:
    """Return who may approve the refund, by name: a role of theirs reaches its amount there, and they did not ask."""
    limits = rules_of(refund.rma.policy).approval_limits
    able = [
        role
        for role, of_role in limits.items()
        if within(refund.amount, of_role, refund.currency) and DECIDE in ROLE_PERMISSIONS.get(role, frozenset())
    ]
    grants = RoleGrant.objects.filter(role__in=able, user__is_active=True).select_related("user")
    rma = refund.rma
    found = {
        str(grant.user)
        for grant in grants
        if _holds(grant, rma.region, rma.brand) and grant.user.actor_key != refund.requested_by
    }
    return sorted(found)
