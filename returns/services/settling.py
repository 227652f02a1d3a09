"""A refund is paid: count its units, tell it, owe the ERP its memo, end the troubles that it had."""

from retailops.accounts.actor import Actor
from retailops.events.prepared import Prepared
from retailops.events.publish import publish
from returns.enums import ComponentKind
from returns.exchange_units import is_of_exchange
from returns.facts import refund_succeeded_fact
from returns.models import Refund, RefundComponent, RefundLine
from returns.services.closing import end_troubles
from returns.services.credit_memos import queue_credit_memo
from returns.services.refunded_units import count_refunded

_LINES = Prepared(lambda refund: RefundLine.objects.filter(refund_id=refund).select_related("line__order_line"))
_SHIPPING = Prepared(
    lambda refund: RefundComponent.objects.filter(
        refund_id=refund, kind__in=[ComponentKind.SHIPPING, ComponentKind.SHIPPING_TAX]
    ).values_list("amount", flat=True)
)
TROUBLES = ("refund_requires_action", "refund_unrouted", "marketplace_silent")


def settled(actor: Actor, refund: Refund, reference: str) -> None:
    """Do what follows when a refund has succeeded, however that came. Its payment and return are locked; the command
    saves the return at its end.
    """
    lines = _LINES.all(refund.id)
    shipping = _SHIPPING.all(refund.id)
    count_refunded(refund.rma)
    fact = refund_succeeded_fact(refund, lines, sum(shipping))
    publish(fact, subject=refund.as_subject(), actor=actor)
    if refund.rma.memo_required and not is_of_exchange(refund):
        queue_credit_memo(actor, refund, lines)
    troubles = [f"{trouble}:{refund.id}" for trouble in TROUBLES]
    end_troubles(actor, refund.rma, troubles, "The refund succeeded", {"reference": reference})
