"""Trouble with exchanges."""

from retailops.accounts.actor import Actor
from retailops.cases.models import CaseQueue
from retailops.lib.money import Money
from returns.models import Exchange, Return
from returns.troubles.opening import open_trouble


def exchange_out_of_stock(actor: Actor, exchange: Exchange, wanted: str) -> None:
    """No place has all of the new goods."""
    open_trouble(
        actor,
        "exchange_out_of_stock",
        exchange.as_subject(),
        f"{exchange.rma.number}: {wanted} cannot be reserved for the exchange, too few are free",
        "Reserve again when stock has come, or convert the exchange to a refund or credit",
        evidence={"wanted": wanted},
        cause="The goods wanted in exchange are out of stock",
    )


def exchange_stock_lost(actor: Actor, exchange: Exchange, why: str) -> None:
    """Goods that were held for an exchange are no longer held."""
    gone = exchange.released_at is not None
    open_trouble(
        actor,
        "exchange_stock_lost",
        exchange.as_subject(),
        f"{exchange.rma.number}: the goods held for the exchange are lost ({why})",
        "Ask the warehouse whether it can ship them all the same" if gone else "Reserve again, or convert the exchange",
        detail=why,
        evidence={"why": why, "status": str(exchange.status)},
        cause="Goods held for an exchange were lost, or not used in time",
    )


def exchange_owed(actor: Actor, rma: Return, line_no: int, quantity: int) -> None:
    """Units came back for an exchange that nobody has proposed."""
    open_trouble(
        actor,
        "exchange_owed",
        rma.as_subject(),
        f"{rma.number}: {quantity} units of line {line_no} came back for an exchange that is not proposed",
        "Propose the exchange; convert it where the customer takes the money instead",
        dedupe=f"{rma.id}:{line_no}",
        evidence={"line_no": line_no, "quantity": quantity},
        cause="Units came back for an exchange that nobody has proposed",
    )


def exchange_unrouted(actor: Actor, exchange: Exchange) -> None:
    """No connection ships the new goods."""
    open_trouble(
        actor,
        "exchange_unrouted",
        exchange.as_subject(),
        f"{exchange.rma.number}: no warehouse connection ships the exchange",
        "Ship it and record that, or configure the connection",
        queue=CaseQueue.TECHNICAL,
        cause="No connection ships the goods of exchanges",
    )


def exchange_not_shipped(actor: Actor, exchange: Exchange) -> None:
    """The warehouse cannot ship the new goods."""
    open_trouble(
        actor,
        "exchange_not_shipped",
        exchange.as_subject(),
        f"{exchange.rma.number}: the warehouse cannot ship the exchange",
        "Have it shipped otherwise and record that, or convert or cancel the exchange",
        detail=exchange.failure,
        evidence={"failure": exchange.failure},
        cause="The warehouse cannot ship the goods of an exchange",
    )


def exchange_contradicted(actor: Actor, exchange: Exchange, reference: str) -> None:
    """The warehouse says that an exchange went which has ended otherwise."""
    open_trouble(
        actor,
        "exchange_contradicted",
        exchange.as_subject(),
        f"{exchange.rma.number}: an exchange was shipped that is {exchange.get_status_display().lower()} here",
        "The customer may get goods and money: have the parcel stopped, or recover one of the two",
        amount=exchange.credit,
        currency=exchange.currency,
        evidence={"reference": reference},
        cause="An exchange was shipped that had ended otherwise",
    )


def exchange_stock_differs(actor: Actor, exchange: Exchange, what: str) -> None:
    """Goods went that were not in our books."""
    open_trouble(
        actor,
        "exchange_stock_differs",
        exchange.as_subject(),
        f"{exchange.rma.number}: {what} went to the customer, and our books do not have them",
        "Count the stock there and adjust it",
        evidence={"what": what},
        cause="Goods of an exchange went that were not in our books",
    )


def exchange_recovery(actor: Actor, exchange: Exchange) -> None:
    """New goods are out, and the units that they are for were rejected or did not come."""
    sent = "went" if exchange.shipped_at else "were released"
    open_trouble(
        actor,
        "exchange_recovery",
        exchange.as_subject(),
        f"{exchange.rma.number}: the goods of the exchange {sent}, and the units for them were not accepted",
        "Stop the parcel or recover the goods or their price; or let it be and say why",
        amount=exchange.credit,
        currency=exchange.currency,
        cause="An exchange went, and the units for it were rejected or did not come",
    )


def exchange_overdue(actor: Actor, exchange: Exchange) -> None:
    """New goods went in advance, and the old ones did not come."""
    open_trouble(
        actor,
        "exchange_overdue",
        exchange.as_subject(),
        f"{exchange.rma.number}: exchanged in advance, and the goods are overdue",
        "Ask the customer for the goods, or recover their price",
        amount=exchange.credit,
        currency=exchange.currency,
        cause="An exchange went in advance, and its goods did not come",
    )


def exchange_balance_denied(actor: Actor, exchange: Exchange, amount: int) -> None:
    """What an exchange owes the customer was refused, so that nobody pays it."""
    open_trouble(
        actor,
        "exchange_balance_denied",
        exchange.as_subject(),
        f"{exchange.rma.number}: {Money(amount, exchange.currency)} that the exchange owes the customer was refused",
        "Propose the balance again on the exchange; or let it be and say why",
        amount=amount,
        currency=exchange.currency,
        cause="The balance of an exchange was refused",
    )


def exchange_payment_stranded(actor: Actor, exchange: Exchange, paid: int) -> None:
    """The customer paid for an exchange that has ended without shipping."""
    open_trouble(
        actor,
        "exchange_payment_stranded",
        exchange.as_subject(),
        f"{exchange.rma.number}: {Money(paid, exchange.currency)} was paid for an exchange that is "
        f"{exchange.get_status_display().lower()}",
        "Give the payment back at its gateway and record that",
        amount=paid,
        currency=exchange.currency,
        evidence={
            "payments": list(exchange.payments.order_by("id").values_list("gateway", "external_reference", "amount"))
        },
        cause="The customer paid for an exchange that has ended",
    )
