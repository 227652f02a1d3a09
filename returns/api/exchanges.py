"""Exchanges: POST /returns/{id}/exchanges, and what follows on each of them."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.wire import Body, MoneyIn, in_minor_units
from returns import selectors
from returns.access import access_exchange
from returns.api.addresses import ReturnCommand
from returns.api.bodies import Reason
from returns.api.exchange_shapes import ExchangeList, ExchangeShape, exchange_shape
from returns.inputs import Slug, Text, Units, read
from returns.inputs.exchanges import (
    ConvertTo,
    ExchangeIn,
    ExchangeLineIn,
    ExchangePaymentIn,
    Place,
    Reference,
    ShipmentOut,
)
from returns.inputs.orders import TaxIn
from returns.models import Exchange
from returns.services import exchange_balance, exchange_shipping, exchanges

DECIDE = Permission.RETURNS_DECIDE


class ExchangeTaxBody(TaxIn):
    """A tax on the new goods of a line."""

    amount: MoneyIn  # type: ignore[assignment]  # money on the wire, minor units inside


class ExchangeLineBody(ExchangeLineIn):
    """Units of one return line and the goods wanted for them; `unit_price` includes the taxes that are `included`."""

    wanted_sku: Slug = ""
    wanted_title: Text = ""
    wanted_quantity: Units | None = Field(None, description="As many as come back, unless told.")
    unit_price: MoneyIn | None = None  # type: ignore[assignment]  # money on the wire, minor units inside
    taxes: list[ExchangeTaxBody] = Field(default_factory=list, max_length=20)  # type: ignore[assignment]  # as above


class ExchangeBody(Body):
    """An exchange, or a replacement: the same goods once more, without a price."""

    resolution: Annotated[str, StringConstraints(pattern="^(exchange|replacement)$")] = "exchange"
    lines: list[ExchangeLineBody] = Field(min_length=1, max_length=200)
    reserve: bool = Field(False, description="Hold the new goods at once.")
    location: Place = Field("", description="Where they are to be held; else where most of them are.")
    reason: Text = Field("", description="Needed where policy does not offer it.")


class ReserveBody(Body):
    """Where the new goods are to be held; without it, where most of them are."""

    location: Place = ""


class PaymentBody(Body):
    """What the customer paid, by the gateway's own reference."""

    gateway: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    external_reference: Reference
    amount: MoneyIn


class NothingBody(Body):
    """Nothing: an empty object."""


class ConvertBody(Body):
    """What the customer gets instead, and why."""

    to: ConvertTo
    reason: Reason


class EndBody(Body):
    """Why it is given up."""

    reason: Reason


class ReturnExchanges(ReturnCommand):
    """Exchanges of one return."""

    @operation(
        id="listReturnExchanges", summary="Exchanges of a return", tag="Exchanges",
        permission=Permission.RETURNS_VIEW, answers={200: ExchangeList},
    )  # fmt: skip
    def get(self, request: Request, id: str) -> ExchangeList:
        """Every exchange of the return, whatever became of it."""
        rma = selectors.return_detail(self.actor, id)
        rows = rma.exchanges.order_by("id")
        return ExchangeList.build(results=[exchange_shape(_with(exchange, rma)) for exchange in rows])

    @operation(
        id="proposeExchange", summary="Propose an exchange", tag="Exchanges", permission=DECIDE, body=ExchangeBody,
        answers={201: ExchangeShape}, key="required", problems=(422,),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: ExchangeBody) -> ExchangeShape:
        """Its units are taken and both gross sides frozen. With `reserve`, its goods are held where there are enough;
        where there are not it stays `proposed`, with a case."""
        rma = selectors.return_detail(self.actor, id)
        plain = in_minor_units(body.model_dump(exclude_unset=True), rma.currency)
        proposal = read(ExchangeIn, plain)
        return exchange_shape(exchanges.propose_exchange(actor=self.actor, return_id=rma.id, proposal=proposal))


def _with(exchange: Exchange, rma: Any) -> Exchange:
    exchange.rma = rma
    return exchange


class ExchangeEndpoint(Endpoint):
    """One exchange."""

    @operation(
        id="getExchange", summary="An exchange with both of its sides", tag="Exchanges",
        permission=Permission.RETURNS_VIEW, answers={200: ExchangeShape},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> ExchangeShape:
        """State, lines, components, payments, and what it waits for."""
        return exchange_shape(access_exchange(self.actor, id))


class ReserveExchange(CommandEndpoint):
    """Hold its goods."""

    @operation(
        id="reserveExchange", summary="Hold the new goods", tag="Exchanges", permission=DECIDE, body=ReserveBody,
        answers={200: ExchangeShape}, key="optional", problems=(409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ReserveBody) -> ExchangeShape:
        """All of them at one place, or none: then it stays `proposed`, with a case. From `proposed`."""
        done = exchanges.reserve_exchange(actor=self.actor, exchange_id=id, location=body.location)
        return exchange_shape(done)


class RecordPayment(CommandEndpoint):
    """Record what the customer paid."""

    @operation(
        id="recordExchangePayment", summary="Record a payment of the balance", tag="Exchanges",
        permission=Permission.REFUNDS_PROPOSE, body=PaymentBody, answers={200: ExchangeShape}, key="optional",
        problems=(409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: PaymentBody) -> ExchangeShape:
        """Once for each `external_reference` of a gateway: a repeat changes nothing. Nothing is charged here."""
        given = {
            "gateway": body.gateway,
            "external_reference": body.external_reference,
            "amount": body.amount.amount,
            "currency": body.amount.currency,
        }
        payment = read(ExchangePaymentIn, given)
        exchanges.record_payment(actor=self.actor, exchange_id=id, payment=payment)
        return exchange_shape(access_exchange(self.actor, id))


class ReleaseExchange(CommandEndpoint):
    """Let the new goods go."""

    @operation(
        id="releaseExchange", summary="Let the new goods go", tag="Exchanges", permission=DECIDE, body=NothingBody,
        answers={200: ExchangeShape}, key="optional", problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: NothingBody) -> ExchangeShape:
        """The warehouse ships them. 409 `not-ready` says what it waits for. Policy does this by itself unless told."""
        return exchange_shape(exchanges.release_exchange(actor=self.actor, exchange_id=id))


class ShipExchange(CommandEndpoint):
    """Record that the new goods went."""

    @operation(
        id="shipExchange", summary="The new goods went", tag="Exchanges", permission=Permission.RETURNS_RECEIVE,
        body=ShipmentOut, answers={200: ExchangeShape}, key="optional", problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ShipmentOut) -> ExchangeShape:
        """For goods that no connected warehouse ships. From `released`; a repeat changes nothing."""
        exchange_shipping.ship_exchange(actor=self.actor, exchange_id=id, shipment=body)
        return exchange_shape(access_exchange(self.actor, id))


class ConvertExchange(CommandEndpoint):
    """Money or credit instead."""

    @operation(
        id="convertExchange", summary="Give money or credit instead", tag="Exchanges", permission=DECIDE,
        body=ConvertBody, answers={200: ExchangeShape}, key="optional", problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ConvertBody) -> ExchangeShape:
        """The goods are let go and the units are refunded, or credited, by policy. 409 once they are on their way."""
        done = exchanges.convert_exchange(actor=self.actor, exchange_id=id, to=body.to, reason=body.reason)
        return exchange_shape(done)


class ProposeBalance(CommandEndpoint):
    """What it still owes the customer."""

    @operation(
        id="proposeExchangeBalance", summary="Propose its balance again", tag="Exchanges",
        permission=Permission.REFUNDS_PROPOSE, body=EndBody, answers={200: ExchangeShape}, key="required",
        problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: EndBody) -> ExchangeShape:
        """Where the refund of what a settled exchange owes the customer was refused. 409 `nothing-due`."""
        exchange_balance.propose_balance(actor=self.actor, exchange_id=id, reason=body.reason)
        return exchange_shape(access_exchange(self.actor, id))


class CancelExchange(CommandEndpoint):
    """Give it up."""

    @operation(
        id="cancelExchange", summary="Give an exchange up", tag="Exchanges", permission=DECIDE, body=EndBody,
        answers={200: ExchangeShape}, key="optional", problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: EndBody) -> ExchangeShape:
        """The goods are let go and the units are free for another exchange. 409 once they are on their way."""
        return exchange_shape(exchanges.cancel_exchange(actor=self.actor, exchange_id=id, reason=body.reason))


EXCHANGES: dict[str, Any] = {
    "reserve": ReserveExchange,
    "record-payment": RecordPayment,
    "release": ReleaseExchange,
    "ship": ShipExchange,
    "convert": ConvertExchange,
    "cancel": CancelExchange,
    "propose-balance": ProposeBalance,
}
