"""Events of exchanges."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@dataclass(frozen=True)
class ExchangeLineFact:
    """Units of a return line and the goods that go out for them; `credit` and `sale` are gross, in minor units."""

    line_no: int
    sku: str
    quantity: int
    wanted_sku: str
    wanted_quantity: int
    credit: int = 0
    sale: int = 0


@dataclass(frozen=True)
class ExchangeFact:
    """What every exchange event tells. Both sides are gross; `balance` is sale less credit; `effect_key` ships it."""

    exchange_id: str
    return_id: str
    number: str
    ordinal: int
    resolution: str
    currency: str
    credit: int
    sale: int
    balance: int
    effect_key: str
    channel: str = ""
    order_number: str = ""
    order_external_id: str = ""
    location: str = ""
    external_reference: str = ""
    carrier: str = ""
    tracking: str = ""
    converted_to: str = ""
    code: str = ""
    lines: list[ExchangeLineFact] = field(default_factory=list)


@event("exchange.proposed")
@dataclass(frozen=True)
class ExchangeProposed(ExchangeFact):
    """Agreed at these prices; its units are taken."""


@event("exchange.reserved")
@dataclass(frozen=True)
class ExchangeReserved(ExchangeFact):
    """Its goods are held."""


@event("exchange.payment_awaited")
@dataclass(frozen=True)
class ExchangePaymentAwaited(ExchangeFact):
    """The customer owes the balance; nothing charges it by itself."""


@event("exchange.payment_recorded")
@dataclass(frozen=True)
class ExchangePaymentRecorded(ExchangeFact):
    """Money came for it."""

    gateway: str = ""
    paid: int = 0


@event("exchange.paid")
@dataclass(frozen=True)
class ExchangePaid(ExchangeFact):
    """The whole balance is paid."""


@event("exchange.stock_lost")
@dataclass(frozen=True)
class ExchangeStockLost(ExchangeFact):
    """Its goods are no longer held: it must be reserved anew."""


@event("exchange.released")
@dataclass(frozen=True)
class ExchangeReleased(ExchangeFact):
    """Owed to the warehouse: this event is what its connection delivers."""


@event("exchange.shipment_failed")
@dataclass(frozen=True)
class ExchangeShipmentFailed(ExchangeFact):
    """The warehouse cannot ship it."""


@event("exchange.shipped")
@dataclass(frozen=True)
class ExchangeShipped(ExchangeFact):
    """The new goods went; the shop and the ledger are told."""


@event("exchange.settled")
@dataclass(frozen=True)
class ExchangeSettled(ExchangeFact):
    """Goods came and went: the credit is earned, and what is left of it goes to the customer."""


@event("exchange.converted")
@dataclass(frozen=True)
class ExchangeConverted(ExchangeFact):
    """The customer gets money or credit instead."""


@event("exchange.canceled")
@dataclass(frozen=True)
class ExchangeCanceled(ExchangeFact):
    """Given up."""
