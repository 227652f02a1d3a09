"""A refund is paid: count its units, tell it, owe the ERP its memo, end the troubles that it had."""

from retailops.accounts.actor import Actor
from retailops.events.publish import publish
from returns.enums import ComponentKind
from returns.exchange_units import is_of_exchange
from returns.facts import refund_succeeded_fact
from returns.models import Refund, RefundLine
from returns.services.closing import end_trouble
from returns.services.credit_memos import queue_credit_memo
from returns.services.refunded_units import count_refunded

TROUBLES = ("refund_requires_action", "refund_unrouted", "marketplace_silent")


def settled(actor: Actor, refund: Refund, reference: str) -> None:
    """Do what follows when a refund has succeeded, however that came; its payment and return are locked."""
    lines = list(RefundLine.objects.filter(refund=refund).select_related("line__order_line"))
    shipping = refund.components.filter(kind__in=[ComponentKind.SHIPPING, ComponentKind.SHIPPING_TAX])
    count_refunded(refund.rma)
    fact = refund_succeeded_fact(refund, lines, sum(shipping.values_list("amount", flat=True)))
    publish(fact, subject=refund.as_subject(), actor=actor)
    if refund.rma.memo_required and not is_of_exchange(refund):
        queue_credit_memo(actor, refund, lines)
    for trouble in TROUBLES:
        evidence = {"reference": reference}
        end_trouble(actor, refund.rma, f"{trouble}:{refund.id}", "The refund succeeded", evidence)
