"""Situations about money: a gift card, a return of a disputed payment, a refund beyond policy with its evidence."""

from connectors.demo.goods import agent, arrived, asked
from connectors.demo.picture import torn_rug
from retailops.cases.evidence import Upload, add_evidence
from returns.enums import StoredKind
from returns.inputs import RefundProposalIn
from returns.inputs.stored_value import GiftIn
from returns.models import Order, Refund, Return
from returns.services.giving_value import give_stored_value
from returns.services.refunds import propose_refund

GIFT = 1_500
# What was paid for the rug, and the shipping with it.
MORE_THAN_PAID_FOR_GOODS = 25_395


def gift_card(order: Order) -> None:
    """A customer was given a gift card for a late parcel, within what goes without a second person."""
    gift = GiftIn(kind=StoredKind.GIFT_CARD, order_id=order.id, amount=GIFT, reason="late parcel", key="demo")
    give_stored_value(actor=agent(), gift=gift)


def on_its_way(order: Order) -> Return:
    """A return whose payment the customer disputes at the bank as well: both must not be paid."""
    return asked(order, reason="not_as_described")


def above_policy(order: Order) -> Refund:
    """A rug with a torn seam: the agent wants to pay before the inspection, and shows a picture."""
    rma = arrived(asked(order, reason="damaged_in_transit"))
    file = add_evidence(
        actor=agent(), subject_type="return", subject_id=rma.id, upload=Upload("torn-seam.png", torn_rug())
    )
    proposal = RefundProposalIn(
        amount=MORE_THAN_PAID_FOR_GOODS, reason="Torn on arrival, see the picture: pay before we inspect",
        reason_code="merchant_fault", files=[file.id],
    )  # fmt: skip
    return propose_refund(actor=agent(), return_id=rma.id, proposal=proposal)[0]
