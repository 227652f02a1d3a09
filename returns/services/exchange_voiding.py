"""What an exchange that ended leaves behind at the warehouse: it must not be shipped by an old delivery any more."""

from collections.abc import Sequence
from uuid import UUID

from retailops.events.models import Delivery
from retailops.lib.ids import parse_uuid
from returns.enums import ExchangeStatus
from returns.models import Exchange
from returns.services.exchange_progress import OPERATION


def why_not_shipped_again(delivery: Delivery) -> str:
    """Say why an exchange must not be sent to be shipped again: a void check of the verdict; "" where it may."""
    return why_many_not_shipped_again([delivery]).get(delivery.id, "")


def why_many_not_shipped_again(deliveries: Sequence[Delivery]) -> dict[UUID, str]:
    """Say the same of many in one query, by the delivery's id; what may be sent is left out."""
    keys = {each.id: parse_uuid(each.effect_key.removeprefix("ship:")) for each in deliveries if _ships(each)}
    exchanges = Exchange.objects.in_bulk([key for key in keys.values() if key]) if keys else {}
    ended = {key: each for key, each in exchanges.items() if each.status != ExchangeStatus.RELEASED}
    return {id: _why(ended[key]) for id, key in keys.items() if key in ended}


def _ships(delivery: Delivery) -> bool:
    return delivery.operation == OPERATION


def _why(exchange: Exchange) -> str:
    return f"Nothing is left to ship: the exchange is {exchange.get_status_display().lower()}."
