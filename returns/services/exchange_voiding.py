"""What an exchange that ended leaves behind at the warehouse: it must not be shipped by an old delivery any more."""

from retailops.events.models import Delivery
from retailops.lib.ids import parse_uuid
from returns.enums import ExchangeStatus
from returns.models import Exchange
from returns.services.exchange_progress import OPERATION


def why_not_shipped_again(delivery: Delivery) -> str:
    """Say why an exchange must not be sent to be shipped again: a void check of the verdict; "" where it may."""
    if delivery.operation != OPERATION:
        return ""
    key = parse_uuid(delivery.effect_key.removeprefix("ship:"))
    exchange = Exchange.objects.filter(pk=key).first() if key else None
    if exchange is None or exchange.status == ExchangeStatus.RELEASED:
        return ""
    return f"Nothing is left to ship: the exchange is {exchange.get_status_display().lower()}."
