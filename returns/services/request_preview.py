"""What would become of a request, before it is sent: computed as the command would, and nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from retailops.accounts.actor import Actor, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from retailops.lib.money import Money
from returns import vocabulary
from returns.enums import RefundTiming, Resolution, ReturnKind, ReturnStatus
from returns.inputs import ReturnIn
from returns.kinds import Traits, traits_of
from returns.models import Return, ReturnLine
from returns.policy import within
from returns.refund_terms import expected_terms, timing_of
from returns.services.building import new_lines, new_return, policies_of
from returns.services.eligibility import Eligibility, judge
from returns.services.intake import decide
from returns.services.order_reading import read_order, read_units
from returns.services.previewing import RefundPreview, previews_by_policy
from returns.worth import Part


@dataclass(frozen=True)
class RequestPreview:
    """What the request would become. `refunds` are what policy gives when everything comes and is accepted, one for
    each way that the money goes; `overridden`: the actor may go beyond policy, and says why."""

    rma: Return
    lines: list[ReturnLine]
    verdict: Eligibility
    review: str
    refunds: Sequence[RefundPreview]
    second_person: bool
    overridden: bool

    @property
    def refund(self) -> Money:
        """Return what policy gives in all, bonuses apart."""
        return Money(sum(each.total.amount for each in self.refunds), self.rma.currency)

    @property
    def parts(self) -> list[Part]:
        """Return the parts of all refunds."""
        return [part for each in self.refunds for part in each.parts]

    @property
    def traits(self) -> Traits:
        """Return what its kind is expected to do."""
        return traits_of(self.rma.kind)

    @property
    def authorized(self) -> bool:
        """Tell whether it would be authorized at once."""
        return bool(self.rma.status == ReturnStatus.AUTHORIZED)

    @property
    def kept(self) -> int:
        """Return how many units the customer would keep."""
        return sum(line.kept for line in self.lines)

    @property
    def travels(self) -> bool:
        """Tell whether a parcel is to come."""
        return self.traits.by_parcel and self.kept < sum(line.requested for line in self.lines)

    @property
    def timing(self) -> str:
        """Return when the refund goes, in words."""
        if self.kept and not self.travels:
            return "at once"
        if self.traits.at_till:
            return "at once, where the goods are accepted in the store"
        timing = timing_of(self.rma, self.verdict.policy.rules)
        return {
            RefundTiming.ON_SCAN: "when the carrier has the parcel",
            RefundTiming.ON_RECEIPT: "when the goods arrive",
            RefundTiming.ON_INSPECTION: "when the goods are inspected and accepted",
        }[timing]

    @property
    def instead(self) -> str:
        """Return what the customer gets where it is no money, in words; "" where it is."""
        if self.rma.kind == ReturnKind.WARRANTY:
            return "A verdict when the goods are here: repaired, replaced, refunded, or sent back as they are."
        asked = {line.resolution for line in self.lines}
        if asked <= {Resolution.EXCHANGE, Resolution.REPLACEMENT}:
            return "Other goods: propose the exchange on the page of the return, and they are held."
        return "Nothing is paid." if asked <= {Resolution.NONE, Resolution.REPAIR} else ""

    @property
    def as_credit(self) -> str:
        """Return how stored value is called that the refund is given as; "" for money."""
        asked = {line.resolution for line in self.lines}
        given = asked & {Resolution.STORE_CREDIT, Resolution.GIFT_CARD}
        return str(Resolution(given.pop()).label).lower() if len(asked) == 1 and given else ""

    @property
    def bonus(self) -> int:
        """Return what comes on top of stored value, in minor units."""
        return sum(each.bonus.amount for each in self.refunds)

    @property
    def until(self) -> datetime | None:
        """Return when it would expire."""
        return self.rma.expires_at

    @property
    def refused(self) -> bool:
        """Tell whether the request would be refused as it is."""
        return self.hard or not (self.verdict.eligible or self.overridden)

    @property
    def hard(self) -> bool:
        """Tell whether a rule is broken that no override moves."""
        return any(reason.hard for line in self.verdict.lines for reason in line.reasons)


def preview_request(*, actor: Actor, request: ReturnIn) -> RequestPreview:
    """Return what the request would become now. Raises NotFound, Denied, Invalid (no such line, unknown code)."""
    vocabulary.check("override_reason", request.override_code, "/override_code")
    order = read_order(request.order, lock=False)
    require(actor, Permission.RETURNS_REQUEST, region=order.region, brand=order.brand, view=Permission.ORDERS_VIEW)
    verdict = judge(read_units(order), request.lines, request.requested_at or now(), request.kind)
    rma = new_return(actor, request, verdict)
    lines = new_lines(rma, verdict)
    judged = decide(rma, lines, verdict)
    for line in lines:
        line.accepted = (line.authorized or line.requested) - line.kept
    rules = verdict.policy.rules
    found = previews_by_policy(expected_terms(rma, lines, rules, policies_of(lines, verdict)))
    total = sum(each.total.amount + each.bonus.amount for each in found)
    return RequestPreview(
        rma=rma,
        lines=lines,
        verdict=verdict,
        review=judged.review or (rma.decision_reason if judged.held else ""),
        refunds=found,
        second_person=total > 0 and not within(total, rules.auto_approve_limit, rma.currency),
        overridden=bool(request.override_reason)
        and can(actor, Permission.RETURNS_DECIDE, region=order.region, brand=order.brand),
    )
