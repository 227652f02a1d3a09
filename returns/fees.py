"""Fees that a policy would take off units of order lines, before there is a refund: for checks and for comparisons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from returns.allocation import Ranges, value
from returns.enums import ReturnKind
from returns.policy import Fee

SENT_BY_LABEL = frozenset({ReturnKind.MAIL_IN, ReturnKind.DROP_OFF})


@dataclass(frozen=True)
class FeeLine:
    """Units of an order line (`net` of `quantity` units, in minor units) that come back for a reason.

    `restocking` and `label` are the fees of the policy that the line falls under.
    """

    net: int
    quantity: int
    units: Ranges
    reason: str
    restocking: Fee
    label: Fee


def fees_of(lines: Sequence[FeeLine], *, kind: str, currency: str, at_fault: frozenset[str], most: int) -> int:
    """Return the fees of these lines together in minor units, at most `most`; fixed amounts are taken once."""
    wanted = _sum([(line, line.restocking) for line in lines], currency, at_fault)
    if kind in SENT_BY_LABEL:
        wanted += _sum([(line, line.label) for line in lines], currency, at_fault)
    return min(wanted, most)


def _sum(lines: Iterable[tuple[FeeLine, Fee]], currency: str, at_fault: frozenset[str]) -> int:
    charged = [(line, fee) for line, fee in lines if not fee.waived_for(line.reason, at_fault)]
    shares = sum(value(fee.share_of(line.net), line.quantity, line.units) for line, fee in charged)
    return shares + max((fee.fixed.get(currency, 0) for _, fee in charged), default=0)
