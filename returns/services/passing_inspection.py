"""Units that policy lets pass without inspection: judged on arrival, by policy, under its name."""

from collections.abc import Sequence

from inventory.enums import Disposition
from retailops.accounts.actor import Actor
from returns.enums import ReceiptMatch, ReturnKind
from returns.inputs import InspectionIn, SliceIn
from returns.models import Receipt, Return
from returns.policy import Rules
from returns.services.arriving import Arrival
from returns.services.inspecting import record_verdicts

POLICY = Actor.system("policy")


def pass_without_inspection(rma: Return, receipt: Receipt, arrivals: Sequence[Arrival], rules: Rules) -> None:
    """Accept what need not be inspected. Only skus that policy names become sellable (invariant 6); the rest waits in
    quarantine, where money may go and stock may not. A warranty always needs its verdict."""
    if rma.kind == ReturnKind.WARRANTY:
        return
    slices = [
        SliceIn(
            line_no=each.line.line_no,
            quantity=each.quantity,
            accepted=True,
            disposition=_where(each.sku, rules),
            reason="not inspected, by policy",
        )
        for each in arrivals
        if each.line is not None and each.match == ReceiptMatch.EXPECTED and _passes(each.sku, rules)
    ]
    if slices:
        inspection = InspectionIn(
            reference=f"policy:{receipt.id}",
            location=receipt.location.code,
            inspected_at=receipt.received_at,
            slices=slices,
        )
        record_verdicts(POLICY, rma, inspection, receipt.location)


def _passes(sku: str, rules: Rules) -> bool:
    return not rules.inspection_required or sku in rules.sellable_without_inspection


def _where(sku: str, rules: Rules) -> Disposition:
    return Disposition.SELLABLE if sku in rules.sellable_without_inspection else Disposition.QUARANTINE
