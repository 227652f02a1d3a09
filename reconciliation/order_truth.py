"""What is read of an order in another system, and how it differs from what is here. What is left out says nothing."""

from types import SimpleNamespace
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from retailops.lib.wire import Body
from returns.models import Order, OrderLine, Payment, TruthObject
from returns.services.comparing import Drift, as_text
from returns.truth import Owners

System = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Minor = Annotated[int, Field(ge=0)]


class TaxTold(Body):
    """One tax on all units of a line."""

    code: str
    amount: Minor
    included: bool = False


class LineTold(Body):
    """A line as it stands there; amounts in minor units, of all its units."""

    external_id: ExternalId
    sku: str | None = None
    quantity: Annotated[int, Field(gt=0)] | None = None
    net: Minor | None = None
    discount: Minor | None = None
    taxes: list[TaxTold] | None = None


class PaymentTold(Body):
    """What was captured of a payment, in minor units of the order's currency."""

    external_id: ExternalId
    captured: Minor


class OrderTellingIn(Body):
    """An order, or some of its payments, as another system holds them."""

    system: System
    # `updated_at` of our order when it was read there: once ours has moved on, it says nothing any more.
    as_of: AwareDatetime
    number: str | None = None
    currency: str | None = None
    placed_at: AwareDatetime | None = None
    lines: list[LineTold] = Field(default_factory=list, max_length=1000)
    payments: list[PaymentTold] = Field(default_factory=list, max_length=100)


def differences_of(order: Order, told: OrderTellingIn) -> tuple[Drift, set[str]]:
    """Return what differs, and which fields were said at all: as `anchor_of` names them."""
    drift = Drift(order, told.system, Owners.of_channel(order.channel))
    said = _compared(drift, TruthObject.ORDER, order, told.model_dump(include={"number", "currency", "placed_at"}))
    lines = {line.external_id: line for line in OrderLine.objects.filter(order=order)}
    for each in told.lines:
        said |= _line(drift, lines.get(each.external_id), each)
    payments = {payment.external_id: payment for payment in Payment.objects.filter(order=order)}
    for payment in told.payments:
        said |= _payment(drift, payments.get(payment.external_id), payment)
    return drift, said


def anchor_of(order: Order, kind: str, external_id: str, name: str, system: str) -> str:
    """Return by what a discrepancy of one field and system is told from others."""
    return ":".join([kind, str(order.id), external_id, name, system])


def _line(drift: Drift, known: OrderLine | None, told: LineTold) -> set[str]:
    if known is not None:
        return _compared(drift, TruthObject.ORDER_LINE, known, told.model_dump(exclude={"external_id"}))
    worth = (told.net or 0) + sum(tax.amount for tax in told.taxes or () if not tax.included)
    drift.missing(TruthObject.ORDER_LINE, told.external_id, f"{told.quantity} × {told.sku}", worth)
    return {_missing(drift, TruthObject.ORDER_LINE, told.external_id)}


def _payment(drift: Drift, known: Payment | None, told: PaymentTold) -> set[str]:
    if known is not None:
        return _compared(drift, TruthObject.PAYMENT, known, {"captured": told.captured})
    drift.missing(TruthObject.PAYMENT, told.external_id, as_text(told.captured), told.captured)
    return {_missing(drift, TruthObject.PAYMENT, told.external_id)}


def _compared(drift: Drift, kind: TruthObject, row: Any, told: dict[str, Any]) -> set[str]:
    said = {name: value for name, value in told.items() if value is not None}
    for name in said:
        drift.note(kind, row, SimpleNamespace(**said), name)
    # Of what was told to be missing the row itself says now that it is here.
    names = said.keys() | ({str(kind)} if kind != TruthObject.ORDER else set())
    return {anchor_of(drift.order, kind, row.external_id, name, drift.teller) for name in names}


def _missing(drift: Drift, kind: TruthObject, external_id: str) -> str:
    return anchor_of(drift.order, kind, external_id, str(kind), drift.teller)
