"""Why a refund is what it is, as the API tells it."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import Field

from retailops.lib.wire import MoneyShape, Shape
from returns.api.shapes import ComponentShape
from returns.enums import Destination
from returns.refund_explanation import Explanation
from returns.services.previewing import RefundPreview
from returns.worth import Part


class ShareShape(Shape):
    """One line's part of a refund. `units` are the ordinals that it pays for, as half-open ranges from 0."""

    line_no: int
    sku: str
    units: list[list[int]]
    quantity: int
    components: list[ComponentShape]
    total: MoneyShape


class ReasonShape(Shape):
    """What decided something; `rule` is its name in the policy."""

    topic: str
    rule: str
    text: str


class TenderReasonShape(Shape):
    """What one payment bears and why. `left` is captured less charged back less held by live refunds."""

    payment_id: UUID
    tender: str
    gateway: str
    captured: MoneyShape
    charged_back: MoneyShape
    held: MoneyShape
    left: MoneyShape
    amount: MoneyShape
    text: str


class ExplanationShape(Shape):
    """Everything that made a refund what it is."""

    destination: Destination
    policy_version: str
    already: MoneyShape = Field(description="What live refunds of the return held before.")
    lines: list[ShareShape]
    others: list[ComponentShape] = Field(description="Components of no line: shipping, fixed fees, bonus.")
    reasons: list[ReasonShape]
    tenders: list[TenderReasonShape]


class TenderShare(Shape):
    """What one payment would bear."""

    payment_id: UUID
    amount: MoneyShape


class RefundPreviewShape(Shape):
    """What would be refunded now. Nothing is written or reserved."""

    total: MoneyShape
    bonus: MoneyShape = Field(description="On top of the total, where it becomes stored value.")
    components: list[ComponentShape]
    tenders: list[TenderShare]
    needs_approval: bool
    reasons: list[str] = Field(description="Why a second person must agree.")
    explanations: list[ExplanationShape] = Field(description="One for each way that the money goes.")


def _components(parts: Sequence[Part], currency: str) -> list[ComponentShape]:
    return [
        ComponentShape.build(kind=part.kind, code=part.code, amount=MoneyShape.of(part.amount, currency))
        for part in parts
    ]


def explanation_shape(why: Explanation) -> ExplanationShape:
    """Return an explanation on the wire."""
    currency = why.currency
    return ExplanationShape.build(
        destination=why.destination,
        policy_version=why.policy,
        already=MoneyShape.of(why.already, currency),
        lines=[
            ShareShape.build(
                line_no=share.line_no, sku=share.sku, units=share.units, quantity=share.quantity,
                components=_components(share.parts, currency), total=MoneyShape.of(share.total, currency),
            )
            for share in why.shares
        ],
        others=_components(why.others, currency),
        reasons=[ReasonShape.build(topic=each.topic, rule=each.rule, text=each.text) for each in why.reasons],
        tenders=[
            TenderReasonShape.build(
                payment_id=each.payment_id, tender=each.tender, gateway=each.gateway, text=each.text,
                **{
                    name: MoneyShape.of(getattr(each, name), currency)
                    for name in ("captured", "charged_back", "held", "left", "amount")
                },
            )
            for each in why.tenders
        ],
    )  # fmt: skip


def preview_shape(found: Sequence[RefundPreview]) -> RefundPreviewShape:
    """Return previews of every way as one, with an explanation for each."""
    currency = found[0].total.currency
    return RefundPreviewShape.build(
        total=MoneyShape.of(sum(each.total.amount for each in found), currency),
        bonus=MoneyShape.of(sum(each.bonus.amount for each in found), currency),
        components=[part for each in found for part in _components(each.parts, currency)],
        tenders=[
            TenderShare.build(payment_id=payment_id, amount=MoneyShape.from_money(money))
            for each in found
            for payment_id, money in each.tenders
        ],
        needs_approval=any(each.needs_approval for each in found),
        reasons=sorted({reason for each in found for reason in each.reasons}),
        explanations=[explanation_shape(each.why) for each in found],
    )
